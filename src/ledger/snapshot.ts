import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { SqlJsStatic } from "sql.js";
import { archiveFolder } from "./archiveFolder.ts";
import { LedgerDatabase } from "./database.ts";
import { DatabaseFile } from "./databaseFile.ts";
import type { FileSystem } from "./fileSystem.ts";
import { LedgerError } from "./ledgerError.ts";

export const SNAPSHOT = "ledger.sqlite";
export const PREVIOUS_SNAPSHOT = "ledger.previous.sqlite";
const UNFINISHED = /^ledger\.sqlite(\..+)?\.tmp$/;
/** Checksums of the images that were written last: one that bears them need not be searched for damage, page by page. */
const CHECKSUMS = "ledger.checksums.json";
const KEPT_CHECKSUMS = 3;

const MAGIC = "SQLite format 3\0";

/** One that is made. */
export interface NewSnapshot {
  readonly database: LedgerDatabase;
  /** Who makes it: two at the same time must not have the same name. */
  readonly by: string;
  /** Called when all of it is on the disk; it does not count where this fails. */
  readonly beforeItCounts?: () => Promise<void>;
}

/** Puts a database's image in place of the last one, which becomes the previous one. A crash leaves at least one whole. */
export async function writeSnapshot(
  fs: FileSystem,
  dir: string,
  { database, by, beforeItCounts }: NewSnapshot,
): Promise<void> {
  const temporary = join(dir, `${SNAPSHOT}.${by}.tmp`);
  try {
    const checksum = await writeImage(fs, temporary, database);
    await beforeItCounts?.();
    await fs.writeFile(join(dir, CHECKSUMS), checksumsText([checksum, ...readChecksums(fs, dir)]));
    if (fs.exists(join(dir, SNAPSHOT))) {
      await fs.rename(join(dir, SNAPSHOT), join(dir, PREVIOUS_SNAPSHOT));
    }
    await fs.rename(temporary, join(dir, SNAPSHOT));
    await fs.syncFolder(dir);
  } catch (error) {
    removeIfPossible(fs, temporary);
    throw error;
  }
}

async function writeImage(fs: FileSystem, path: string, database: LedgerDatabase): Promise<number> {
  fs.remove(path);
  const file = fs.createExclusively(path);
  try {
    const checksum = await database.writeTo(file);
    await file.sync();
    return checksum;
  } finally {
    file.close();
  }
}

/** Removes what a crash has left of snapshots that were being written. */
function removeUnfinished(fs: FileSystem, dir: string): void {
  for (const name of fs.list(dir)) {
    if (UNFINISHED.test(name)) {
      removeIfPossible(fs, join(dir, name));
    }
  }
}

function removeIfPossible(fs: FileSystem, path: string): void {
  try {
    fs.remove(path);
  } catch {
    // The next start tries again.
  }
}

export interface SnapshotFinding {
  readonly database: LedgerDatabase;
  /** Names that damaged files were given. */
  readonly setAside: readonly string[];
}

/**
 * Opens the newest whole snapshot, else an empty database; to be called by who owns the folder. Damaged ones are renamed, not
 * removed. One that names an archive that is not there (the folder was copied while a month moved) gives way to the previous
 * one, if that names none such.
 * @throws LedgerError
 */
export async function loadSnapshot(
  fs: FileSystem,
  dir: string,
  sqlite: SqlJsStatic,
  nowMs: number,
): Promise<SnapshotFinding> {
  removeUnfinished(fs, dir);
  const setAside: string[] = [];
  const whole: LedgerDatabase[] = [];
  const checksums = readChecksums(fs, dir);
  for (const name of [SNAPSHOT, PREVIOUS_SNAPSHOT]) {
    if (!fs.exists(join(dir, name))) {
      continue;
    }
    const source = readGrowing(fs, join(dir, name));
    const database = openImage(sqlite, source, checksums.includes(crc32(imageOf(source))) ? "known" : "quick");
    if (database === null) {
      const aside = `${name}.damaged-${new Date(nowMs).toISOString().replaceAll(":", "-")}`;
      await fs.rename(join(dir, name), join(dir, aside));
      setAside.push(aside);
      continue;
    }
    whole.push(database);
    if (hasItsArchives(fs, dir, database)) {
      break;
    }
  }
  const chosen = whole.findLast((database) => hasItsArchives(fs, dir, database)) ?? whole[0];
  for (const database of whole) {
    if (database !== chosen) {
      database.close();
    }
  }
  return { database: chosen ?? LedgerDatabase.growing(sqlite), setAside };
}

/** Reads an image to where it can grow: a copy of it would cost a start more than the reading. */
function readGrowing(fs: FileSystem, path: string): Uint8Array | DatabaseFile {
  let file: DatabaseFile | null = null;
  const image = fs.read(path, (length) => {
    file = DatabaseFile.ofLength(length);
    return file?.image ?? new Uint8Array(length);
  });
  return file ?? image;
}

function imageOf(source: Uint8Array | DatabaseFile): Uint8Array {
  return source instanceof DatabaseFile ? source.image : source;
}

function hasItsArchives(fs: FileSystem, dir: string, database: LedgerDatabase): boolean {
  return database
    .all("SELECT file FROM archives")
    .every(({ file }) => fs.exists(join(archiveFolder(dir), String(file))));
}

/** Null where the image is not a whole database of the ledger. @throws LedgerError where it is a newer one */
export function openImage(
  sqlite: SqlJsStatic,
  source: Uint8Array | DatabaseFile,
  how: "known" | "quick" | "thorough",
): LedgerDatabase | null {
  if (!isWhole(imageOf(source))) {
    return null;
  }
  let database: LedgerDatabase | undefined;
  try {
    database = new LedgerDatabase(sqlite, source);
    if (how !== "known") {
      database.check(how);
    }
    database.get("SELECT value FROM meta WHERE name = 'applied_seq'");
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof LedgerError) {
      throw error;
    }
    return null;
  }
}

function checksumsText(checksums: readonly number[]): Uint8Array {
  return Buffer.from(`${JSON.stringify(checksums.slice(0, KEPT_CHECKSUMS))}\n`);
}

/** Without them a start takes longer, no more. */
function readChecksums(fs: FileSystem, dir: string): number[] {
  try {
    const checksums: unknown = JSON.parse(Buffer.from(fs.read(join(dir, CHECKSUMS))).toString("utf8"));
    return Array.isArray(checksums) ? checksums : [];
  } catch {
    return [];
  }
}

/** SQLite's header tells the page size (bytes 16–17; 1 means 65,536) and the number of pages (bytes 28–31). */
function isWhole(image: Uint8Array): boolean {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  if (bytes.length < 100 || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    return false;
  }
  const pageSize = bytes.readUInt16BE(16) === 1 ? 65_536 : bytes.readUInt16BE(16);
  return bytes.readUInt32BE(28) * pageSize === bytes.length;
}
