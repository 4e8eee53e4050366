import { join } from "node:path";
import type { SqlJsStatic } from "sql.js";
import { archiveFolder } from "./archiveFolder.ts";
import { monthStart } from "./archives.ts";
import { CallKeys } from "./callKeys.ts";
import { callOfRow, INSERT_CALL, rowOfCall } from "./callRows.ts";
import { LedgerDatabase } from "./database.ts";
import { DAY_MS } from "./figures.ts";
import type { FileSystem } from "./fileSystem.ts";
import { filterOfIds } from "./idFilter.ts";
import { othersTurn } from "./othersTurn.ts";
import type { Projection } from "./projection.ts";

/** Calls that are moved before others get their turn. */
const SLICE = 1_000;

export interface ArchivingOptions {
  readonly fs: FileSystem;
  readonly dir: string;
  readonly sqlite: SqlJsStatic;
  readonly projection: Projection;
  /** Months that ended at or before this instant are archived, ms. */
  readonly endedBefore: number;
  /** Throws where the folder is not ours any more. */
  readonly checkOwner: () => void;
}

/**
 * Moves the calls of ended months into files of their own. A file is on the disk whole before the hot database lets go of
 * its calls, and the hot database counts only from its next snapshot on: a crash at any point leaves the calls in one or
 * the other, and at worst a file that nothing names. Fails as the file system does.
 */
export async function archiveMonths(options: ArchivingOptions): Promise<void> {
  const { database } = options.projection;
  const end = monthStart(options.endedBefore);
  let from = firstMonth(database, Number.MIN_SAFE_INTEGER);
  let archived = false;
  while (from !== null && from < end) {
    archived = (await archiveMonth(options, from, monthStart(from, 1))) || archived;
    from = firstMonth(database, monthStart(from, 1));
  }
  if (archived) {
    shrink(database);
  }
}

function firstMonth(database: LedgerDatabase, notBefore: number): number | null {
  const first = database.get("SELECT MIN(started_at) AS first FROM call_rows WHERE started_at >= ?", [
    notBefore,
  ])?.first;
  return typeof first === "number" ? monthStart(first) : null;
}

async function archiveMonth(options: ArchivingOptions, from: number, until: number): Promise<boolean> {
  const { projection, sqlite } = options;
  const month = new Date(from).toISOString().slice(0, 7);
  if (projection.archives.all.some((archive) => archive.month === month)) {
    return false; // Its file cannot be read, else it would have been taken back when these calls came.
  }
  const copy = new LedgerDatabase(sqlite, null);
  try {
    const ids = await copyCalls(projection, copy, from, until);
    // Calls that came meanwhile may be missing from the copy: then the month has its turn another time.
    if (fingerprint(projection.database, from, until) !== fingerprint(copy, from, until)) {
      return false;
    }
    const file = await writeArchive(options, month, copy.export());
    if (fingerprint(projection.database, from, until) !== fingerprint(copy, from, until)) {
      return false;
    }
    projection.database.run(
      "INSERT INTO archives (month, file, from_ms, until_ms, calls, ids) VALUES (?, ?, ?, ?, ?, ?)",
      [month, file, from, from, ids.length, filterOfIds(ids)],
    );
    projection.archives.reload();
  } finally {
    copy.close();
  }
  return letGo(projection, month, from, until);
}

/** Gives the ids of what it copied. */
async function copyCalls(projection: Projection, copy: LedgerDatabase, from: number, until: number): Promise<string[]> {
  const ids: string[] = [];
  const keys = new CallKeys(copy);
  let [startedAt, seq] = [from, -1];
  for (;;) {
    const rows = projection.database.all(
      `SELECT * FROM call_rows WHERE started_at < ? AND (started_at, seq) > (?, ?) ORDER BY started_at, seq LIMIT ${SLICE}`,
      [until, startedAt, seq],
    );
    copy.transaction(() => {
      for (const row of rows) {
        ids.push(String(row.id));
        const call = callOfRow(row, projection.keys);
        copy.run(INSERT_CALL, rowOfCall(call, Number(row.seq), keys.idOf(call), keys));
        const refusal = projection.database.get("SELECT refusal FROM refusals WHERE call_id = ?", [row.id ?? null]);
        if (refusal !== null) {
          copy.run("INSERT INTO refusals (call_id, refusal) VALUES (?, ?)", [row.id ?? null, refusal.refusal ?? null]);
        }
      }
    });
    const last = rows.at(-1);
    if (last === undefined || rows.length < SLICE) {
      return ids;
    }
    [startedAt, seq] = [Number(last.started_at), Number(last.seq)];
    await othersTurn();
  }
}

/** Differs where the calls of a month do. */
function fingerprint(database: LedgerDatabase, from: number, until: number): string {
  const row = database.get(
    `SELECT COUNT(*) AS calls, SUM(seq) AS seqs, TOTAL(compute_nano_usd) AS shares FROM call_rows
      WHERE started_at >= ? AND started_at < ?`,
    [from, until],
  );
  return `${row?.calls} ${row?.seqs} ${row?.shares}`;
}

/** A name is not used for a second content while a snapshot may still speak of the first. */
async function writeArchive(
  { fs, dir, checkOwner }: ArchivingOptions,
  month: string,
  image: Uint8Array,
): Promise<string> {
  const folder = archiveFolder(dir);
  fs.makeFolder(folder);
  checkOwner();
  let file = `${month}.sqlite`;
  for (let version = 2; fs.exists(join(folder, file)); version += 1) {
    if (Buffer.compare(fs.read(join(folder, file)), image) === 0) {
      return file;
    }
    file = `${month}-${version}.sqlite`;
  }
  const temporary = join(folder, `${file}.tmp`);
  fs.remove(temporary);
  await fs.writeFile(temporary, image);
  fs.makeReadOnly(temporary);
  await fs.rename(temporary, join(folder, file));
  await fs.syncFolder(folder);
  await fs.syncFolder(dir);
  return file;
}

/** Deletes a day at a time; what is deleted is read from the archive from then on. */
async function letGo(projection: Projection, month: string, from: number, until: number): Promise<boolean> {
  const { database, archives } = projection;
  for (let day = from; day < until; day += DAY_MS) {
    // A call of this month may have come and taken the month back.
    if (!archives.all.some((archive) => archive.month === month)) {
      return false;
    }
    const next = Math.min(day + DAY_MS, until);
    database.transaction(() => {
      database.run(
        "DELETE FROM refusals WHERE call_id IN (SELECT id FROM call_rows WHERE started_at >= ? AND started_at < ?)",
        [day, next],
      );
      database.run("DELETE FROM call_rows WHERE started_at >= ? AND started_at < ?", [day, next]);
      database.run("UPDATE archives SET until_ms = ? WHERE month = ?", [next, month]);
    });
    archives.reload();
    await othersTurn();
  }
  return true;
}

/** Free pages are written out with every snapshot, and take memory: a third of them is worth writing the rest anew. */
function shrink(database: LedgerDatabase): void {
  const free = Number(database.get("PRAGMA freelist_count")?.freelist_count);
  const all = Number(database.get("PRAGMA page_count")?.page_count);
  if (free * 3 > all) {
    database.run("VACUUM");
  }
}

/** Removes archives and unfinished ones that none of the lists names. */
export function removeUnnamed(fs: FileSystem, dir: string, named: ReadonlySet<string>): void {
  for (const file of fs.list(archiveFolder(dir))) {
    if (/^\d{4,}-\d\d(-\d+)?\.sqlite(\.tmp)?$/.test(file) && !named.has(file)) {
      fs.remove(join(archiveFolder(dir), file));
    }
  }
}
