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

/** Every class that has a rate of its own, with its rate: those that cost what input or output costs are left out. */
export function ratesInWords(rates: Rates): Array<readonly [name: string, rate: string]> {
  const classes: Array<readonly [name: string, rate: number, plain: number]> = [
    ["input", rates.input, Number.NaN],
    ["cached input", rates.cachedInput, rates.input],
    ["cache writes", rates.cacheWrite5m, rates.input],
    ["cache writes for an hour", rates.cacheWrite1h, rates.cacheWrite5m],
    ["output", rates.output, Number.NaN],
    ["sound in", rates.audioInput, rates.input],
    ["sound out", rates.audioOutput, rates.output],
  ];
  const own = classes
    .filter(([, rate, plain]) => rate !== plain)
    .map(([name, rate]) => [name, formatRate(rate)] as const);
  const { webSearchNanoUsd } = rates;
  return webSearchNanoUsd === 0 ? own : [...own, ["a web search", `$${webSearchNanoUsd / 1_000_000_000}`]];
}

/** How far a price moves: `2.5 times`, `from or to nothing`. */
export function factorInWords(factor: number | null): string {
  return factor === null ? "from or to nothing" : `${Number(factor.toFixed(2))} times`;
}

/** From which prompts on the rates of a step hold: `above 271,999 tokens`. */
export function stepInWords(above: number): string {
  return `above ${formatCount(above)} tokens`;
}
