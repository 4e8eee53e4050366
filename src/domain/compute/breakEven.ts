import type { NanoUsd } from "../money.ts";
import { costOf, type Rates } from "../rates.ts";
import { NO_USAGE, type Usage } from "../usage.ts";

export interface BreakEvenInput {
  /** What the server cost, idle time included. */
  readonly costNanoUsd: NanoUsd;
  /** Over so many days; parts of a day count as parts. */
  readonly days: number;
  /** What calls used of it. */
  readonly usage: Usage;
  /** Of the model of an API. */
  readonly rates: Rates;
}

export interface BreakEven {
  /** What the same tokens would have cost at the API. */
  readonly apiCostNanoUsd: NanoUsd;
  /** From so many tokens a day on the server is the cheaper one; null where the API costs nothing. */
  readonly tokensPerDay: number | null;
  readonly actualTokensPerDay: number;
  /** Whether the server was cheaper; null where nothing was used. */
  readonly beats: boolean | null;
  /** Whether the price is that of the tokens used, or of a usual mix, because none were. */
  readonly mix: "used" | "usual";
}

/** Three tokens read for each one written. */
const USUAL_MIX: Usage = { ...NO_USAGE, inputTokens: 750_000, outputTokens: 250_000 };

/** Compares what a server cost with what an API asks for the same tokens: read, cached and written in the same proportions. */
export function breakEven({ costNanoUsd, days, usage, rates }: BreakEvenInput): BreakEven {
  const used = tokensOf(usage);
  const mix = used > 0 ? usage : USUAL_MIX;
  const mixCost = costOf(mix, rates);
  const apiCostNanoUsd = used > 0 ? mixCost : 0;
  const costPerDay = days > 0 ? costNanoUsd / days : 0;
  return {
    apiCostNanoUsd,
    tokensPerDay: mixCost === 0 ? null : Math.ceil((costPerDay / mixCost) * tokensOf(mix)),
    actualTokensPerDay: days > 0 ? Math.round(used / days) : 0,
    beats: used === 0 ? null : costNanoUsd < apiCostNanoUsd,
    mix: used > 0 ? "used" : "usual",
  };
}

function tokensOf({ inputTokens, outputTokens }: Usage): number {
  return inputTokens + outputTokens;
}
