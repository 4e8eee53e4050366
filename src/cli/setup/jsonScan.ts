import { CliError } from "../exitCode.ts";

/** A member of an object, by where it stands in the text. */
export interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
}
interface Members {
  readonly list: readonly Member[];
  /** Where the closing brace stands. */
  readonly close: number;
}

/** The members of the object that opens at an index. @throws CliError where the text is no JSON */
export function members(text: string, open: number): Members {
  const list: Member[] = [];
  let at = skip(text, open + 1);
  while (text[at] !== "}") {
    const keyEnd = valueEnd(text, at);
    const colon = skip(text, keyEnd);
    if (text[at] !== '"' || text[colon] !== ":") {
      throw new CliError("The file is no valid JSON: correct it first");
    }
    const start = skip(text, colon + 1);
    const end = valueEnd(text, start);
    list.push({ key: JSON.parse(text.slice(at, keyEnd)), keyStart: at, start, end });
    at = skip(text, end);
    if (text[at] === ",") {
      at = skip(text, at + 1);
    } else if (text[at] !== "}") {
      throw new CliError("The file is no valid JSON: correct it first");
    }
  }
  return { list, close: at };
}

const BLANK = /(?:\s|\ufeff|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const TOKEN = /"(?:[^"\\\n]|\\.)*"|[[\]{}]|[^\s"[\]{},:/]+/y;

/** Where the next thing stands that is neither blank nor a comment. */
export function skip(text: string, from: number): number {
  BLANK.lastIndex = from;
  return from + (BLANK.exec(text)?.[0].length ?? 0);
}

function valueEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) {
      throw new CliError("The file is no valid JSON: correct it first");
    }
    depth += token === "{" || token === "[" ? 1 : token === "}" || token === "]" ? -1 : 0;
    at += token.length;
    while (depth > 0) {
      at = skip(text, at);
      if (text[at] !== "," && text[at] !== ":") {
        break;
      }
      at += 1;
    }
  } while (depth > 0);
  return at;
}
