import type { BudgetStatus } from "../../domain/api.ts";
import { formatMoment } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";

/** That hours alone will spend a budget before its window ends, in words; nothing where they will not. */
export function forecastNotice({ name, computeForecast }: BudgetStatus, now: number, timeZone: string): string[] {
  if (computeForecast === null) {
    return [];
  }
  const { spentAt, hourlyRateUsd, providers } = computeForecast;
  const rate = `${formatUsd(nanoFromUsd(hourlyRateUsd))}/h`;
  const when = formatMoment(Date.parse(spentAt), now, { timeZone });
  return [`At ${rate} (${providers.join(", ")}) the budget ${name} is spent by ${when}, without a single call.`];
}
