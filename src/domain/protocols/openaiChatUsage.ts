import type { RequestFacts } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { bytesOf, countOf, isObject, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";
import { reportedUsd } from "./openaiParts.ts";
import { estimatedInput } from "./promptSize.ts";

/** A provider's report; a count that it leaves out is null, which is not 0. */
export interface ChatReport {
  readonly usage: Usage;
  readonly inputReported: boolean;
  readonly outputReported: boolean;
  readonly costUsd: number | null;
}

/**
 * Reads an OpenAI-shaped report, which may stand in `usage` or, with Groq, in `x_groq.usage`; llama.cpp's `timings` say the
 * same where it leaves both out. Null where none says anything. `prompt_tokens` includes cached reads, cache writes and audio; `completion_tokens` includes reasoning, except
 * with hosts (xAI, Gemini) that count it beside: there the total tells.
 */
export function chatReportOf(answer: JsonObject, facts: RequestFacts): ChatReport | null {
  const usage = isObject(answer.usage) ? answer.usage : (objectOf(answer.x_groq).usage ?? timedUsage(answer.timings));
  if (!isObject(usage)) {
    return null;
  }
  const prompt = countOf(usage.prompt_tokens);
  const completion = countOf(usage.completion_tokens);
  if (prompt === null && completion === null) {
    return null;
  }
  const input = objectOf(usage.prompt_tokens_details);
  const output = objectOf(usage.completion_tokens_details);
  const reasoning = countOf(output.reasoning_tokens) ?? countOf(usage.reasoning_tokens) ?? 0;
  const beside =
    prompt !== null && completion !== null && countOf(usage.total_tokens) === prompt + completion + reasoning;
  return {
    usage: {
      ...NO_USAGE,
      inputTokens: prompt ?? estimatedInput(facts),
      cachedInputTokens:
        countOf(input.cached_tokens) ?? countOf(usage.prompt_cache_hit_tokens) ?? countOf(usage.cached_tokens) ?? 0,
      cacheWrite5mTokens: countOf(input.cache_write_tokens) ?? 0,
      outputTokens: (completion ?? 0) + (beside ? reasoning : 0),
      reasoningTokens: reasoning,
      audioInputTokens: countOf(input.audio_tokens) ?? 0,
      audioOutputTokens: countOf(output.audio_tokens) ?? 0,
      webSearches: searchesOf(usage, facts),
    },
    inputReported: prompt !== null,
    outputReported: completion !== null,
    costUsd: reportedUsd(usage),
  };
}

/** llama.cpp counts what it read anew (`prompt_n`), what it had read before (`cache_n`), and what it wrote. */
function timedUsage(timings: unknown): JsonObject | null {
  const { prompt_n: read, cache_n: cached, predicted_n: written } = objectOf(timings);
  const known = countOf(cached) ?? 0;
  const tokens = countOf(read);
  return tokens === null
    ? null
    : { prompt_tokens: tokens + known, prompt_tokens_details: { cached_tokens: known }, completion_tokens: written };
}

/** Hosts that search may count; where they do not, each search that was asked for is taken as made. */
function searchesOf(usage: JsonObject, facts: RequestFacts): number {
  return (
    countOf(usage.num_sources_used) ??
    countOf(objectOf(usage.server_tool_use).web_search_requests) ??
    facts.webSearchBound
  );
}

/** Tokens that a tool call takes beside its name and arguments, as bytes. */
const CALL_FRAME_BYTES = 12;

/**
 * Bytes of text in the choices of an answer or a stream's chunk: what the model wrote, thought, called and refused, and
 * nothing that merely pads the stream. Hosts that send the same thought under two names are counted once.
 */
export function answerBytes(answer: JsonObject): number {
  let bytes = 0;
  for (const choice of listOf(answer.choices)) {
    const { delta, message, text } = objectOf(choice);
    const said = objectOf(delta ?? message);
    bytes += bytesOf(text) + contentBytes(said.content) + bytesOf(said.refusal);
    bytes += Math.max(bytesOf(said.reasoning_content), bytesOf(said.reasoning));
    bytes += bytesOf(objectOf(said.audio).transcript);
    for (const call of listOf(said.tool_calls)) {
      bytes += functionBytes(objectOf(call).function) + bytesOf(objectOf(objectOf(call).custom).input);
    }
    bytes += functionBytes(said.function_call);
  }
  return bytes;
}

/** A text, or a list of parts; Mistral's thoughts are parts that hold parts. */
function contentBytes(content: unknown): number {
  let bytes = bytesOf(content);
  for (const part of listOf(content)) {
    const { text, thinking } = objectOf(part);
    bytes += bytesOf(text) + bytesOf(thinking);
    for (const thought of listOf(thinking)) {
      bytes += bytesOf(objectOf(thought).text);
    }
  }
  return bytes;
}

function functionBytes(called: unknown): number {
  const { name, arguments: given } = objectOf(called);
  const nameBytes = bytesOf(name);
  return nameBytes + bytesOf(given) + (nameBytes > 0 ? CALL_FRAME_BYTES : 0);
}

/** The type of the error that an answer or an event carries, null where it carries none. */
export function chatErrorOf(answer: JsonObject): string | null {
  const { error } = answer;
  if (typeof error === "string") {
    return error === "" ? null : "error";
  }
  if (!isObject(error)) {
    return null;
  }
  const code = typeof error.code === "number" ? String(error.code) : textOf(error.code);
  return textOf(error.type) ?? code ?? "error";
}
