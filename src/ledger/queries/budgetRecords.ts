import type { Decision, RaisedAlert, RecordedDecision } from "../../domain/events.ts";
import type { Books } from "../books.ts";
import { type Row, wholeNumber } from "../database.ts";

/** Alerts raised at or after an instant (ms), oldest first. */
export function alertsSince({ database }: Books, atMs: number): RaisedAlert[] {
  return database.all("SELECT * FROM alerts WHERE at >= ? ORDER BY seq", [atMs]).map((row) => ({
    id: String(row.id),
    at: Number(row.at),
    budget: String(row.budget),
    threshold: Number(row.threshold),
    windowStart: Number(row.window_start),
    spentNanoUsd: wholeNumber(row.spent_nano_usd),
    limitNanoUsd: wholeNumber(row.limit_nano_usd),
  }));
}

/**
 * Decisions that still hold at an instant (ms), in the order they were made: not past their end, allowances that no call
 * has used, raises of budgets that have not been changed since, the last pause where no resume came after it; none of
 * budgets that have been removed.
 */
export function activeDecisions({ database }: Books, nowMs: number): Decision[] {
  return database
    .all("SELECT * FROM decisions WHERE spent = 0 AND (until IS NULL OR until > ?) ORDER BY seq", [nowMs])
    .map(decisionOf);
}

/** The last decisions, newest first, whether they still hold or not. */
export function decisions({ database }: Books, limit: number): RecordedDecision[] {
  return database
    .all("SELECT * FROM decisions ORDER BY seq DESC LIMIT ?", [limit])
    .map((row) => ({ ...decisionOf(row), at: Number(row.at) }));
}

function decisionOf(row: Row): Decision {
  return {
    id: String(row.id),
    budget: String(row.budget),
    kind: row.kind as Decision["kind"],
    limitNanoUsd: row.limit_nano_usd === null ? null : wholeNumber(row.limit_nano_usd),
    until: row.until === null ? null : Number(row.until),
    by: String(row.by),
    why: row.why as string | null,
  };
}
