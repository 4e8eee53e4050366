import type { Accrual, Sharing, UnknownTime } from "../domain/compute/computeEvents.ts";
import { USUAL_DECODE_WEIGHT } from "../domain/compute/shares.ts";
import type { EventOf } from "../domain/events.ts";
import type { LedgerDatabase } from "./database.ts";
import { bucketOf, DAY_MS } from "./figures.ts";

/** So long, in ms, an accrued interval waits for calls to share it. */
const SHARE_WITHIN_MS = DAY_MS;

const ADD_TO_ROLLUP = `INSERT INTO compute_rollups
    (bucket, provider, cost_nano_usd, up_ms, rounded_ms, served_prompt_tokens, served_output_tokens)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (bucket, provider) DO UPDATE SET
    cost_nano_usd = cost_nano_usd + excluded.cost_nano_usd, up_ms = up_ms + excluded.up_ms,
    rounded_ms = rounded_ms + excluded.rounded_ms,
    served_prompt_tokens = served_prompt_tokens + excluded.served_prompt_tokens,
    served_output_tokens = served_output_tokens + excluded.served_output_tokens`;

/** An accrual belongs to the quarter hour it begins in. */
export function applyAccrual(database: LedgerDatabase, { at, accrual }: EventOf<"compute.accrued">): void {
  const { provider, from, to, costNanoUsd, kind, served, run } = accrual;
  const isRounding = kind === "rounding";
  database.run(ADD_TO_ROLLUP, [
    bucketOf(from),
    provider,
    costNanoUsd,
    isRounding ? 0 : to - from,
    isRounding ? to - from : 0,
    served?.promptTokens ?? 0,
    served?.outputTokens ?? 0,
  ]);
  database.run(
    `INSERT INTO last_accruals (provider, from_ms, to_ms, cost_nano_usd, at, more) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (provider) DO UPDATE SET from_ms = excluded.from_ms, to_ms = excluded.to_ms,
        cost_nano_usd = excluded.cost_nano_usd, at = excluded.at, more = excluded.more`,
    [provider, from, to, costNanoUsd, at, moreOf(accrual)],
  );
  if (run === undefined) {
    return; // Of an older version, which did not share.
  }
  forgetUnknown(database, accrual);
  database.run("DELETE FROM open_intervals WHERE provider = ? AND to_ms < ?", [provider, to - SHARE_WITHIN_MS]);
  if (!isRounding && costNanoUsd > 0) {
    database.run(
      `INSERT OR REPLACE INTO open_intervals (provider, from_ms, to_ms, cost_nano_usd, decode_weight)
        VALUES (?, ?, ?, ?, ?)`,
      [provider, from, to, costNanoUsd, accrual.decodeWeight ?? USUAL_DECODE_WEIGHT],
    );
  }
}

/** Those before it have had their turn: an interval is shared once. */
export function applySharing(database: LedgerDatabase, { provider, from, to, busyMs, shares }: Sharing): void {
  const shared = shares.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
  database.run(
    `UPDATE compute_rollups SET shared_nano_usd = shared_nano_usd + ?, busy_ms = busy_ms + ?
      WHERE bucket = ? AND provider = ?`,
    [shared, busyMs, bucketOf(from), provider],
  );
  database.run("DELETE FROM open_intervals WHERE provider = ? AND to_ms <= ?", [provider, to]);
}

export function applyUnknown(database: LedgerDatabase, { provider, from, to }: UnknownTime): void {
  database.run("INSERT OR REPLACE INTO unknown_times (provider, from_ms, to_ms) VALUES (?, ?, ?)", [
    provider,
    from,
    to,
  ]);
}

export function applyStopStep(database: LedgerDatabase, { seq, at, stop }: EventOf<"compute.stop">): void {
  database.run("INSERT INTO stop_steps (seq, at, provider, step, stop) VALUES (?, ?, ?, ?, ?)", [
    seq,
    at,
    stop.provider,
    stop.step,
    JSON.stringify(stop),
  ]);
}

/** Time that is charged after all, because the server has told since when it is up, is unknown no more. */
function forgetUnknown(database: LedgerDatabase, { provider, from, to }: Accrual): void {
  const overlapping = database.all("SELECT * FROM unknown_times WHERE provider = ? AND from_ms < ? AND to_ms > ?", [
    provider,
    to,
    from,
  ]);
  for (const row of overlapping) {
    const unknown = { from: Number(row.from_ms), to: Number(row.to_ms) };
    database.run("DELETE FROM unknown_times WHERE provider = ? AND from_ms = ?", [provider, unknown.from]);
    for (const rest of [
      { from: unknown.from, to: from },
      { from: to, to: unknown.to },
    ]) {
      if (rest.from < rest.to) {
        applyUnknown(database, { provider, ...rest });
      }
    }
  }
}

function moreOf({ kind, ahead, run, period }: Accrual): string | null {
  return run === undefined ? null : JSON.stringify({ kind, ahead, run, period });
}
