import { NANO_PER_USD, type NanoUsd, nanoFromUsd } from "../../domain/money.ts";

const LARGEST_LIMIT_USD = 9_000_000;

/** An amount of USD as people type it, `20`, `$1,250.50`; null where it is none, or out of range. */
export function parseUsd(text: string): number | null {
  const plain = text.trim().replace(/^\$\s*|\s*(USD|\$)$/gi, "");
  if (!/^(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?$/.test(plain) || !/\d/.test(plain)) {
    return null;
  }
  const usd = Number(plain.replaceAll(",", ""));
  return usd <= LARGEST_LIMIT_USD ? usd : null;
}

/** An amount in USD as an input box takes it: no sign, no grouping, two decimals where it has any, more where it needs them. */
export function typedUsd(nano: NanoUsd): string {
  const [whole = "0", decimals = ""] = (nano / NANO_PER_USD).toFixed(9).split(".");
  const needed = decimals.replace(/0+$/, "");
  return needed === "" ? whole : `${whole}.${needed.padEnd(2, "0")}`;
}

/**
 * A limit to offer in place of one that is too low: half as much again, or what is spent plus what is needed, whichever is
 * more; rounded up to two significant digits.
 */
export function suggestedLimit(limit: NanoUsd, spent: NanoUsd, needed: NanoUsd): NanoUsd {
  const least = Math.max(Math.ceil(limit * 1.5), spent + needed, nanoFromUsd(0.01));
  const step = 10 ** Math.max(0, Math.floor(Math.log10(least)) - 1);
  return Math.ceil(least / step) * step;
}
