import { NO_USAGE, type Usage } from "../usage.ts";
import { countOf, isObject, objectOf } from "./jsonValue.ts";
import { reportedUsd } from "./openaiParts.ts";

/** A provider's report of one answer that is no chat: vectors, pictures, speech, transcripts. */
export interface TokenReport {
  readonly usage: Usage;
  /** The host's own figure, in USD, where it sends one. */
  readonly costUsd: number | null;
}

/**
 * Reads a `usage` in the names of OpenAI's newer routes (`input_tokens`) or of Chat Completions (`prompt_tokens`); what
 * reports nothing but a total (Voyage) has only input. All details are parts of their totals. Null where it counts nothing.
 */
export function tokenReportOf(wire: unknown): TokenReport | null {
  if (!isObject(wire)) {
    return null;
  }
  const output = countOf(wire.output_tokens) ?? countOf(wire.completion_tokens);
  const total = countOf(wire.total_tokens);
  const rest = total === null ? null : Math.max(0, total - (output ?? 0));
  const input = countOf(wire.input_tokens) ?? countOf(wire.prompt_tokens) ?? rest;
  if (input === null && output === null) {
    return null;
  }
  const read = objectOf(wire.input_tokens_details ?? wire.input_token_details ?? wire.prompt_tokens_details);
  const written = objectOf(wire.output_tokens_details ?? wire.completion_tokens_details);
  return {
    usage: {
      ...NO_USAGE,
      inputTokens: input ?? 0,
      cachedInputTokens: countOf(read.cached_tokens) ?? 0,
      cacheWrite5mTokens: countOf(read.cache_write_tokens) ?? 0,
      outputTokens: output ?? 0,
      reasoningTokens: countOf(written.reasoning_tokens) ?? 0,
      audioInputTokens: countOf(read.audio_tokens) ?? 0,
      audioOutputTokens: countOf(written.audio_tokens) ?? 0,
    },
    costUsd: reportedUsd(wire),
  };
}
