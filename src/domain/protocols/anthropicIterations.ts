import type { OtherModelUsage } from "../protocol.ts";
import { addUsage, NO_USAGE, type Usage } from "../usage.ts";
import { countOf, type JsonObject, objectOf, textOf } from "./jsonValue.ts";

/** More rounds than any call makes; keeps sums safe integers. */
const MOST_ROUNDS = 1_000;

/** What `usage.iterations` tells that the totals beside it leave out. */
export interface BesideTotals {
  readonly sameModel: Usage;
  readonly otherModels: readonly OtherModelUsage[];
  /** The model that answered in place of the one asked for; null where none did. */
  readonly servedBy: string | null;
}

export const NOTHING_BESIDE: BesideTotals = Object.freeze({ sameModel: NO_USAGE, otherModels: [], servedBy: null });

/**
 * Reads the rounds of a call. Those of type `message` and the one of a fallback that answered (`fallback_message`) are the
 * totals; compaction and the advice of another model come on top. A model that declined before the fallback took over is
 * billed only where it had begun to write.
 */
export function besideTotals(iterations: readonly unknown[]): BesideTotals {
  const rounds = iterations.slice(0, MOST_ROUNDS).map(objectOf);
  const servedBy = textOf(rounds.findLast(({ type }) => type === "fallback_message")?.model);
  let sameModel = NO_USAGE;
  const otherModels: OtherModelUsage[] = [];
  for (const round of rounds) {
    const model = textOf(round.model);
    const isTotal =
      round.type === "fallback_message" ||
      (round.type === "message" && (servedBy === null || model === null || model === servedBy));
    const isDeclined = round.type === "message" && (countOf(round.output_tokens) ?? 0) === 0;
    if (isTotal || isDeclined) {
      continue;
    }
    if (model === null) {
      sameModel = addUsage(sameModel, usageOfRound(round));
    } else {
      otherModels.push({ model, usage: usageOfRound(round) });
    }
  }
  return { sameModel, otherModels, servedBy };
}

function usageOfRound(round: JsonObject): Usage {
  const cacheRead = countOf(round.cache_read_input_tokens) ?? 0;
  const cacheWrite = countOf(round.cache_creation_input_tokens) ?? 0;
  const { ephemeral_1h_input_tokens: kept } = objectOf(round.cache_creation);
  const cacheWrite1h = Math.min(countOf(kept) ?? 0, cacheWrite);
  return {
    ...NO_USAGE,
    inputTokens: (countOf(round.input_tokens) ?? 0) + cacheRead + cacheWrite,
    cachedInputTokens: cacheRead,
    cacheWrite5mTokens: cacheWrite - cacheWrite1h,
    cacheWrite1hTokens: cacheWrite1h,
    outputTokens: countOf(round.output_tokens) ?? 0,
  };
}
