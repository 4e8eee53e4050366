import { loadSqlite } from "./database.ts";
import type { Finding } from "./doctor/finding.ts";
import { inspect } from "./doctor/inspect.ts";
import { repair } from "./doctor/repair.ts";
import type { FileSystem } from "./fileSystem.ts";
import { ledgerErrorFrom } from "./ledgerError.ts";
import { nodeFileSystem } from "./nodeFileSystem.ts";

export interface DoctorOptions {
  /** The data folder, which no sidecar owns meanwhile. */
  readonly dir: string;
  /** Ms since the epoch. */
  readonly now: () => number;
  readonly fs?: FileSystem;
  readonly wasmPath?: string;
}

/** How a data folder is. */
export interface Examination {
  readonly sound: boolean;
  readonly journalFiles: number;
  readonly entries: number;
  readonly calls: number;
  /** Months whose calls stand in files of their own. */
  readonly archives: number;
  readonly openHolds: number;
  readonly findings: readonly Finding[];
}

/** Checks everything in a data folder against everything else, and changes nothing. @throws LedgerError */
export async function examine(options: DoctorOptions): Promise<Examination> {
  return (await examineAnd(options, async () => [])).before;
}

export interface Repair {
  readonly before: Examination;
  /** What was done, in words for people. */
  readonly done: readonly string[];
  readonly after: Examination;
}

/** Examines a data folder and mends what can be mended; nothing is deleted. @throws LedgerError */
export async function repairFolder(options: DoctorOptions): Promise<Repair> {
  const { dir, now, fs = nodeFileSystem, wasmPath } = options;
  const settings = { dir, now, fs, ...(wasmPath === undefined ? {} : { wasmPath }) };
  const { before, done } = await examineAnd(options, (inspection) => repair(inspection, settings));
  return { before, done, after: done.length === 0 ? before : await examine(options) };
}

async function examineAnd(
  { dir, fs = nodeFileSystem, wasmPath }: DoctorOptions,
  work: (inspection: ReturnType<typeof inspect>) => Promise<string[]>,
): Promise<{ before: Examination; done: string[] }> {
  try {
    const inspection = inspect(fs, dir, await loadSqlite(wasmPath));
    try {
      const { journal, calls, archives, openHolds, findings } = inspection;
      const before = {
        sound: findings.every(({ kind }) => kind !== "fault"),
        journalFiles: journal.files,
        entries: journal.entries,
        calls,
        archives,
        openHolds,
        findings,
      };
      return { before, done: await work(inspection) };
    } finally {
      inspection.close();
    }
  } catch (error) {
    throw ledgerErrorFrom(error, dir);
  }
}
