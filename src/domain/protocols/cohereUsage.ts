import type { Reading, RequestFacts } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { bytesOf, countOf, isObject, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

type Counted = Pick<Reading, "usage" | "basis">;

/**
 * The tokens of a chat. Cohere bills `billed_units`, which leave out what its template puts around the prompt; `tokens` are
 * what the model saw, and hold only where the others are missing. There is no rate of its own for cached input. `said` is
 * the text that passed, in bytes.
 */
export function cohereUsageOf(report: unknown, said: number, facts: RequestFacts): Counted {
  const { billed_units: billed, tokens } = objectOf(report);
  const count = (name: string) => countOf(objectOf(billed)[name]) ?? countOf(objectOf(tokens)[name]);
  const input = count("input_tokens");
  const output = count("output_tokens");
  return {
    usage: {
      ...NO_USAGE,
      inputTokens: input ?? estimatedInput(facts),
      outputTokens: output ?? estimatedTokens(said),
    },
    basis: input === null || output === null ? "estimated" : "reported",
  };
}

/** Tokens that a tool call takes beside its name and arguments, as bytes. */
const CALL_FRAME_BYTES = 12;

/**
 * Bytes of what the model wrote, thought, planned and called in a message, whole or as a stream adds to it: there a part
 * and a call come alone, in an answer as lists.
 */
export function cohereBytes(value: unknown): number {
  const message = objectOf(value);
  let bytes = bytesOf(message.tool_plan) + bytesOf(message.content);
  for (const part of oneOrMore(message.content)) {
    bytes += bytesOf(part.text) + bytesOf(part.thinking);
  }
  for (const call of oneOrMore(message.tool_calls)) {
    const { name, arguments: given } = objectOf(call.function);
    bytes += bytesOf(name) + bytesOf(given) + (bytesOf(name) > 0 ? CALL_FRAME_BYTES : 0);
  }
  return bytes;
}

function oneOrMore(value: unknown): JsonObject[] {
  return isObject(value) ? [value] : listOf(value).map(objectOf);
}

/** The type of the error that ends an answer: one of its own words, or `error`; null where it ended well. */
export function cohereErrorOf(end: JsonObject): string | null {
  const reason = textOf(end.finish_reason)?.toLowerCase() ?? null;
  return reason?.startsWith("error") || reason === "timeout" ? reason : bytesOf(end.error) > 0 ? "error" : null;
}
