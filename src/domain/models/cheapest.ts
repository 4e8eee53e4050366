import type { NanoUsd } from "../money.ts";
import type { PriceBook } from "../priceBook.ts";
import { costOf } from "../rates.ts";
import { NO_USAGE } from "../usage.ts";
import { type AbilityName, hasAbilities, isUpTo, type Tier } from "./abilities.ts";
import type { KnownModel } from "./registry.ts";

/** A job that some model is to do. Tokens are those of one call. */
export interface Job {
  readonly abilities?: readonly AbilityName[];
  readonly tier?: Tier;
  /** What prompt and answer take together at most, where it is more than is expected. */
  readonly contextTokens?: number;
  readonly providers?: readonly string[];
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Offer {
  readonly model: KnownModel;
  /** 0 for free providers and for those that are paid by the hour, whose calls cost nothing of their own. */
  readonly expectedNanoUsd: NanoUsd;
}

/**
 * The models that can do a job, cheapest first at its expected cost at `now` (ms since the epoch): what is free, then what
 * is paid for by the hour anyway, then the rest. A model without a price, of unknown context window where that matters, or
 * of which an ability is not known is not among them.
 */
export function cheapestFor(job: Job, models: readonly KnownModel[], prices: PriceBook, now: number): Offer[] {
  const { abilities = [], tier, providers, inputTokens, outputTokens } = job;
  const needed = Math.max(job.contextTokens ?? 0, inputTokens + outputTokens);
  return models
    .filter(
      (model) =>
        (providers === undefined || providers.includes(model.provider)) &&
        hasAbilities(model, abilities) &&
        (tier === undefined || isUpTo(model, tier)) &&
        holds(model, needed, job.contextTokens !== undefined),
    )
    .flatMap((model) => {
      const priced = prices.lookUp(model.provider, model.model, now, null, inputTokens);
      return priced === null
        ? []
        : [{ model, expectedNanoUsd: costOf({ ...NO_USAGE, inputTokens, outputTokens }, priced.rates) }];
    })
    .sort(
      (a, b) =>
        rank(a.model) - rank(b.model) ||
        a.expectedNanoUsd - b.expectedNanoUsd ||
        a.model.model.localeCompare(b.model.model) ||
        a.model.provider.localeCompare(b.model.provider),
    );
}

/** Whether a prompt and its answer go in. An unknown window holds what nobody called large. */
function holds({ contextWindowTokens }: KnownModel, tokens: number, isLarge: boolean): boolean {
  return contextWindowTokens === null ? !isLarge : contextWindowTokens >= tokens;
}

function rank({ costBasis }: KnownModel): number {
  return costBasis === "free" ? 0 : costBasis === "compute-hour" ? 1 : 2;
}
