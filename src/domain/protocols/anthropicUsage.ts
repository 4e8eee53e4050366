import type { RequestFacts } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { tierName } from "./anthropicRequest.ts";
import { bytesOf, countOf, isObject, type JsonObject, jsonText, listOf, objectOf, textOf } from "./jsonValue.ts";
import { estimatedInput } from "./promptSize.ts";

/** Anthropic's counts as they stand on the wire: three disjoint parts of input, the writes split by their life. */
export interface AnthropicCounts {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly thinking: number;
  readonly webSearches: number;
  readonly serviceTier: string | null;
}

/**
 * Takes in a report. Later ones are cumulative and may leave out what an earlier one said (the split of the writes stands
 * only in `message_start`; compatible hosts say the input only at the end), so of each count the greater holds. Null
 * where `usage` is no report.
 */
export function mergedCounts(before: AnthropicCounts | null, usage: unknown): AnthropicCounts | null {
  if (!isObject(usage) || (countOf(usage.input_tokens) === null && countOf(usage.output_tokens) === null)) {
    return before;
  }
  const split = objectOf(usage.cache_creation);
  const extra = billedApart(usage);
  const most = (name: keyof Omit<AnthropicCounts, "serviceTier">, value: unknown, more = 0) =>
    Math.max(before?.[name] ?? 0, (countOf(value) ?? 0) + more);
  return {
    input: most("input", usage.input_tokens, extra.input),
    cacheRead: most("cacheRead", usage.cache_read_input_tokens, extra.cacheRead),
    cacheWrite: most("cacheWrite", usage.cache_creation_input_tokens, extra.cacheWrite),
    cacheWrite5m: most("cacheWrite5m", split.ephemeral_5m_input_tokens),
    cacheWrite1h: most("cacheWrite1h", split.ephemeral_1h_input_tokens),
    output: most("output", usage.output_tokens, extra.output),
    thinking: most("thinking", objectOf(usage.output_tokens_details).thinking_tokens),
    webSearches: most("webSearches", objectOf(usage.server_tool_use).web_search_requests),
    serviceTier: tierName(usage.service_tier, usage.speed, usage.inference_geo) ?? before?.serviceTier ?? null,
  };
}

/**
 * Tokens of rounds that the totals leave out: compaction, and advice of another model. They are billed as well, and are
 * added to the call's own counts.
 */
function billedApart(usage: JsonObject): Record<"input" | "cacheRead" | "cacheWrite" | "output", number> {
  const sum = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 };
  for (const value of listOf(usage.iterations)) {
    const round = objectOf(value);
    if (round.type !== "message") {
      sum.input += countOf(round.input_tokens) ?? 0;
      sum.cacheRead += countOf(round.cache_read_input_tokens) ?? 0;
      sum.cacheWrite += countOf(round.cache_creation_input_tokens) ?? 0;
      sum.output += countOf(round.output_tokens) ?? 0;
    }
  }
  return sum;
}

/** The classes of one call; writes beyond the split are of the shorter life. */
export function usageOfCounts(counts: AnthropicCounts): Usage {
  const { cacheWrite1h } = counts;
  const cacheWrite5m = Math.max(counts.cacheWrite5m, counts.cacheWrite - cacheWrite1h);
  return {
    inputTokens: counts.input + counts.cacheRead + cacheWrite5m + cacheWrite1h,
    cachedInputTokens: counts.cacheRead,
    cacheWrite5mTokens: cacheWrite5m,
    cacheWrite1hTokens: cacheWrite1h,
    outputTokens: counts.output,
    reasoningTokens: Math.min(counts.thinking, counts.output),
    audioInputTokens: 0,
    audioOutputTokens: 0,
    webSearches: counts.webSearches,
  };
}

/** Whether both sides were reported: no prompt has 0 tokens, so a host that says so has left the count out. */
export function isWhole({ input, cacheRead, cacheWrite, cacheWrite1h, cacheWrite5m }: AnthropicCounts): boolean {
  return input + cacheRead + cacheWrite + cacheWrite1h + cacheWrite5m > 0;
}

/** What was reported, filled up where something is missing: the input from the prompt, the output if it is greater. */
export function estimatedUsage(counts: AnthropicCounts | null, facts: RequestFacts, outputTokens: number): Usage {
  const usage = counts === null ? NO_USAGE : usageOfCounts(counts);
  return {
    ...usage,
    inputTokens: usage.inputTokens === 0 ? estimatedInput(facts) : usage.inputTokens,
    outputTokens: Math.max(usage.outputTokens, outputTokens),
  };
}

/** Bytes of what the model wrote in a content block, whole or as it begins in a stream. Results of tools are not its own. */
export function blockBytes(value: unknown): number {
  const block = objectOf(value);
  switch (block.type) {
    case "text":
      return bytesOf(block.text);
    case "thinking":
      return bytesOf(block.thinking) || hiddenBytes(block.signature);
    case "redacted_thinking":
      return hiddenBytes(block.data);
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return bytesOf(block.name) + CALL_FRAME_BYTES + givenBytes(block.input);
    default:
      return 0;
  }
}

/** The bytes of a `content_block_delta`. */
export function deltaBytes(value: unknown): number {
  const delta = objectOf(value);
  return bytesOf(delta.text) + bytesOf(delta.thinking) + bytesOf(delta.partial_json);
}

/** Thoughts that come only encrypted, as base64, are taken for as long as that. */
export function hiddenBytes(base64: unknown): number {
  return Math.ceil((bytesOf(base64) * 3) / 4);
}

/** Tokens that a tool call takes beside its name and arguments, as bytes. */
const CALL_FRAME_BYTES = 12;

function givenBytes(input: unknown): number {
  return isObject(input) && Object.keys(input).length > 0 ? bytesOf(jsonText(input)) : 0;
}

/** The type of the error that an answer or an event carries, null where it carries none. */
export function anthropicErrorOf(answer: JsonObject): string | null {
  return answer.type === "error" || isObject(answer.error) ? (textOf(objectOf(answer.error).type) ?? "error") : null;
}
