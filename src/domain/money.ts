/** An amount in nano-USD (10⁻⁹ USD): a safe integer, so sums are exact up to about 9 million USD. */
export type NanoUsd = number;

/** A rate in pico-USD (10⁻¹² USD) a token: every published price is a whole number of these. */
export type PicoUsd = number;

export const NANO_PER_USD = 1_000_000_000;
const PICO_PER_NANO = 1_000;

/**
 * Converts decimal USD, as people and configuration files write them, to nano-USD (nearest integer).
 * @throws RangeError when the amount is not finite or beyond ±9 million USD.
 */
export function nanoFromUsd(usd: number): NanoUsd {
  const nano = Math.round(usd * NANO_PER_USD);
  if (!Number.isSafeInteger(nano)) {
    throw new RangeError(`${usd} USD cannot be held exactly: give an amount below 9,000,000 USD`);
  }
  return nano;
}

/** Nano-USD as decimal USD, for people and for `…Usd` fields only: never compared with a limit. */
export function usdFromNano(nano: NanoUsd): number {
  return nano / NANO_PER_USD;
}

/** USD per million tokens to pico-USD per token (1 USD/MTok = 1,000,000 pico-USD a token). */
export function picoFromUsdPerMTok(usdPerMTok: number): PicoUsd {
  return Math.round(usdPerMTok * 1_000_000);
}

/**
 * Sum of tokens × rate, in nano-USD rounded up once at the end: never too little, at most one nano-USD too much.
 * Uses BigInt only where a product leaves the safe range.
 */
export function nanoFromTokens(parts: ReadonlyArray<readonly [tokens: number, rate: PicoUsd]>): NanoUsd {
  let pico = 0;
  for (const [tokens, rate] of parts) {
    pico += tokens * rate;
  }
  if (pico <= Number.MAX_SAFE_INTEGER) {
    return Math.ceil(pico / PICO_PER_NANO);
  }
  let exact = 0n;
  for (const [tokens, rate] of parts) {
    exact += BigInt(tokens) * BigInt(rate);
  }
  const nano = (exact + BigInt(PICO_PER_NANO - 1)) / BigInt(PICO_PER_NANO);
  return nano > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nano);
}

/**
 * An amount for people: at least two decimals, as many as the amount needs to show two significant digits, `$0.000042`.

 */
export function formatUsd(nano: NanoUsd): string {
  return `${nano < 0 ? "-" : ""}$${plainUsd(Math.abs(nano))}`;
}

/** The same without a sign of currency, as `0.0123`, for texts that say `USD`. */
export function plainUsd(nano: NanoUsd): string {
  if (nano === 0) {
    return "0.00";
  }
  const usd = nano / NANO_PER_USD;
  const decimals = usd >= 0.1 ? 2 : Math.min(9, 1 - Math.floor(Math.log10(usd)));
  return usd.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
