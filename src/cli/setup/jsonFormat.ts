import { CliError } from "../exitCode.ts";
import { type ConfigFormat, type ConfigPath, type ConfigValue, lineEnd } from "./configFormat.ts";
import { type Member, members, skip } from "./jsonScan.ts";

/** JSON with comments and trailing commas, as editors and agents write it; objects only are walked through. */
export const jsonFormat: ConfigFormat = {
  read(text, path) {
    const found = find(text, path);
    if (found.length < path.length) {
      return undefined;
    }
    const { start, end } = found.at(-1) as Member;
    const raw = text.slice(start, end);
    const value: unknown = /^["\d-]/.test(raw) ? JSON.parse(raw) : undefined;
    return typeof value === "string" || typeof value === "number" ? value : undefined;
  },
  write(text, path, value) {
    const whole = skip(text, 0) >= text.length ? `${text}{}${lineEnd(text)}` : text;
    const found = find(whole, path);
    const last = found.at(-1);
    if (found.length === path.length && last !== undefined) {
      return whole.slice(0, last.start) + JSON.stringify(value) + whole.slice(last.end);
    }
    return insert(whole, last === undefined ? skip(whole, 0) : last.start, path.slice(found.length), value);
  },
  remove(text, path, kept) {
    const found = find(text, path);
    if (found.length < path.length) {
      return text;
    }
    const without = cut(text, found.length === 1 ? skip(text, 0) : (found.at(-2) as Member).start, path.at(-1) ?? "");
    const parents = path.slice(0, -1);
    const parent = find(without, parents).at(-1);
    const isEmpty = parent !== undefined && /^\{\s*\}$/.test(without.slice(parent.start, parent.end));
    return isEmpty && parents.length > kept ? jsonFormat.remove(without, parents, kept) : without;
  },
  depth: (text, path) => find(text, path).length,
};

/** The members that a path leads through, as far as they are there. */
function find(text: string, path: ConfigPath): Member[] {
  const found: Member[] = [];
  let open = skip(text, 0);
  for (const key of path) {
    if (text[open] !== "{") {
      if (open < text.length) {
        throw new CliError(`${found.map((one) => one.key).join(".") || "The file"} is no JSON object`);
      }
      break;
    }
    const member = members(text, open).list.find((one) => one.key === key);
    if (member === undefined) {
      break;
    }
    found.push(member);
    open = member.start;
  }
  return found;
}

function insert(text: string, open: number, path: ConfigPath, value: ConfigValue): string {
  const end = lineEnd(text);
  const { list, close } = members(text, open);
  const last = list.at(-1);
  const outer = /[^\S\r\n]*/.exec(text.slice(text.lastIndexOf("\n", open - 1) + 1))?.[0] ?? "";
  const unit = /\n([ \t]+)"/.exec(text)?.[1] ?? "  ";
  const leads = last === undefined ? "" : (/\n([ \t]*)$/.exec(text.slice(0, last.keyStart))?.[1] ?? outer + unit);
  const indent = last === undefined ? outer + unit : leads;
  const nested = path.slice(1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  const body = JSON.stringify(nested, null, unit).split("\n").join(`${end}${indent}`);
  const member = `${indent}${JSON.stringify(path[0])}: ${body}`;
  if (last === undefined) {
    return `${text.slice(0, close).trimEnd()}${end}${member}${end}${outer}${text.slice(close)}`;
  }
  // A comment behind the last member stays with it.
  const [, comma = "", comment = ""] =
    /^(\s*,)?([ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/))?/.exec(text.slice(last.end)) ?? [];
  const at = last.end + comma.length + comment.length;
  return `${text.slice(0, last.end)},${comment}${end}${member}${comma === "" ? "" : ","}${text.slice(at)}`;
}

function cut(text: string, open: number, key: string): string {
  const { list } = members(text, open);
  const index = list.findIndex((one) => one.key === key);
  const { keyStart, end } = list[index] as Member;
  const lead = /\r?\n[ \t]*$/.exec(text.slice(0, keyStart))?.[0].length ?? 0;
  const comma = /^\s*,/.exec(text.slice(end))?.[0].length ?? 0;
  const before = text.slice(0, keyStart - lead);
  const previous = list[index - 1];
  if (comma > 0 || previous === undefined) {
    return before + text.slice(end + comma);
  }
  const separator = text.indexOf(",", previous.end);
  return before.slice(0, separator) + before.slice(separator + 1) + text.slice(end);
}
