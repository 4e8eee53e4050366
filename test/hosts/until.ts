import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 50;

/** How long a test waits for the interface before it calls it a failure. Generous: a busy machine is no fault. */
export const PATIENCE_MS = 30_000;

/**
 * Asks `probe` again and again until it gives something other than `undefined` or `false`, and returns that. For conditions
 * that no event announces. Rejects after `timeoutMs`, saying what was waited for and why the last attempt failed, if it threw.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.`, { cause });
    await pause(POLL_MS);
  }
}
