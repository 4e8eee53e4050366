import type { MessageHeaders } from "../protocol.ts";
import { retryAfterOf } from "../retryAfter.ts";

/** No provider's word holds calls back for longer than this, in ms: it may be meant for another of its limits. */
const LONGEST_PAUSE_MS = 10 * 60_000;
/** Headers that name what is left, and those that say when there is more. */
const PAIRS: ReadonlyArray<readonly [remaining: string, reset: string]> = [
  ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
  ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
  ["anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"],
  ["anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"],
  ["anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"],
  ["anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"],
];

/**
 * For how long, in ms, a provider asks to be left alone: `retry-after` of an answer that refuses, or nothing left of one of
 * its limits. 0 where it asks for nothing. `now` is ms since the epoch.
 */
export function pauseAskedFor(status: number, headers: MessageHeaders, now: number): number {
  const isBusy = status === 429 || status === 503 || status === 529;
  let pause = isBusy ? (retryAfterOf((name) => textOf(headers[name]), now) ?? 0) : 0;
  for (const [remaining, reset] of PAIRS) {
    if (headers[remaining] === "0") {
      pause = Math.max(pause, untilReset(headers[reset], now));
    }
  }
  return Math.min(LONGEST_PAUSE_MS, pause);
}

function textOf(value: MessageHeaders[string]): string | null {
  return typeof value === "string" ? value : null;
}

/** OpenAI writes spans (`1s`, `6m0s`, `20ms`, `1.5s`), Anthropic moments, others seconds. */
function untilReset(value: MessageHeaders[string], now: number): number {
  if (typeof value !== "string" || value.trim() === "") {
    return 0;
  }
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) {
    const amount = Number(text);
    // Some hosts write the moment itself, in seconds or ms since the epoch.
    return amount > 1e11
      ? Math.max(0, amount - now)
      : amount > 1e8
        ? Math.max(0, amount * 1_000 - now)
        : amount * 1_000;
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length > 0 && parts.map(([whole]) => whole).join("") === text) {
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit as string] as number), 0);
  }
  return untilMoment(text, now);
}
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function untilMoment(text: string, now: number): number {
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}
