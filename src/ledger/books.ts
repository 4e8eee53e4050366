import type { CallKeys } from "./callKeys.ts";
import type { LedgerDatabase } from "./database.ts";

/** What queries read. */
export interface Books {
  readonly database: LedgerDatabase;
  readonly keys: CallKeys;
  readonly archives: ArchivedBooks;
}

/** A month whose calls stand in a file of their own: those that started from `from` up to, not with, `until` (ms). */
export interface Archive {
  readonly month: string;
  readonly file: string;
  readonly from: number;
  readonly until: number;
  readonly calls: number;
}

/** Calls that are not in the database any more; its totals still count them. */
export interface ArchivedBooks {
  /** Newest first. */
  readonly all: readonly Archive[];
  /** Opens one; null where its file cannot be read. Only valid until the next is opened. */
  open(archive: Archive): Books | null;
  /** Those that may hold a call of this id. */
  thatMayHold(id: string): readonly Archive[];
}

export const NO_ARCHIVES: ArchivedBooks = { all: [], open: () => null, thatMayHold: () => [] };

/** A stretch of time, ms since the epoch: `from` included, `to` not; null bounds nothing. */
export interface Range {
  readonly from: number | null;
  readonly to: number | null;
}

export const EARLIEST = Number.MIN_SAFE_INTEGER;
export const LATEST = Number.MAX_SAFE_INTEGER;
