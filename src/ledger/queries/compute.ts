import type { Accrual, StopStep } from "../../domain/compute/computeEvents.ts";
import type { ServedCall } from "../../domain/compute/shares.ts";
import type { NanoUsd } from "../../domain/money.ts";
import { type Books, EARLIEST, LATEST, type Range } from "../books.ts";
import { type Row, wholeNumber } from "../database.ts";

/** A server's sums over a range. Times are ms. */
export interface ComputeSums {
  readonly costNanoUsd: NanoUsd;
  /** What calls have of it; the rest is idle. */
  readonly sharedNanoUsd: NanoUsd;
  readonly upMs: number;
  /** Billed beyond the time up, to fill units. */
  readonly roundedMs: number;
  readonly busyMs: number;
  readonly unknownMs: number;
  /** By the server's own counters. */
  readonly servedPromptTokens: number;
  readonly servedOutputTokens: number;
  /** The quarter hour of the first accrual; null where there is none. */
  readonly first: number | null;
}

/** A quarter hour counts in a range that its start lies in, so ranges that meet share nothing. */
export function accruedByProvider({ database }: Books, { from, to }: Range): Map<string, NanoUsd> {
  const rows = database.all(
    `SELECT provider, SUM(cost_nano_usd) AS cost FROM compute_rollups WHERE bucket >= ? AND bucket < ? GROUP BY provider`,
    [from ?? EARLIEST, to ?? LATEST],
  );
  return new Map(rows.map((row) => [String(row.provider), wholeNumber(row.cost)]));
}

export function computeSums({ database }: Books, provider: string, { from, to }: Range): ComputeSums {
  const [since, until] = [from ?? EARLIEST, to ?? LATEST];
  const row = database.get(
    `SELECT MIN(bucket) AS first, SUM(cost_nano_usd) AS cost, SUM(shared_nano_usd) AS shared, SUM(up_ms) AS up,
        SUM(rounded_ms) AS rounded, SUM(busy_ms) AS busy, SUM(served_prompt_tokens) AS prompt,
        SUM(served_output_tokens) AS output
      FROM compute_rollups WHERE bucket >= ? AND bucket < ? AND provider = ?`,
    [since, until, provider],
  );
  const unknown = database.get(
    `SELECT SUM(MIN(to_ms, ?) - MAX(from_ms, ?)) AS ms FROM unknown_times
      WHERE provider = ? AND from_ms < ? AND to_ms > ?`,
    [until, since, provider, until, since],
  );
  return {
    costNanoUsd: wholeNumber(row?.cost),
    sharedNanoUsd: wholeNumber(row?.shared),
    upMs: wholeNumber(row?.up),
    roundedMs: wholeNumber(row?.rounded),
    busyMs: wholeNumber(row?.busy),
    unknownMs: wholeNumber(unknown?.ms),
    servedPromptTokens: wholeNumber(row?.prompt),
    servedOutputTokens: wholeNumber(row?.output),
    first: row === null || row.first === null ? null : Number(row.first),
  };
}

/** The interval of a provider that was charged last. */
export function lastAccrual({ database }: Books, provider: string): Accrual | null {
  const row = database.get("SELECT * FROM last_accruals WHERE provider = ?", [provider]);
  return row === null
    ? null
    : {
        provider,
        from: Number(row.from_ms),
        to: Number(row.to_ms),
        costNanoUsd: wholeNumber(row.cost_nano_usd),
        ...(row.more === null ? {} : (JSON.parse(String(row.more)) as Partial<Accrual>)),
      };
}

/** Whether a provider was up or down when that was last told, and since when, ms; null where it never was. */
export function providerState({ database }: Books, name: string): { readonly up: boolean; readonly at: number } | null {
  const row = database.get("SELECT at, up FROM provider_states WHERE name = ?", [name]);
  return row === null ? null : { up: row.up === 1, at: Number(row.at) };
}

/** Intervals that calls may still share, oldest first. */
export function openIntervals({ database }: Books): Accrual[] {
  return database.all("SELECT * FROM open_intervals ORDER BY provider, from_ms").map((row) => ({
    provider: String(row.provider),
    from: Number(row.from_ms),
    to: Number(row.to_ms),
    costNanoUsd: wholeNumber(row.cost_nano_usd),
    decodeWeight: Number(row.decode_weight),
  }));
}

/** Calls of a provider that started in a range and used tokens, as its server saw them. */
export function servedCalls({ database }: Books, provider: string, { from, to }: Range): ServedCall[] {
  return database
    .all(
      `SELECT r.* FROM call_rows r JOIN call_keys k ON k.id = r.key_id
        WHERE started_at >= ? AND started_at < ? AND k.provider = ? AND r.input_tokens + r.output_tokens > 0`,
      [from ?? EARLIEST, to ?? LATEST, provider],
    )
    .map(servedCallOf);
}

function servedCallOf(row: Row): ServedCall {
  const startedAt = Number(row.started_at);
  return {
    id: String(row.id),
    startedAt,
    firstTokenAt: row.first_token_ms === null ? null : startedAt + Number(row.first_token_ms),
    endedAt: Number(row.ended_at),
    prefillTokens: Number(row.input_tokens) - Number(row.cached_input_tokens),
    decodeTokens: Number(row.output_tokens),
  };
}

/** What was decided about a provider's stop command, and when it ran; oldest first, `at` in ms since the epoch. */
export function stopSteps({ database }: Books, provider: string): Array<StopStep & { readonly at: number }> {
  return database
    .all("SELECT at, stop FROM stop_steps WHERE provider = ? ORDER BY seq", [provider])
    .map((row) => ({ ...(JSON.parse(String(row.stop)) as StopStep), at: Number(row.at) }));
}
