import type { ConfigFormat, ConfigValue } from "./configFormat.ts";
import { lineEnd } from "./configFormat.ts";

/** Lines of `KEY=value`, as .env files have them. */
export const dotenvFormat: ConfigFormat = {
  read(text, [key = ""]) {
    const found = lineOf(text, key);
    return found?.value.replace(/^(["'])(.*)\1$/, "$2");
  },
  write(text, [key = ""], value) {
    const found = lineOf(text, key);
    return found === undefined
      ? appendLine(text, `${key}=${value}`)
      : text.slice(0, found.start) + value + text.slice(found.start + found.value.length);
  },
  remove: (text, [key = ""]) => {
    const found = lineOf(text, key);
    return found === undefined ? text : cutLine(text, found.start);
  },
  depth: (text, [key = ""]) => (lineOf(text, key) === undefined ? 0 : 1),
};

/** The text with a line more at its end. */
export function appendLine(text: string, line: string): string {
  const end = lineEnd(text);
  return `${text}${text === "" || text.endsWith("\n") ? "" : end}${line}${end}`;
}

/** The text without the line that an index stands in. */
export function cutLine(text: string, at: number): string {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const next = text.indexOf("\n", at);
  return text.slice(0, start) + (next < 0 ? "" : text.slice(next + 1));
}

/** A scalar as JSON, TOML and YAML alike write it and read it. */
export function scalarText(value: ConfigValue): string {
  return JSON.stringify(value);
}

/** What a scalar of TOML or YAML says, without quotes; numbers are numbers. */
export function scalarOf(raw: string): ConfigValue | undefined {
  if (/^".*"$/s.test(raw)) {
    try {
      return JSON.parse(raw) as string;
    } catch {
      return raw.slice(1, -1);
    }
  }
  if (/^'.*'$/s.test(raw)) {
    return raw.slice(1, -1).replaceAll("''", "'");
  }
  return /^-?\d+$/.test(raw) ? Number(raw) : raw === "" ? undefined : raw;
}

function lineOf(text: string, key: string): { readonly start: number; readonly value: string } | undefined {
  const match = new RegExp(`^([ \\t]*(?:export[ \\t]+)?${key}[ \\t]*=[ \\t]*)([^\\r\\n]*)`, "m").exec(text);
  return match === null ? undefined : { start: match.index + (match[1]?.length ?? 0), value: match[2] ?? "" };
}
