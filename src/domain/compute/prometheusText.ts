/** One sample: `name{label="value"} 1.5`. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"[ \t]*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", '"': '"', "\\": "\\" };

/**
 * The samples of Prometheus text (exposition format 0.0.4, and OpenMetrics as far as it is the same). Lines that are none
 * are left out: a server's metrics are worth reading where one of them is odd.
 */
export function readPrometheusText(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const sample = readSample(line.trim());
    return sample === null ? [] : [sample];
  });
}

function readSample(line: string): Sample | null {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) {
    return null;
  }
  let at = NAME.lastIndex;
  const labels: Record<string, string> = {};
  if (line[at] === "{") {
    at += 1;
    while (line[at] !== "}") {
      LABEL.lastIndex = at;
      const match = LABEL.exec(line);
      if (match === null) {
        return null;
      }
      labels[match[1] as string] = (match[2] as string).replace(
        /\\(.)/g,
        (all, escaped: string) => ESCAPES[escaped] ?? all,
      );
      at = LABEL.lastIndex;
      if (line[at] === ",") {
        at += 1;
      } else if (line[at] !== "}") {
        return null;
      }
    }
    at += 1;
  }
  // A time may follow the value.
  const value = numberOf(
    line
      .slice(at)
      .trim()
      .split(/[ \t]+/)[0] ?? "",
  );
  return value === null ? null : { name, labels, value };
}

function numberOf(text: string): number | null {
  switch (text.toLowerCase()) {
    case "+inf":
    case "inf":
      return Number.POSITIVE_INFINITY;
    case "-inf":
      return Number.NEGATIVE_INFINITY;
    case "nan":
      return Number.NaN;
  }
  const value = Number(text);
  return text === "" || Number.isNaN(value) ? null : value;
}
