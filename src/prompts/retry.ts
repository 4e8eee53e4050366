import { setTimeout as delay } from "node:timers/promises";

export const RETRIES = 3;
const FIRST_DELAY_MS = 1_000;
/** A provider that asks for a longer pause than this, in ms, is not waited for. */
const LONGEST_RETRY_AFTER_MS = 30_000;

/** Time and chance, so that tests can have their own. */
export interface RetryClock {
  /** Rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** At least 0, below 1. */
  random(): number;
}

export const REAL_CLOCK: RetryClock = {
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
  random: Math.random,
};

/**
 * How long, in ms, to wait after the n-th attempt (from 1) before the next: from one second, doubled each time, less up
 * to a quarter by chance, so that many clients do not come back together; at least as long as the provider asks. Null
 * where there is to be no other attempt.
 */
export function delayAfter(attempt: number, retryAfterMs: number | null, random: number): number | null {
  if (attempt > RETRIES || (retryAfterMs !== null && retryAfterMs > LONGEST_RETRY_AFTER_MS)) {
    return null;
  }
  const ours = Math.round(FIRST_DELAY_MS * 2 ** (attempt - 1) * (1 - 0.25 * random));
  return Math.max(ours, retryAfterMs ?? 0);
}

/** Statuses after which the same request may succeed: time-outs, rate limits, faults of the server. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}
