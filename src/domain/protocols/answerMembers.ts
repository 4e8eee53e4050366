import { memberSpans } from "./jsonEdit.ts";
import type { JsonObject } from "./jsonValue.ts";

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Space, tab, LF, CR. */
const SPACES: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The named members of a JSON object whose others can be large, such as vectors and pictures: those are passed over, which
 * takes far less than parsing them. Null where the bytes are no JSON object or cut off. Never throws.
 */
export function answerMembers(body: Buffer, names: readonly string[]): JsonObject | null {
  let start = 0;
  let end = body.length;
  while (SPACES.has(body[start])) {
    start += 1;
  }
  while (end > start && SPACES.has(body[end - 1])) {
    end -= 1;
  }
  if (body[start] !== OPEN_BRACE || body[end - 1] !== CLOSE_BRACE) {
    return null;
  }
  const found: Record<string, unknown> = {};
  try {
    for (const [name, span] of memberSpans(body)) {
      if (names.includes(name)) {
        found[name] = JSON.parse(body.toString("utf8", span.start, span.end));
      }
    }
  } catch {
    return null;
  }
  return found;
}
