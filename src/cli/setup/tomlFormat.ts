import { CliError } from "../exitCode.ts";
import { type ConfigFormat, type ConfigPath, lineEnd } from "./configFormat.ts";
import { appendLine, cutLine, scalarOf, scalarText } from "./lineFormat.ts";

interface Line {
  readonly start: number;
  readonly text: string;
  /** The table whose header stands above, "" before the first. */
  readonly table: string;
  readonly isHeader: boolean;
}

/** TOML: keys of the top level and of tables with a header of their own. */
export const tomlFormat: ConfigFormat = {
  read(text, path) {
    const found = entryOf(text, path);
    return found === undefined ? undefined : scalarOf(found.raw);
  },
  write(text, path, value) {
    const found = entryOf(text, path);
    if (found !== undefined) {
      return text.slice(0, found.start) + scalarText(value) + text.slice(found.start + found.raw.length);
    }
    const key = path.at(-1) ?? "";
    const table = path.slice(0, -1).join(".");
    const line = `${key} = ${scalarText(value)}`;
    if (table === "") {
      // Before every header, and so in no table.
      return `${line}${lineEnd(text)}${text}`;
    }
    const [outer = ""] = path;
    const clash = linesOf(text).some((one) => one.table === "" && new RegExp(`^\\s*${outer}\\s*[.=]`).test(one.text));
    if (clash) {
      throw new CliError(`${outer} is written without a [${outer}.…] header in this file: make it a table first`);
    }
    const inTable = linesOf(text).filter((one) => one.table === table && one.text.trim() !== "");
    const last = inTable.at(-1);
    if (last === undefined) {
      return appendLine(appendLine(text === "" ? "" : appendLine(text, ""), `[${table}]`), line);
    }
    const end = last.start + last.text.length;
    return `${text.slice(0, end)}${lineEnd(text)}${line}${text.slice(end)}`;
  },
  remove(text, path, kept) {
    const found = entryOf(text, path);
    if (found === undefined) {
      return text;
    }
    const without = cutLine(text, found.start);
    const table = path.slice(0, -1).join(".");
    const left = linesOf(without).filter((one) => one.table === table && one.text.trim() !== "");
    const [header] = left;
    return header?.isHeader === true && left.length === 1 && kept < path.length - 1
      ? cutLine(without, header.start).replace(/(\r?\n)(\r?\n)$/, "$1")
      : without;
  },
  depth(text, path) {
    if (entryOf(text, path) !== undefined) {
      return path.length;
    }
    const table = path.slice(0, -1).join(".");
    return linesOf(text).some((one) => one.isHeader && one.table === table) ? path.length - 1 : 0;
  },
};

function entryOf(text: string, path: ConfigPath): { readonly start: number; readonly raw: string } | undefined {
  const table = path.slice(0, -1).join(".");
  const key = new RegExp(`^(\\s*["']?${path.at(-1)}["']?\\s*=\\s*)("(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^#\\s]+)`);
  for (const line of linesOf(text)) {
    const match = line.table === table && !line.isHeader ? key.exec(line.text) : null;
    if (match !== null) {
      return { start: line.start + (match[1]?.length ?? 0), raw: match[2] ?? "" };
    }
  }
  return undefined;
}

const HEADER = /^\s*\[{1,2}\s*([^[\]]+?)\s*\]{1,2}\s*(?:#.*)?$/;

/** Lines that begin outside of strings and lists that go over several lines. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let table = "";
  let start = 0;
  let open = "";
  let depth = 0;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "");
    if (open === "" && depth === 0) {
      const header = HEADER.exec(line)?.[1]?.replace(/["'\s]/g, "");
      table = header ?? table;
      lines.push({ start, text: line, table, isHeader: header !== undefined });
    }
    for (const [token] of line.matchAll(/"""|'''|"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[[\]]/g)) {
      if (open !== "") {
        open = token === open ? "" : open;
      } else if (token === '"""' || token === "'''") {
        open = token;
      } else if (token === "[" || token === "]") {
        depth = Math.max(0, depth + (token === "[" ? 1 : -1));
      }
    }
    start += raw.length + 1;
  }
  return lines;
}
