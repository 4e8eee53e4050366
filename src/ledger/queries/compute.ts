import type { Accrual } from "../../domain/events.ts";
import type { NanoUsd } from "../../domain/money.ts";
import { type Books, EARLIEST, LATEST, type Range } from "../books.ts";
import { wholeNumber } from "../database.ts";

/** A quarter hour counts in a range that its start lies in, so ranges that meet share nothing. */
export function accruedByProvider({ database }: Books, { from, to }: Range): Map<string, NanoUsd> {
  const rows = database.all(
    `SELECT provider, SUM(cost_nano_usd) AS cost FROM compute_rollups WHERE bucket >= ? AND bucket < ? GROUP BY provider`,
    [from ?? EARLIEST, to ?? LATEST],
  );
  return new Map(rows.map((row) => [String(row.provider), wholeNumber(row.cost)]));
}

/** The interval of a provider that was charged last. */
export function lastAccrual({ database }: Books, provider: string): Accrual | null {
  const row = database.get("SELECT * FROM last_accruals WHERE provider = ?", [provider]);
  return row === null
    ? null
    : { provider, from: Number(row.from_ms), to: Number(row.to_ms), costNanoUsd: wholeNumber(row.cost_nano_usd) };
}
