import type { NanoUsd } from "../money.ts";
import { HOUR_MS } from "./hourlyRate.ts";

const PER_NANO = BigInt(HOUR_MS);

/**
 * Whole nano-USD of what has to be charged exactly (nano-USD an hour × ms). `ahead` is what was charged beyond the exact sum so
 * far, in the same unit, below one nano-USD: charges that follow each other add up to their exact sum, rounded up once.
 */
export function chargeOf(exact: bigint, ahead: number): { readonly costNanoUsd: NanoUsd; readonly ahead: number } {
  const owed = exact - BigInt(ahead);
  const cost = owed <= 0n ? 0n : (owed + PER_NANO - 1n) / PER_NANO;
  return { costNanoUsd: Number(cost), ahead: Number(cost * PER_NANO - owed) };
}
