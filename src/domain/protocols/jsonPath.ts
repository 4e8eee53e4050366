import { memberSpans, withMembers } from "./jsonEdit.ts";

const OPEN_BRACE = 0x7b;

/**
 * Puts a value, as JSON text, at a path of members into a JSON object and leaves every other byte as it is. What the path
 * lacks is put in; a member that stands there twice gets the value in both. The bytes must be a valid JSON object, and the
 * path not be empty.
 */
export function withMemberAt(body: Buffer, path: readonly [string, ...string[]], text: string): Buffer {
  const [name, ...rest] = path;
  const spans = [...memberSpans(body)].filter(([member]) => member === name).map(([, span]) => span);
  if (!isPath(rest) || spans.length === 0) {
    return withMembers(body, new Set(spans.length === 0 ? [] : [name]), { [name]: nested(rest, text) });
  }
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    const inner = body.subarray(start, end);
    const changed = inner[0] === OPEN_BRACE ? withMemberAt(inner, rest, text) : Buffer.from(nested(rest, text));
    parts.push(body.subarray(at, start), changed);
    at = end;
  }
  parts.push(body.subarray(at));
  return Buffer.concat(parts);
}

function isPath(names: readonly string[]): names is readonly [string, ...string[]] {
  return names.length > 0;
}

function nested(path: readonly string[], text: string): string {
  return path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, text);
}
