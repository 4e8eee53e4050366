import type { BudgetStatus } from "../domain/api.ts";
import { type Backend, backendInWords } from "../domain/backends/backendSettings.ts";
import { limitOf } from "../domain/budget.ts";
import type { BudgetAccount } from "../domain/budgetAccount.ts";
import type { ComputeForecast } from "../domain/compute/computeForecast.ts";
import { usdFromNano } from "../domain/money.ts";

/** A budget as the API shows it, with what servers that are up will make of it. */
export function budgetStatus(account: BudgetAccount, forecast: ComputeForecast | null): BudgetStatus {
  const { budget, window, raisedUntil, pausedUntil } = account;
  return {
    name: budget.name,
    window: budget.window,
    hard: budget.hard,
    scope: budget.scope,
    warnAt: budget.warnAt,
    spentNanoUsd: account.spentNanoUsd,
    heldNanoUsd: account.heldNanoUsd,
    limitNanoUsd: account.limitNanoUsd,
    configuredLimitNanoUsd: limitOf(budget),
    leftNanoUsd: Math.max(0, account.roomNanoUsd),
    state: account.state,
    windowStart: iso(window.start),
    resetsAt: isoOrNull(window.end),
    raised: raisedUntil !== undefined,
    raisedUntil: isoOrNull(raisedUntil),
    allowances: account.allowances,
    paused: pausedUntil !== undefined,
    pausedUntil: isoOrNull(pausedUntil),
    ...(budget.switchTo === undefined || !account.isSwitching ? {} : { switchedTo: wordsOf(budget.switchTo.to) }),
    computeForecast:
      forecast === null
        ? null
        : {
            spentAt: iso(forecast.spentAt),
            hourlyRateUsd: usdFromNano(forecast.nanoPerHour),
            providers: [...forecast.providers],
          },
  };
}

function wordsOf(to: string | Backend): string {
  return typeof to === "string" ? to : backendInWords(to);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : iso(at);
}
