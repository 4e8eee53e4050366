import type { Reading, RequestFacts } from "../protocol.ts";
import { NOTHING_READ } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { bytesOf, countOf, type JsonObject, jsonText, listOf, objectOf, textOf } from "./jsonValue.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

/** Reasons of an answer for which no model ran: one was only loaded, or let go. */
const NOT_RUN = new Set(["load", "unload"]);

/**
 * Reads the object that ends an answer. Ollama leaves out counts that are 0: that of the prompt where it was cached, which
 * is not 0 for a price; that of the output where nothing was written. `said` is the text that passed, in bytes.
 */
export function ollamaReading(last: JsonObject, said: number, facts: RequestFacts): Reading {
  const reading = { ...NOTHING_READ, model: textOf(last.model) || null };
  if (NOT_RUN.has(textOf(last.done_reason) ?? "")) {
    return { ...reading, basis: "reported" };
  }
  const input = countOf(last.prompt_eval_count) || null;
  const output = countOf(last.eval_count) || (said === 0 ? 0 : null);
  return {
    ...reading,
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

/** Bytes of what the model wrote, thought and called in an answer or in a line of a stream. */
export function ollamaBytes(answer: JsonObject): number {
  const message = objectOf(answer.message);
  const calls = listOf(message.tool_calls).map((call) => objectOf(objectOf(call).function));
  return (
    bytesOf(message.content) +
    bytesOf(message.thinking) +
    bytesOf(answer.response) +
    bytesOf(answer.thinking) +
    calls.reduce(
      (sum, { name, arguments: given }) => sum + bytesOf(name) + bytesOf(jsonText(given ?? null)) + CALL_FRAME_BYTES,
      0,
    )
  );
}

/** The type of the error that an answer or a line carries, null where it carries none. */
export function ollamaErrorOf({ error = null }: JsonObject): string | null {
  return error === null || error === "" ? null : "error";
}
