import { type InputMix, NO_CACHE } from "../../domain/cachedInput.ts";
import { type CallBound, callBound, worstCaseOf } from "../../domain/callBound.ts";
import { type NanoUsd, nanoFromTokens } from "../../domain/money.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import { chargesToolFees } from "../../domain/prices/toolFees.ts";
import type { RequestFacts } from "../../domain/protocol.ts";
import { costOf, dearestInputRate, dearestOutputRate, type Rates } from "../../domain/rates.ts";
import { NO_USAGE, type Usage } from "../../domain/usage.ts";
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
  | "otherModels"
  | "clampable"
  | "boundless"
  | "parts"
  | "tierIsSure"
  | "continues"
> &
  Partial<Pick<RequestFacts, "hasMedia">>;

/** What is held and what is expected. `bound` is null where nobody knows the model's price, or how much work is ordered. */
export interface CallPrice {
  readonly bound: CallBound | null;
  /** Whether it is the amount of work that nobody knows. */
  readonly boundless: boolean;
  readonly expectedNanoUsd: NanoUsd;
  /** With an answer as long as 95 of 100 are at most: what a soft budget holds. */
  readonly usualNanoUsd: NanoUsd;
  readonly expectedInputTokens: number;
  /** Of those, what is expected to come from the provider's cache. */
  readonly expectedCachedTokens: number;
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
  /** Of the input, the share that comes from the provider's cache; absent: as with earlier calls of the tool. */
  readonly cachedShare?: number;
  /** Who calls; null or absent where that is not known. */
  readonly tool?: string | null;
}

/** The bound and the expected cost of a call at a provider. `at` is ms since the epoch. */
export function priceCall(
  prices: PriceBook,
  learned: Pick<Learned, "usual" | "margin" | "cached">,
  provider: string,
  facts: PricedFacts,
  at: number,
  expectation: Expectation = {},
): CallPrice {
  const { model, parts } = facts;
  const { usual, margin } = learned;
  if (parts !== undefined) {
    const priced = parts.map((part) => priceCall(prices, learned, provider, part, at));
    return sumOf(priced, inputSaving(prices, provider, facts, parts, at));
  }
  const hiddenTokens =
    facts.hiddenInput === true ? prices.contextWindow(provider, model) * (facts.hiddenReads ?? 1) : 0;
  const inputBoundTokens = facts.inputBoundTokens + hiddenTokens;
  const inputTokens = expectation.inputTokens ?? margin.usuallyOfBytes(model, facts.promptBytes);
  const expectedInputTokens = Math.min(inputBoundTokens, inputTokens);
  const dearest = dearestRates(prices, provider, { ...facts, inputBoundTokens }, at);
  const usually = prices.lookUp(provider, model, at, facts.serviceTier, expectedInputTokens);
  const others = othersBound(prices, provider, facts, at);
  const boundless = facts.boundless === true && !(dearest !== null && isFree(dearest));
  if (dearest === null || usually === null || others === null || boundless) {
    const nothing = { expectedNanoUsd: 0, usualNanoUsd: 0, expectedOutputTokens: 0 };
    return { bound: null, boundless, expectedInputTokens, expectedCachedTokens: 0, ...nothing };
  }
  const choices = Math.max(1, facts.choices);
  const limit = facts.outputLimitTokens ?? prices.outputLimit(provider, model) * choices;
  const bound = callBound({
    rates: dearest,
    inputBoundTokens,
    webSearchBound: facts.webSearchBound,
    toolFeesNanoUsd: others + (chargesToolFees(usually.basis) ? (facts.toolFeesBoundNanoUsd ?? 0) : 0),
    choices,
    outputLimitTokens: Math.ceil(limit / choices),
    usualOutputTokens: usual.high(provider, model),
    clampable: facts.clampable ?? true,
  });
  const expectedOutputTokens = Math.min(limit, expectation.outputTokens ?? usual.median(provider, model) * choices);
  const input = { ...NO_USAGE, inputTokens: expectedInputTokens };
  const usualOutputTokens = Math.min(limit, usual.high(provider, model) * choices);
  const mix =
    expectation.cachedShare === undefined
      ? learned.cached.usual(provider, model, expectation.tool ?? null, expectedInputTokens)
      : { ...NO_CACHE, cached: expectation.cachedShare };
  const expected = { ...withMix(input, mix, facts.cacheWrites), outputTokens: expectedOutputTokens };
  return {
    bound,
    boundless,
    expectedNanoUsd: costOf(expected, usually.rates),
    // It is held: what the provider's cache will hold, nobody knows.
    usualNanoUsd: costOf({ ...input, outputTokens: usualOutputTokens }, usually.rates),
    expectedInputTokens,
    expectedCachedTokens: expected.cachedInputTokens,
    expectedOutputTokens,
  };
}

