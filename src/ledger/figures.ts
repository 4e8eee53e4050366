import type { Call } from "../domain/call.ts";
import { TOKEN_COLUMNS } from "./tokenColumns.ts";

/** A quarter hour, ms: the time zones of the world differ by multiples of it, so days of all of them are made of these. */
export const BUCKET_MS = 900_000;
/** A day of UTC, ms. */
export const DAY_MS = 86_400_000;

/** What is summed of calls, as columns of the rollups. `calls` leaves out refused ones, which `refused` counts. */
export const FIGURES = [
  "calls",
  "errors",
  "refused",
  "unpriced",
  "estimated",
  ...TOKEN_COLUMNS,
  "cost_nano_usd",
  "latency_ms",
  "latency_calls",
  "first_token_ms",
  "first_token_calls",
  // The calls' shares of what their servers cost by the hour: no budget counts them, since it counts the hours.
  "compute_nano_usd",
] as const;

export type Figure = (typeof FIGURES)[number];
export type Figures = Record<Figure, number>;

export const NO_FIGURES: Readonly<Figures> = Object.freeze(
  Object.fromEntries(FIGURES.map((figure) => [figure, 0])) as Figures,
);

/** The start of the quarter hour, or of another stretch, that an instant lies in. */
export function bucketOf(atMs: number, lengthMs: number = BUCKET_MS): number {
  return Math.floor(atMs / lengthMs) * lengthMs;
}

/** What one call adds to the sums. */
export function figuresOf(call: Call): Figures {
  if (call.status === "refused") {
    return { ...NO_FIGURES, refused: 1 };
  }
  const { usage } = call;
  const timed = hasLatency(call) ? 1 : 0;
  return {
    calls: 1,
    errors: call.status === "error" ? 1 : 0,
    refused: 0,
    unpriced: call.costBasis === "unpriced" ? 1 : 0,
    estimated: call.usageBasis === "estimated" ? 1 : 0,
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    cache_write_5m_tokens: usage.cacheWrite5mTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens,
    audio_input_tokens: usage.audioInputTokens,
    audio_output_tokens: usage.audioOutputTokens,
    web_searches: usage.webSearches,
    cost_nano_usd: call.costNanoUsd,
    latency_ms: timed * call.latencyMs,
    latency_calls: timed,
    first_token_ms: call.firstTokenMs ?? 0,
    first_token_calls: call.firstTokenMs === null ? 0 : 1,
    compute_nano_usd: call.computeShareNanoUsd ?? 0,
  };
}

/** How long an interrupted call took, and what a refused one would have taken, nobody knows. */
export function hasLatency(call: Call): boolean {
  return call.status !== "refused" && call.status !== "interrupted";
}

export function addFigures(sum: Figures, figures: Readonly<Figures>, times: 1 | -1 = 1): void {
  for (const figure of FIGURES) {
    sum[figure] += times * figures[figure];
  }
}

const STEPS_PER_DOUBLING = 8;

/** The step of a latency on a scale of eight to each doubling. */
export function latencyStep(ms: number): number {
  return ms < 1 ? 0 : 1 + Math.floor(Math.log2(ms) * STEPS_PER_DOUBLING);
}

/** The middle of a step, ms: off by at most 5%. */
export function latencyOfStep(step: number): number {
  return step === 0 ? 0 : Math.round(2 ** ((step - 0.5) / STEPS_PER_DOUBLING));
}

/** Calls by latency step as the rollups keep them. */
export function latenciesText(steps: ReadonlyMap<number, number>): string {
  // Keys that are whole numbers stand in ascending order, so that equal latencies have equal texts.
  return JSON.stringify(Object.fromEntries([...steps].filter(([, calls]) => calls !== 0)));
}

/** Adds what a rollup keeps. */
export function addLatencies(steps: Map<number, number>, text: string): void {
  const added = JSON.parse(text) as Record<string, number>;
  for (const step in added) {
    steps.set(Number(step), (steps.get(Number(step)) ?? 0) + (added[step] as number));
  }
}

/** The latency that a share of calls (0 … 1) stays within, ms; null where none is known. */
export function latencyPercentile(steps: ReadonlyMap<number, number>, share: number): number | null {
  const sorted = [...steps].filter(([, calls]) => calls > 0).sort(([a], [b]) => a - b);
  const all = sorted.reduce((sum, [, calls]) => sum + calls, 0);
  let seen = 0;
  for (const [step, calls] of sorted) {
    seen += calls;
    if (seen >= share * all) {
      return latencyOfStep(step);
    }
  }
  return null;
}
