import { wildcardMatches } from "../budget.ts";
import type { Price, TokenPrices } from "../config.ts";
import { momentOf } from "../moment.ts";
import { nanoFromUsd, picoFromUsdPerMTok } from "../money.ts";
import type { Rates } from "../rates.ts";

/** The entry that holds at a time, if any, and the stretch of time for which that is the answer (`until` excluded). */
export interface OwnPrice {
  readonly price: Price | null;
  readonly from: number;
  readonly until: number;
}

/** The user's own prices: the first entry that matches and is in force counts. Times are ms since the epoch. */
export class OwnPrices {
  readonly #entries: ReadonlyArray<{ readonly price: Price; readonly from: number; readonly until: number }>;

  /** Days begin by the clock of `timeZone`, an IANA name. */
  constructor(prices: readonly Price[], timeZone: string) {
    this.#entries = prices.map((price) => ({
      price,
      from: price.from === undefined ? Number.NEGATIVE_INFINITY : momentOf(price.from, timeZone),
      until: price.until === undefined ? Number.POSITIVE_INFINITY : momentOf(price.until, timeZone),
    }));
  }

  find(provider: string, model: string, atMs: number): OwnPrice {
    let from = Number.NEGATIVE_INFINITY;
    let until = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries) {
      const { price } = entry;
      if (model === "" || !wildcardMatches(price.provider, provider) || !wildcardMatches(price.model, model)) {
        continue;
      }
      if (atMs < entry.from) {
        until = Math.min(until, entry.from);
      } else if (atMs >= entry.until) {
        from = Math.max(from, entry.until);
      } else {
        return { price, from: Math.max(from, entry.from), until: Math.min(until, entry.until) };
      }
    }
    return { price: null, from, until };
  }
}

/**
 * Rates from prices that a person wrote: classes without one of their own cost what input (or output) costs. `searchFee` is
 * what a search costs where the prices do not say, in nano-USD.
 */
export function writtenRates(price: TokenPrices, searchFee: number): Rates {
  const pico = (usdPerMTok: number | undefined, otherwise: number) =>
    usdPerMTok === undefined ? otherwise : picoFromUsdPerMTok(usdPerMTok);
  const input = picoFromUsdPerMTok(price.inputUsdPerMTok);
  const output = picoFromUsdPerMTok(price.outputUsdPerMTok);
  const write = pico(price.cacheWriteUsdPerMTok, input);
  return {
    input,
    cachedInput: pico(price.cachedInputUsdPerMTok, input),
    cacheWrite5m: write,
    cacheWrite1h: pico(price.cacheWrite1hUsdPerMTok, write),
    output,
    audioInput: pico(price.audioInputUsdPerMTok, input),
    audioOutput: pico(price.audioOutputUsdPerMTok, output),
    webSearchNanoUsd: price.webSearchUsd === undefined ? searchFee : nanoFromUsd(price.webSearchUsd),
  };
}

/** Whether two entries are about the same calls: the same names, and the same beginning. */
export function isSamePrice(a: Pick<Price, "provider" | "model" | "from">, b: typeof a): boolean {
  return a.provider === b.provider && a.model === b.model && a.from === b.from;
}

/**
 * The entries with one more, in the place of the one that is about the same calls, else where it counts: before those whose
 * names say less, and of the same names before those that begin earlier, which would hide it.
 */
export function withPrice(prices: readonly Price[], price: Price): Price[] {
  if (prices.some((other) => isSamePrice(other, price))) {
    return prices.map((other) => (isSamePrice(other, price) ? price : other));
  }
  const at = prices.findIndex((other) => comesBefore(price, other));
  return at < 0 ? [...prices, price] : [...prices.slice(0, at), price, ...prices.slice(at)];
}

function comesBefore(price: Price, other: Price): boolean {
  const exactness = ({ model, provider }: Price) => [
    Number(!model.includes("*")),
    Number(!provider.includes("*")),
    literalLength(model),
    literalLength(provider),
  ];
  const mine = exactness(price);
  const theirs = exactness(other);
  const index = mine.findIndex((value, place) => value !== theirs[place]);
  if (index >= 0) {
    return (mine[index] ?? 0) > (theirs[index] ?? 0);
  }
  const sameNames = price.provider === other.provider && price.model === other.model;
  return sameNames && beginning(price) > beginning(other);
}

function literalLength(pattern: string): number {
  return pattern.replaceAll("*", "").length;
}

function beginning({ from }: Price): number {
  return from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from);
}
