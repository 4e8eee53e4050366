import { z } from "zod";
import { type NanoUsd, nanoFromTokens } from "./money.ts";
import type { Usage } from "./usage.ts";

const picoUsdPerToken = z.int().min(0);

/** What each token class costs, in pico-USD a token; a web search in nano-USD a search. Kept with every booked call. */
export const ratesSchema = z.object({
  input: picoUsdPerToken,
  cachedInput: picoUsdPerToken,
  cacheWrite5m: picoUsdPerToken,
  cacheWrite1h: picoUsdPerToken,
  output: picoUsdPerToken,
  audioInput: picoUsdPerToken,
  audioOutput: picoUsdPerToken,
  webSearchNanoUsd: z.int().min(0),
});

export type Rates = z.infer<typeof ratesSchema>;

export const FREE_RATES: Rates = Object.freeze({
  input: 0,
  cachedInput: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  audioInput: 0,
  audioOutput: 0,
  webSearchNanoUsd: 0,
});

/**
 * The cost of a call in nano-USD, rounded up: every class at its own rate, and what remains of the input and output at
 * the plain rates. A part that claims more than its whole (a provider's slip) is charged as it claims.
 */
export function costOf(usage: Usage, rates: Rates): NanoUsd {
  const special =
    usage.cachedInputTokens + usage.cacheWrite5mTokens + usage.cacheWrite1hTokens + usage.audioInputTokens;
  const tokensCost = nanoFromTokens([
    [Math.max(0, usage.inputTokens - special), rates.input],
    [usage.cachedInputTokens, rates.cachedInput],
    [usage.cacheWrite5mTokens, rates.cacheWrite5m],
    [usage.cacheWrite1hTokens, rates.cacheWrite1h],
    [usage.audioInputTokens, rates.audioInput],
    [Math.max(0, usage.outputTokens - usage.audioOutputTokens), rates.output],
    [usage.audioOutputTokens, rates.audioOutput],
  ]);
  return tokensCost + usage.webSearches * rates.webSearchNanoUsd;
}

/** The higher rate of each class. */
export function dearerRates(a: Rates, b: Rates): Rates {
  return {
    input: Math.max(a.input, b.input),
    cachedInput: Math.max(a.cachedInput, b.cachedInput),
    cacheWrite5m: Math.max(a.cacheWrite5m, b.cacheWrite5m),
    cacheWrite1h: Math.max(a.cacheWrite1h, b.cacheWrite1h),
    output: Math.max(a.output, b.output),
    audioInput: Math.max(a.audioInput, b.audioInput),
    audioOutput: Math.max(a.audioOutput, b.audioOutput),
    webSearchNanoUsd: Math.max(a.webSearchNanoUsd, b.webSearchNanoUsd),
  };
}

/** The highest rate that any input token of a call can be charged at. */
export function dearestInputRate(rates: Rates): number {
  return Math.max(rates.input, rates.cachedInput, rates.cacheWrite5m, rates.cacheWrite1h, rates.audioInput);
}

/** The highest rate that any output token of a call can be charged at. */
export function dearestOutputRate(rates: Rates): number {
  return Math.max(rates.output, rates.audioOutput);
}
