import type { Usage } from "./usage.ts";

/** Shares of the input, 0 to 1: what a provider's cache holds already, and what is written into it, at rates of their own. */
export interface InputMix {
  readonly cached: number;
  readonly write5m: number;
  readonly write1h: number;
}

/** What a call read, in tokens. */
type ReadInput = Pick<Usage, "inputTokens" | "cachedInputTokens" | "cacheWrite5mTokens" | "cacheWrite1hTokens">;

export const NO_CACHE: InputMix = Object.freeze({ cached: 0, write5m: 0, write1h: 0 });

/** Fewer calls than this say too little. */
const ENOUGH = 5;
/** What is left of earlier calls' weight after each: some fifty of them count. */
const KEPT = 0.98;
/** No provider keeps shorter prompts than this, in tokens. */
const LEAST_CACHED = 1_024;

interface Seen {
  calls: number;
  input: number;
  cached: number;
  write5m: number;
  write1h: number;
}

/**
 * Learns from past calls how much of the input comes from the provider's cache. It is the tool that decides: agents send the
 * same beginning again with each call, other tools do not. For what a call is expected to cost; a bound rests on none of it.
 */
export class CachedInput {
  readonly #seen = new Map<string, Seen>();

  /** `tool` is null where the caller did not say. */
  observe(provider: string, model: string, tool: string | null, usage: ReadInput): void {
    if (usage.inputTokens < LEAST_CACHED) {
      return;
    }
    const key = keyOf(provider, model, tool);
    const before = this.#seen.get(key) ?? { calls: 0, input: 0, cached: 0, write5m: 0, write1h: 0 };
    this.#seen.set(key, {
      calls: before.calls + 1,
      input: before.input * KEPT + usage.inputTokens,
      cached: before.cached * KEPT + usage.cachedInputTokens,
      write5m: before.write5m * KEPT + usage.cacheWrite5mTokens,
      write1h: before.write1h * KEPT + usage.cacheWrite1hTokens,
    });
  }

  /** What to expect of a prompt of so many tokens. The shares together are 1 at most. */
  usual(provider: string, model: string, tool: string | null, inputTokens: number): InputMix {
    const seen = this.#seen.get(keyOf(provider, model, tool));
    if (seen === undefined || seen.calls < ENOUGH || inputTokens < LEAST_CACHED) {
      return NO_CACHE;
    }
    const { cached, write5m, write1h } = seen;
    const all = Math.max(seen.input, cached + write5m + write1h);
    return { cached: cached / all, write5m: write5m / all, write1h: write1h / all };
  }
}

/** The share of an estimate's input that is taken to come from a cache, to a hundredth. */
export function cachedShareOf({
  inputTokens,
  cachedInputTokens,
}: Readonly<Record<"inputTokens" | "cachedInputTokens", number>>): number {
  return inputTokens === 0 ? 0 : Math.round((cachedInputTokens / inputTokens) * 100) / 100;
}

function keyOf(provider: string, model: string, tool: string | null): string {
  return JSON.stringify([provider, model, tool]);
}
