import type { CallsPage } from "../../domain/api.ts";
import { wildcardMatches } from "../../domain/budget.ts";
import type { Call } from "../../domain/call.ts";
import type { Refusal } from "../../domain/events.ts";
import { type Books, EARLIEST, LATEST, type Range } from "../books.ts";
import type { CallKey } from "../callKeys.ts";
import { callOfRow } from "../callRows.ts";
import type { Row } from "../database.ts";

/** Fields may hold `*` for any run of characters; `model` is the one asked for or the one that served. Times are ms. */
export interface CallsFilter {
  readonly since?: number;
  readonly until?: number;
  readonly provider?: string;
  readonly model?: string;
  readonly project?: string;
  readonly tool?: string;
  readonly user?: string;
  readonly tag?: string;
  readonly branch?: string;
  /** The whole id of a session: here `*` stands for itself. */
  readonly session?: string;
  /** The whole id that the attempts of one prompt share. */
  readonly prompt?: string;
  readonly status?: string;
}

const CURSOR = /^(\d{1,15})-(\d{1,15})$/;
const EXPORT_PAGE = 500;

/** A call with its place in the order of calls. */
interface Placed {
  readonly startedAt: number;
  readonly seq: number;
  readonly call: Call;
}

/**
 * A page of calls, newest start first. A cursor stays valid while calls are booked: later pages neither repeat nor miss one.
 * Archives are opened only as far back as the page reaches.
 * @throws RangeError where the cursor is not one that a page gave
 */
export function callsPage(books: Books, filter: CallsFilter, cursor: string | null, limit: number): CallsPage {
  const before = cursor === null ? { startedAt: LATEST, seq: LATEST } : placeOf(cursor);
  let found = readPage(books, filter, before, limit + 1);
  for (const archive of books.archives.all) {
    const full = found.length > limit && (found.at(-1) as Placed).startedAt >= archive.until;
    if (full || archive.until <= (filter.since ?? EARLIEST)) {
      break;
    }
    const until = Math.min(filter.until ?? LATEST, archive.until);
    if (archive.from < until && archive.from <= before.startedAt) {
      const archived = books.archives.open(archive);
      const older = archived === null ? [] : readPage(archived, { ...filter, until }, before, limit + 1);
      found = [...found, ...older].sort(newestFirst).slice(0, limit + 1);
    }
  }
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    calls: page.map(({ call }) => call),
    nextCursor: found.length > limit && last !== undefined ? `${last.startedAt}-${last.seq}` : null,
  };
}

function readPage(books: Books, filter: CallsFilter, before: Place, limit: number): Placed[] {
  const conditions = ["started_at >= ?", "started_at < ?", "(started_at, seq) < (?, ?)"];
  const parameters: Array<number | string> = [
    filter.since ?? EARLIEST,
    filter.until ?? LATEST,
    before.startedAt,
    before.seq,
  ];
  if (filter.status !== undefined) {
    conditions.push("status = ?");
    parameters.push(filter.status);
  }
  if (filter.session !== undefined) {
    conditions.push("session_id = ?");
    parameters.push(filter.session);
  }
  if (filter.prompt !== undefined) {
    conditions.push("prompt_id = ?");
    parameters.push(filter.prompt);
  }
  const keyIds = matchingKeys(books, filter);
  if (keyIds !== null) {
    conditions.push("key_id IN (SELECT value FROM json_each(?))");
    parameters.push(JSON.stringify(keyIds));
  }
  return books.database
    .all(`SELECT * FROM call_rows WHERE ${conditions.join(" AND ")} ORDER BY started_at DESC, seq DESC LIMIT ?`, [
      ...parameters,
      limit,
    ])
    .map((row) => placed(row, books));
}

function placed(row: Row, { keys }: Books): Placed {
  return { startedAt: Number(row.started_at), seq: Number(row.seq), call: callOfRow(row, keys) };
}

