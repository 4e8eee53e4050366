import type { Reading, RequestFacts } from "../protocol.ts";
import { addUsage, NO_USAGE, type Usage } from "../usage.ts";
import { type BesideTotals, besideTotals, NOTHING_BESIDE } from "./anthropicIterations.ts";
import { tierName } from "./anthropicRequest.ts";
import { bytesOf, countOf, isObject, type JsonObject, jsonText, objectOf, textOf } from "./jsonValue.ts";
import { reportedUsd } from "./openaiParts.ts";
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
  /** The host's own figure, in USD; null where it sends none. */
  readonly costUsd: number | null;
  /** What further rounds took that the counts above leave out. */
  readonly beside: BesideTotals;
}

/**
 * Takes in a report. Later ones are cumulative and replace what came before; what they leave out stands as it was said (the
 * split of the writes stands only in `message_start`). No prompt has 0 tokens: a report that says so has left its input out.
 * Null where `usage` is no report.
 */
export function mergedCounts(before: AnthropicCounts | null, usage: unknown): AnthropicCounts | null {
  if (!isObject(usage) || (countOf(usage.input_tokens) === null && countOf(usage.output_tokens) === null)) {
    return before;
  }
  const split = objectOf(usage.cache_creation);
  const latest = (name: Exclude<keyof AnthropicCounts, "serviceTier" | "beside" | "costUsd">, value: unknown) =>
    countOf(value) ?? before?.[name] ?? 0;
  const [input, cacheRead] = [countOf(usage.input_tokens), countOf(usage.cache_read_input_tokens)];
  const cacheWrite = countOf(usage.cache_creation_input_tokens);
  const saysInput = (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0) > 0;
  return {
    input: latest("input", saysInput ? input : null),
    cacheRead: latest("cacheRead", saysInput ? cacheRead : null),
    cacheWrite: latest("cacheWrite", saysInput ? cacheWrite : null),
    cacheWrite5m: latest("cacheWrite5m", split.ephemeral_5m_input_tokens),
    cacheWrite1h: latest("cacheWrite1h", split.ephemeral_1h_input_tokens),
    output: latest("output", usage.output_tokens),
    thinking: latest("thinking", objectOf(usage.output_tokens_details).thinking_tokens),
    webSearches: latest("webSearches", objectOf(usage.server_tool_use).web_search_requests),
    serviceTier: tierName(usage.service_tier, usage.speed, usage.inference_geo) ?? before?.serviceTier ?? null,
    costUsd: reportedUsd(usage) ?? before?.costUsd ?? null,
    beside: Array.isArray(usage.iterations) ? besideTotals(usage.iterations) : (before?.beside ?? NOTHING_BESIDE),
  };
}

/** The classes of one call without what stands beside its totals; writes beyond the split are of the shorter life. */
function ownUsage(counts: AnthropicCounts): Usage {
  const split = counts.cacheWrite5m + counts.cacheWrite1h;
  const cacheWrite = counts.cacheWrite > 0 ? counts.cacheWrite : split;
  const cacheWrite1h = Math.min(counts.cacheWrite1h, cacheWrite);
  return {
    ...NO_USAGE,
    inputTokens: counts.input + counts.cacheRead + cacheWrite,
    cachedInputTokens: counts.cacheRead,
    cacheWrite5mTokens: cacheWrite - cacheWrite1h,
    cacheWrite1hTokens: cacheWrite1h,
    outputTokens: counts.output,
    reasoningTokens: Math.min(counts.thinking, counts.output),
    webSearches: counts.webSearches,
  };
}

/** The classes of all that was billed for one call. */
export function usageOfCounts(counts: AnthropicCounts): Usage {
  const { sameModel, otherModels } = counts.beside;
  return [sameModel, ...otherModels.map(({ usage }) => usage)].reduce(addUsage, ownUsage(counts));
}

/** The model by whose rates a call is billed, `named` where no other one took over, and what further models took. */
export function servedModels(
  named: string | null,
  counts: AnthropicCounts | null,
): Pick<Reading, "model" | "otherModels"> {
  const { servedBy, otherModels } = counts?.beside ?? NOTHING_BESIDE;
  return { model: servedBy ?? named, ...(otherModels.length === 0 ? {} : { otherModels }) };
}

/** By which id a later request can go on with the answer: only where Anthropic keeps its turns. */
export function answerIdOf({ id }: JsonObject, { members }: RequestFacts): Pick<Reading, "answerId"> {
  return typeof id === "string" && members.has("thread") ? { answerId: id } : {};
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
