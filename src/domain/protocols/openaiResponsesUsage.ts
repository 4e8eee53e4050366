import type { NanoUsd } from "../money.ts";
import {
  FILE_SEARCH_NANO_USD,
  IMAGE_NANO_USD,
  IMAGE_TOKEN_NANO_USD,
  previewSearchNanoUsd,
} from "../prices/toolFees.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { bytesOf, countOf, isObject, type JsonObject, jsonText, listOf, objectOf, textOf } from "./jsonValue.ts";
import { reportedUsd } from "./openaiParts.ts";
import { containerFeeOf } from "./openaiResponsesTools.ts";

/** A provider's report; a count that it leaves out is null in the wire, which is not 0. */
export interface ResponsesReport {
  readonly usage: Usage;
  readonly inputReported: boolean;
  readonly outputReported: boolean;
  readonly costUsd: number | null;
}

/**
 * Reads the `usage` of a response, null where it has none. `input_tokens` includes cached reads and cache writes,
 * `output_tokens` reasoning. No prompt has 0 tokens: a host that says so has left the count out. Some hosts use the names of
 * Chat Completions.
 */
export function responsesReportOf(response: JsonObject): ResponsesReport | null {
  const { usage } = response;
  if (!isObject(usage)) {
    return null;
  }
  const input = countOf(usage.input_tokens) ?? countOf(usage.prompt_tokens);
  const output = countOf(usage.output_tokens) ?? countOf(usage.completion_tokens);
  if (input === null && output === null) {
    return null;
  }
  const read = objectOf(usage.input_tokens_details ?? usage.prompt_tokens_details);
  const written = objectOf(usage.output_tokens_details ?? usage.completion_tokens_details);
  const writes = countOf(read.cache_write_tokens) ?? 0;
  const longWrites = countOf(objectOf(read.cache_write_tokens_details).ttl_12h_tokens) ?? 0;
  return {
    usage: {
      ...NO_USAGE,
      inputTokens: input ?? 0,
      cachedInputTokens: countOf(read.cached_tokens) ?? 0,
      cacheWrite5mTokens: Math.max(0, writes - longWrites),
      cacheWrite1hTokens: longWrites,
      outputTokens: output ?? 0,
      reasoningTokens: countOf(written.reasoning_tokens) ?? 0,
      audioInputTokens: countOf(read.audio_tokens) ?? 0,
      audioOutputTokens: countOf(written.audio_tokens) ?? 0,
      webSearches: webSearchesOf(response, usage),
    },
    inputReported: input !== null && input > 0,
    outputReported: output !== null,
    costUsd: reportedUsd(usage),
  };
}

/** Hosts may count the searches that they bill; where they do not, each that was made is one. */
function webSearchesOf(response: JsonObject, usage: JsonObject): number {
  return (
    countOf(objectOf(objectOf(response.tool_usage).web_search).num_requests) ??
    countOf(objectOf(usage.server_tool_use).web_search_requests) ??
    billedSearches(listOf(response.output))
  );
}

/** Searches among output items, each once by its id. Opening a page and looking through it cost nothing but their tokens. */
export function billedSearches(items: readonly unknown[]): number {
  const billed = new Map<unknown, boolean>();
  for (const [index, value] of items.entries()) {
    const { type, id, action } = objectOf(value);
    if (type === "web_search_call") {
      billed.set(id ?? index, !isObject(action) || (action.type ?? "search") === "search");
    }
  }
  return [...billed.values()].filter((isBilled) => isBilled).length;
}

/** Keeps the product a safe integer. */
const MOST_IMAGE_TOKENS = 1_000_000_000;

/** What the tools that the provider ran cost beside tokens and web searches. `items` are the response's output. */
export function toolFeesOf(response: JsonObject, items: readonly unknown[]): NanoUsd {
  const { image_gen: images } = objectOf(response.tool_usage);
  const made = (type: string) => items.filter((item) => objectOf(item).type === type).length;
  const imageTokens = countOf(objectOf(images).total_tokens);
  return (
    made("file_search_call") * FILE_SEARCH_NANO_USD +
    (imageTokens === null
      ? made("image_generation_call") * IMAGE_NANO_USD
      : Math.min(imageTokens, MOST_IMAGE_TOKENS) * IMAGE_TOKEN_NANO_USD) +
    previewSearchFees(response, items) +
    listOf(response.tools).reduce<number>((sum, tool) => sum + containerFeeOf(objectOf(tool)), 0)
  );
}

/** Searches by the preview of the tool cost more with some models. */
function previewSearchFees(response: JsonObject, items: readonly unknown[]): NanoUsd {
  const model = textOf(response.model) ?? "";
  const each = listOf(response.tools).map((tool) => previewSearchNanoUsd(textOf(objectOf(tool).type) ?? "", model));
  const { num_requests: counted } = objectOf(objectOf(response.tool_usage).web_search);
  const searches = Math.min(countOf(counted) ?? billedSearches(items), MOST_SEARCHES);
  return searches * Math.max(0, ...each);
}

/** Keeps the product a safe integer. */
const MOST_SEARCHES = 1_000_000;

/** Tokens that a tool call takes beside its name and arguments, as bytes. */
const CALL_FRAME_BYTES = 12;
/** What sealing adds to thoughts of any length; nine tokens were seen to become 714 bytes. */
const SEAL_BYTES = 600;
/** Where a call of a tool holds what the model wrote. */
const WRITTEN = ["arguments", "input", "code", "action", "actions", "operation"] as const;

/** Bytes of what the model wrote in an output item. Results of tools are not its own. */
export function itemBytes(item: JsonObject): number {
  const type = textOf(item.type) ?? "";
  if (type === "message") {
    return listOf(item.content).reduce<number>((sum, part) => sum + partBytes(objectOf(part)), 0);
  }
  if (type === "reasoning") {
    const shown = [...listOf(item.summary), ...listOf(item.content)];
    const bytes = shown.reduce<number>((sum, part) => sum + partBytes(objectOf(part)), 0);
    return Math.max(bytes, sealedBytes(item.encrypted_content));
  }
  if (type === "compaction") {
    return sealedBytes(item.encrypted_content);
  }
  if (!type.endsWith("_call") && type !== "program") {
    return 0;
  }
  return WRITTEN.reduce((sum, name) => sum + writtenBytes(item[name]), bytesOf(item.name) + CALL_FRAME_BYTES);
}

/** A text, a refusal, or what was said aloud. */
function partBytes(part: JsonObject): number {
  return bytesOf(part.text) + bytesOf(part.refusal) + bytesOf(part.transcript);
}

function writtenBytes(value: unknown): number {
  if (!isObject(value)) {
    return Array.isArray(value) ? bytesOf(jsonText(value)) : bytesOf(value);
  }
  // Sources are what a search found.
  const { sources: _, ...written } = value;
  return bytesOf(jsonText(written));
}

/** Thoughts that come only encrypted, as base64, are taken for as long as that: it errs upward. */
function sealedBytes(base64: unknown): number {
  return Math.max(0, Math.ceil((bytesOf(base64) * 3) / 4) - SEAL_BYTES);
}

/** The type of the error that a response or an error answer carries, null where it carries none. */
export function responsesErrorOf(answer: JsonObject): string | null {
  const { error } = answer;
  if (isObject(error)) {
    const code = typeof error.code === "number" ? String(error.code) : textOf(error.code);
    return textOf(error.type) || code || "error";
  }
  if (typeof error === "string" && error !== "") {
    return "error";
  }
  return answer.status === "failed" || answer.status === "cancelled" ? answer.status : null;
}