function newestFirst(a: Placed, b: Placed): number {
  return b.startedAt - a.startedAt || b.seq - a.seq;
}

export function callById(books: Books, id: string): Call | null {
  return searched(books, id, ({ database, keys }) => {
    const row = database.get("SELECT * FROM call_rows WHERE id = ?", [id]);
    return row === null ? null : callOfRow(row, keys);
  });
}

/** Why a call was refused; null where it was not. */
export function refusalOf(books: Books, callId: string): Refusal | null {
  return searched(books, callId, ({ database }) => {
    const row = database.get("SELECT refusal FROM refusals WHERE call_id = ?", [callId]);
    return row === null ? null : (JSON.parse(String(row.refusal)) as Refusal);
  });
}

/** Looks into the books, then into the archives that may hold the call. */
function searched<T>(books: Books, id: string, look: (books: Books) => T | null): T | null {
  const found = look(books);
  if (found !== null) {
    return found;
  }
  for (const archive of books.archives.thatMayHold(id)) {
    const archived = books.archives.open(archive);
    const there = archived === null ? null : look(archived);
    if (there !== null) {
      return there;
    }
  }
  return null;
}

/** Every call of a range, oldest start first, read page by page, so that calls may be booked meanwhile. */
export function* exportCalls(books: () => Books, range: Range): Generator<Call> {
  let place: Place = { startedAt: range.from ?? EARLIEST, seq: 0 };
  for (;;) {
    const page = exportPage(books(), place, range.to ?? LATEST);
    for (const { call } of page) {
      yield call;
    }
    const last = page.at(-1);
    if (last === undefined) {
      return;
    }
    place = last;
  }
}

function exportPage(books: Books, after: Place, to: number): Placed[] {
  const read = (from: Books, until: number) =>
    from.database
      .all(
        `SELECT * FROM call_rows WHERE started_at < ? AND (started_at, seq) > (?, ?)
          ORDER BY started_at, seq LIMIT ${EXPORT_PAGE}`,
        [until, after.startedAt, after.seq],
      )
      .map((row) => placed(row, from));
  let found = read(books, to);
  for (const archive of books.archives.all.toReversed()) {
    const full = found.length === EXPORT_PAGE && (found.at(-1) as Placed).startedAt < archive.from;
    if (full || archive.from >= to) {
      break;
    }
    const archived = archive.until <= after.startedAt ? null : books.archives.open(archive);
    if (archived !== null) {
      const newer = read(archived, Math.min(to, archive.until));
      found = [...found, ...newer].sort((a, b) => newestFirst(b, a)).slice(0, EXPORT_PAGE);
    }
  }
  return found;
}

interface Place {
  readonly startedAt: number;
  readonly seq: number;
}

function placeOf(cursor: string): Place {
  const match = CURSOR.exec(cursor);
  if (match === null) {
    throw new RangeError(`cursor: "${cursor}" is not one that a page of calls gave`);
  }
  return { startedAt: Number(match[1]), seq: Number(match[2]) };
}

/** Numbers of the callers that a filter lets through; null where it lets all through. */
function matchingKeys({ keys }: Books, filter: CallsFilter): number[] | null {
  const { provider, model, project, tool, user, tag, branch } = filter;
  if ([provider, model, project, tool, user, tag, branch].every((pattern) => pattern === undefined)) {
    return null;
  }
  const matches = (key: CallKey) =>
    fits(provider, [key.provider]) &&
    fits(model, [key.model, key.requestedModel]) &&
    fits(project, [key.project]) &&
    fits(tool, [key.tool]) &&
    fits(user, [key.user]) &&
    fits(tag, key.tags) &&
    fits(branch, [key.branch]);
  return [...keys.all].flatMap(([id, key]) => (matches(key) ? [id] : []));
}

function fits(pattern: string | undefined, values: ReadonlyArray<string | null>): boolean {
  return pattern === undefined || values.some((value) => value !== null && wildcardMatches(pattern, value));
}
