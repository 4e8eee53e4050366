import { type CallBound, callBound } from "../../domain/callBound.ts";
import type { NanoUsd } from "../../domain/money.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import { chargesToolFees } from "../../domain/prices/toolFees.ts";
import type { RequestFacts } from "../../domain/protocol.ts";
import { costOf, type Rates } from "../../domain/rates.ts";
import { NO_USAGE } from "../../domain/usage.ts";
import type { Learned } from "../learned.ts";

/** What a price depends on. */
export type PricedFacts = Pick<
  RequestFacts,
  | "model"
  | "inputBoundTokens"
  | "outputLimitTokens"
  | "choices"
  | "webSearchBound"
  | "promptBytes"
  | "serviceTier"
  | "cacheWrites"
  | "hiddenInput"
  | "hiddenReads"
  | "toolFeesBoundNanoUsd"
  | "clampable"
  | "boundless"
>;

/** What is held and what is expected. `bound` is null where nobody knows the model's price, or how much work is ordered. */
export interface CallPrice {
  readonly bound: CallBound | null;
  /** Whether it is the amount of work that nobody knows. */
  readonly boundless: boolean;
  readonly expectedNanoUsd: NanoUsd;
  readonly expectedInputTokens: number;
  /** Of all answers that are asked for at once. */
  readonly expectedOutputTokens: number;
}

/** The rates without those of cache writes that the request does not ask for. */
function withCacheWrites(rates: Rates, writes: PricedFacts["cacheWrites"]): Rates {
  switch (writes) {
    case "none":
      return { ...rates, cacheWrite5m: rates.input, cacheWrite1h: rates.input };
    case "5m":
      return { ...rates, cacheWrite1h: rates.cacheWrite5m };
    default:
      return rates;
  }
}

/** What is known better of a call than what its request and earlier calls tell. */
export interface Expectation {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Of the input, the share that comes from the provider's cache; absent: none. */
  readonly cachedShare?: number;
}

/** The bound and the expected cost of a call at a provider. `at` is ms since the epoch. */
export function priceCall(
  prices: PriceBook,
  { usual, margin }: Pick<Learned, "usual" | "margin">,
  provider: string,
  facts: PricedFacts,
  at: number,
  expectation: Expectation = {},
): CallPrice {
  const { model } = facts;
  const hiddenTokens =
    facts.hiddenInput === true ? prices.contextWindow(provider, model) * (facts.hiddenReads ?? 1) : 0;
  const inputBoundTokens = facts.inputBoundTokens + hiddenTokens;
  const inputTokens = expectation.inputTokens ?? margin.usuallyOfBytes(model, facts.promptBytes);
  const expectedInputTokens = Math.min(inputBoundTokens, inputTokens);
  const dearest = prices.dearest(provider, model, at, inputBoundTokens, facts.serviceTier);
  const usually = prices.lookUp(provider, model, at, facts.serviceTier, expectedInputTokens);
  const boundless = facts.boundless === true && !(dearest !== null && isFree(dearest));
  if (dearest === null || usually === null || boundless) {
    return { bound: null, boundless, expectedNanoUsd: 0, expectedInputTokens, expectedOutputTokens: 0 };
  }
  const choices = Math.max(1, facts.choices);
  const limit = facts.outputLimitTokens ?? prices.outputLimit(provider, model) * choices;
  const bound = callBound({
    rates: withCacheWrites(dearest, facts.cacheWrites),
    inputBoundTokens,
    webSearchBound: facts.webSearchBound,
    toolFeesNanoUsd: chargesToolFees(usually.basis) ? (facts.toolFeesBoundNanoUsd ?? 0) : 0,
    choices,
    outputLimitTokens: Math.ceil(limit / choices),
    usualOutputTokens: usual.high(provider, model),
    clampable: facts.clampable ?? true,
  });
  const expectedOutputTokens = Math.min(limit, expectation.outputTokens ?? usual.median(provider, model) * choices);
  const usage = {
    ...NO_USAGE,
    inputTokens: expectedInputTokens,
    cachedInputTokens: Math.floor(expectedInputTokens * (expectation.cachedShare ?? 0)),
    outputTokens: expectedOutputTokens,
  };
  const expectedNanoUsd = costOf(usage, usually.rates);
  return { bound, boundless, expectedNanoUsd, expectedInputTokens, expectedOutputTokens };
}

/** However much it is, it costs nothing. */
function isFree(rates: Rates): boolean {
  return Object.values(rates).every((rate) => rate === 0);
}
