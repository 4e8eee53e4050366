import { CliError } from "../exitCode.ts";
import { type ConfigFormat, type ConfigPath, lineEnd } from "./configFormat.ts";
import { appendLine, cutLine, scalarOf, scalarText } from "./lineFormat.ts";

interface Entry {
  readonly key: string;
  readonly start: number;
  readonly raw: string;
  /** Where the line ends, without its line break. */
  readonly end: number;
  /** The column of the key. */
  readonly column: number;
}

/** YAML in block style: keys of the top level, and keys of the entries of a list (`models`, `0`, `apiBase`). */
export const yamlFormat: ConfigFormat = {
  read(text, path) {
    const found = entryOf(text, path);
    return found === undefined ? undefined : scalarOf(found.raw);
  },
  write(text, path, value) {
    const found = entryOf(text, path);
    if (found !== undefined) {
      if (found.raw === "" || /^[[{|>&*]/.test(found.raw)) {
        throw new CliError(`${path.join(".")} holds more than one value: change it by hand to ${value}`);
      }
      return text.slice(0, found.start) + scalarText(value) + text.slice(found.start + found.raw.length);
    }
    const line = `${path.at(-1)}: ${scalarText(value)}`;
    if (path.length === 1) {
      return appendLine(text, line);
    }
    const first = listEntries(text, path[0] ?? "")[Number(path[1])]?.[0];
    if (first === undefined) {
      throw new CliError(`${path.slice(0, 2).join(".")} is not there`);
    }
    return `${text.slice(0, first.end)}${lineEnd(text)}${" ".repeat(first.column)}${line}${text.slice(first.end)}`;
  },
  remove(text, path) {
    const found = entryOf(text, path);
    return found === undefined ? text : cutLine(text, found.start);
  },
  depth: (text, path) => (entryOf(text, path) === undefined ? path.length - 1 : path.length),
};

/** The entries of a list of the top level, each as its keys. @throws CliError where it is not in block style */
export function listEntries(text: string, list: string): Entry[][] {
  const entries: Entry[][] = [];
  let inList = false;
  let dash: number | null = null;
  for (const { start, line } of linesOf(text)) {
    if (/^\s*(#.*)?$/.test(line)) {
      continue;
    }
    if (/^[^\s#-]/.test(line)) {
      inList = line.startsWith(`${list}:`);
      if (inList && /:\s*[[{]/.test(line)) {
        throw new CliError(`${list} is written in brackets in this file: write one entry a line first`);
      }
      continue;
    }
    const item = /^(\s*)-\s+/.exec(line);
    const isItem = inList && item !== null && (dash === null || dash === item[1]?.length);
    if (isItem) {
      dash = item[1]?.length ?? 0;
      entries.push([]);
    }
    const column = isItem ? item[0].length : /^\s*/.exec(line)?.[0].length;
    const current = inList ? entries.at(-1) : undefined;
    const entry = keyIn(line, start, column ?? 0);
    if (entry !== undefined && current !== undefined && (current.length === 0 || current[0]?.column === column)) {
      current.push(entry);
    }
  }
  return entries;
}

function entryOf(text: string, path: ConfigPath): Entry | undefined {
  const key = path.at(-1);
  const among =
    path.length === 1
      ? linesOf(text).flatMap(({ start, line }) => keyIn(line, start, 0) ?? [])
      : (listEntries(text, path[0] ?? "")[Number(path[1])] ?? []);
  return among.find((entry) => entry.key === key);
}

function keyIn(line: string, start: number, column: number): Entry | undefined {
  const match = /^(["']?)([\w.-]+)\1:(\s*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#].*?(?=\s+#|\s*$)|)/.exec(
    line.slice(column),
  );
  if (match === null) {
    return undefined;
  }
  const [, quote = "", key = "", space = "", raw = ""] = match;
  const at = start + column + key.length + 2 * quote.length + 1 + space.length;
  return { key, start: at, raw, end: start + line.length, column };
}

function linesOf(text: string): Array<{ readonly start: number; readonly line: string }> {
  let start = 0;
  return text.split("\n").map((raw) => {
    const found = { start, line: raw.replace(/\r$/, "") };
    start += raw.length + 1;
    return found;
  });
}
