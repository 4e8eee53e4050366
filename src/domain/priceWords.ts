import { formatCount, formatPrice } from "./formats.ts";
import type { PriceRow } from "./priceApi.ts";
import type { Rates } from "./rates.ts";

/** A rate in pico-USD a token as USD for a million tokens, to its last digit: `$0.0375`, `$15.00`. */
export function formatRate(pico: number): string {
  return formatPrice(pico / 1_000_000);
}

/** What a price rests on, in a word or two. */
export function basisInWords(basis: PriceRow["basis"]): string {
  switch (basis) {
    case "catalog":
      return "published";
    case "override":
      return "your own";
    case "default":
      return "your default";
    case "reported":
      return "reported";
    case "compute-hour":
      return "by the hour";
    case "free":
      return "free";
    case "unpriced":
      return "unknown";
  }
}

/** Where a price comes from, as a sentence without its end. */
export function sourceInWords({ source, version, provider }: PriceRow): string {
  if (source === null) {
    return "nobody knows the price of this model";
  }
  switch (source.kind) {
    case "own":
      return `your price for ${source.provider}/${source.model}${spanInWords(source.from, source.until)}`;
    case "fixed":
      return `the fixed price of the provider ${provider}`;
    case "free":
      return `the provider ${provider} is free`;
    case "compute-hour":
      return `the provider ${provider} is paid by the hour`;
    case "default":
      return "your default price, for models that nobody has priced";
    case "catalog":
      return `the published price of ${source.model} at ${source.provider} (${version})`;
  }
}

function spanInWords(from: string | null, until: string | null): string {
  return `${from === null ? "" : `, from ${from}`}${until === null ? "" : `, until ${until}`}`;
}

const CLASSES: ReadonlyArray<readonly [key: keyof Rates, name: string, inWords: (rate: number) => string]> = [
  ["input", "input", formatRate],
  ["cachedInput", "cached input", formatRate],
  ["cacheWrite5m", "cache writes", formatRate],
  ["cacheWrite1h", "cache writes for an hour", formatRate],
  ["output", "output", formatRate],
  ["audioInput", "sound in", formatRate],
  ["audioOutput", "sound out", formatRate],
  ["webSearchNanoUsd", "a web search", (nano) => formatPrice(nano / 1_000_000_000)],
];

/** What a class costs while it has no rate of its own. */
const INSTEAD: Readonly<Partial<Record<keyof Rates, keyof Rates>>> = {
  cachedInput: "input",
  cacheWrite5m: "input",
  cacheWrite1h: "cacheWrite5m",
  audioInput: "input",
  audioOutput: "output",
};

/** Every class that has a rate of its own, with its rate. */
export function ratesInWords(rates: Rates): Array<readonly [name: string, rate: string]> {
  return CLASSES.filter(([key]) => {
    const instead = INSTEAD[key];
    return instead === undefined ? key !== "webSearchNanoUsd" || rates[key] > 0 : rates[key] !== rates[instead];
  }).map(([key, name, inWords]) => [name, inWords(rates[key])] as const);
}

/**
 * The class whose rate changes most: its name, and both rates in words. Null where no rate of ordinary prompts changes. A
 * search fee that is there only before or only after is reckoned, not published, and is no change.
 */
export function greatestMove(
  before: Rates | null,
  after: Rates | null,
): readonly [name: string, from: string, to: string] | null {
  const moves = CLASSES.flatMap(([key, name, inWords]) => {
    const [from = null, to = null] = [before?.[key], after?.[key]];
    const isOneSided = (from ?? 0) === 0 || (to ?? 0) === 0;
    if (from === to || (key === "webSearchNanoUsd" && isOneSided)) {
      return [];
    }
    const words = [name, from === null ? "?" : inWords(from), to === null ? "?" : inWords(to)] as const;
    const ratio = (from ?? 0) / (to ?? 0);
    return [{ size: isOneSided ? Number.POSITIVE_INFINITY : Math.max(ratio, 1 / ratio), words }];
  });
  return moves.toSorted((a, b) => b.size - a.size)[0]?.words ?? null;
}

/** How far a price moves: `2.5 times`, `from or to nothing`. */
export function factorInWords(factor: number | null): string {
  return factor === null ? "from or to nothing" : `${Number(factor.toFixed(2))} times`;
}

/** From which prompts on the rates of a step hold: `above 271,999 tokens`. */
export function stepInWords(above: number): string {
  return `above ${formatCount(above)} tokens`;
}