/** Input of that mix, without writes that the request does not ask for. */
function withMix(input: Usage, { cached, write5m, write1h }: InputMix, writes: PricedFacts["cacheWrites"]): Usage {
  const share = (part: number) => Math.floor(input.inputTokens * part);
  return {
    ...input,
    cachedInputTokens: share(cached),
    cacheWrite5mTokens: writes === "none" ? 0 : share(write5m),
    cacheWrite1hTokens: writes === "none" ? 0 : share(write1h),
  };
}

/** What other models cost at most within a call; null where nobody knows the price of one. */
function othersBound(prices: PriceBook, provider: string, facts: PricedFacts, at: number): NanoUsd | null {
  let sum: NanoUsd = 0;
  for (const { model, inputTokens, outputTokens } of facts.otherModels ?? []) {
    const rates = prices.dearest(provider, model, at, inputTokens, facts.serviceTier, facts.tierIsSure);
    if (rates === null) {
      return null;
    }
    sum += nanoFromTokens([
      [inputTokens, dearestInputRate(rates)],
      [outputTokens, dearestOutputRate(rates)],
    ]);
  }
  return sum;
}

/** The highest rates that a call can be charged at: those for sound only where there can be any. */
function dearestRates(prices: PriceBook, provider: string, facts: PricedFacts, at: number): Rates | null {
  const { model, inputBoundTokens, serviceTier, tierIsSure } = facts;
  const rates = prices.dearest(provider, model, at, inputBoundTokens, serviceTier, tierIsSure);
  if (rates === null) {
    return null;
  }
  const isHeard = facts.hasMedia !== false || facts.hiddenInput === true || facts.continues !== undefined;
  return withCacheWrites(isHeard ? rates : { ...rates, audioInput: rates.input }, facts.cacheWrites);
}

/**
 * A call of several requests costs at most what they do together, and has none of their output limits lowered. `saving` is
 * what their inputs together cost less than each one's bound says, in nano-USD.
 */
function sumOf(parts: readonly CallPrice[], saving: NanoUsd): CallPrice {
  const total = (count: (part: CallPrice) => number) =>
    parts.reduce((sum, part) => Math.min(Number.MAX_SAFE_INTEGER, sum + count(part)), 0);
  const worst = total(({ bound }) => (bound === null ? 0 : worstCaseOf(bound, bound.outputLimitTokens)));
  const isKnown = parts.every(({ bound }) => bound !== null);
  return {
    bound: isKnown
      ? {
          fixedNanoUsd: worst - saving,
          outputRate: 0,
          choices: 1,
          outputLimitTokens: total(({ bound }) => (bound === null ? 0 : bound.outputLimitTokens * bound.choices)),
          usualOutputTokens: total(({ bound }) => bound?.usualOutputTokens ?? 0),
          clampable: false,
        }
      : null,
    boundless: parts.some(({ boundless }) => boundless),
    expectedNanoUsd: total(({ expectedNanoUsd }) => expectedNanoUsd),
    usualNanoUsd: total(({ usualNanoUsd }) => usualNanoUsd),
    expectedInputTokens: total(({ expectedInputTokens }) => expectedInputTokens),
    expectedCachedTokens: total(({ expectedCachedTokens }) => expectedCachedTokens),
    expectedOutputTokens: total(({ expectedOutputTokens }) => expectedOutputTokens),
  };
}

/** Where all inputs together are known better than each: they cost no more than that many tokens of the dearest. */
function inputSaving(
  prices: PriceBook,
  provider: string,
  together: PricedFacts,
  parts: readonly PricedFacts[],
  at: number,
): NanoUsd {
  if (together.inputBoundTokens >= parts.reduce((sum, { inputBoundTokens }) => sum + inputBoundTokens, 0)) {
    return 0;
  }
  let each = 0;
  let highest = 0;
  for (const part of parts) {
    const rates = dearestRates(prices, provider, part, at);
    const rate = rates === null ? 0 : dearestInputRate(rates);
    each += nanoFromTokens([[part.inputBoundTokens, rate]]);
    highest = Math.max(highest, rate);
  }
  return Math.max(0, each - nanoFromTokens([[together.inputBoundTokens, highest]]));
}

/** However much it is, it costs nothing. */
function isFree(rates: Rates): boolean {
  return Object.values(rates).every((rate) => rate === 0);
}
