import { z } from "zod";

const tokens = z.int().min(0).default(0);

/**
 * The token classes of one call. `inputTokens` is all input, cached reads and cache writes and audio included;
 * `outputTokens` is all output, reasoning and audio included; the other classes are parts of these two. For models that are
 * billed by the length of a sound, each second of it is one token of audio input.
 */
export const usageSchema = z.object({
  inputTokens: tokens,
  cachedInputTokens: tokens,
  cacheWrite5mTokens: tokens,
  cacheWrite1hTokens: tokens,
  outputTokens: tokens,
  reasoningTokens: tokens,
  audioInputTokens: tokens,
  audioOutputTokens: tokens,
  webSearches: tokens,
});

export type Usage = z.infer<typeof usageSchema>;

export const NO_USAGE: Usage = Object.freeze({
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  audioInputTokens: 0,
  audioOutputTokens: 0,
  webSearches: 0,
});

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    cacheWrite5mTokens: a.cacheWrite5mTokens + b.cacheWrite5mTokens,
    cacheWrite1hTokens: a.cacheWrite1hTokens + b.cacheWrite1hTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    audioInputTokens: a.audioInputTokens + b.audioInputTokens,
    audioOutputTokens: a.audioOutputTokens + b.audioOutputTokens,
    webSearches: a.webSearches + b.webSearches,
  };
}

/** What is left of `all` without a part of it; no class goes below 0. */
export function usageWithout(all: Usage, part: Usage): Usage {
  const names = Object.keys(all) as Array<keyof Usage>;
  return Object.fromEntries(names.map((name) => [name, Math.max(0, all[name] - part[name])])) as Usage;
}

/** Where the tokens of a call come from: the provider's report, our count of what passed, or nowhere. */
export const usageBasisSchema = z.enum(["reported", "estimated", "none"]);
export type UsageBasis = z.infer<typeof usageBasisSchema>;
