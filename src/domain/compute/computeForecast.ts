import type { Budget } from "../budget.ts";
import { scopeMatches } from "../budget.ts";
import type { NanoUsd } from "../money.ts";
import type { Window } from "../window.ts";
import { HOUR_MS, type HourlyRate } from "./hourlyRate.ts";

/** A server that is up. */
export interface RunningServer {
  readonly provider: string;
  readonly rate: HourlyRate;
}

/** What of a budget's account a forecast looks at. */
export interface ForecastAccount {
  readonly budget: Budget;
  readonly window: Window;
  readonly spentNanoUsd: NanoUsd;
  readonly limitNanoUsd: NanoUsd;
}

export interface ComputeForecast {
  /** When hours alone will have spent the budget, ms since the epoch. */
  readonly spentAt: number;
  /** What an hour of its servers costs now. */
  readonly nanoPerHour: NanoUsd;
  readonly providers: readonly string[];
}

/** How far ahead, in ms, a budget without an end is looked at. */
const HORIZON_MS = 31 * 24 * HOUR_MS;

/**
 * When the servers that are up will have spent a budget by their hours alone, if they stay up; null where that is not before
 * its window ends, or where it is spent already.
 */
export function computeForecast(
  { budget, window, spentNanoUsd, limitNanoUsd }: ForecastAccount,
  running: readonly RunningServer[],
  now: number,
): ComputeForecast | null {
  const servers = running.filter(({ provider }) => scopeMatches(budget.scope, { provider, model: "", tags: [] }));
  const perHour = (at: number) => servers.reduce((sum, { rate }) => sum + rate.at(at), 0);
  const end = window.end ?? now + HORIZON_MS;
  let left = limitNanoUsd - spentNanoUsd;
  let at = now;
  while (left > 0 && at < end) {
    const nano = perHour(at);
    const changes = servers.flatMap(({ rate }) => rate.nextChange(at) ?? []);
    const until = Math.min(end, ...changes);
    const needed = nano === 0 ? Number.POSITIVE_INFINITY : (left / nano) * HOUR_MS;
    if (at + needed < until) {
      const providers = servers.filter(({ rate }) => rate.at(at) > 0).map(({ provider }) => provider);
      return { spentAt: Math.round(at + needed), nanoPerHour: perHour(now), providers };
    }
    left -= (nano * (until - at)) / HOUR_MS;
    at = until;
  }
  return null;
}
