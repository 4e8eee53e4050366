import { join } from "node:path";
import type { SqlJsStatic } from "sql.js";
import type { TollgateEvent } from "../../domain/events.ts";
import { Archives } from "../archives.ts";
import type { Books } from "../books.ts";
import { LedgerDatabase } from "../database.ts";
import type { FileSystem } from "../fileSystem.ts";
import { Projection } from "../projection.ts";
import { openImage, PREVIOUS_SNAPSHOT, SNAPSHOT } from "../snapshot.ts";
import { checkArchives } from "./archiveCheck.ts";
import { checkAgainstJournal, checkTotals } from "./booksCheck.ts";
import { openToOthers } from "./fileModes.ts";
import { counted, type Finding, fault, note } from "./finding.ts";
import { checkJournal, type JournalCheck } from "./journalCheck.ts";

const BATCH = 2_000;

/** What is in a data folder. Its databases are open: `close` lets go of them. */
export interface Inspection {
  readonly journal: JournalCheck;
  /** The snapshot, brought to the journal's end; null where no whole one exists. */
  readonly books: Books | null;
  /** The same made from the journal alone. */
  readonly replayed: LedgerDatabase;
  readonly calls: number;
  /** Months in files of their own. */
  readonly archives: number;
  readonly openHolds: number;
  /** Faults that a database rebuilt from the journal does not have. */
  readonly booksAtFault: boolean;
  readonly openToOthers: readonly string[];
  readonly findings: readonly Finding[];
  close(): void;
}

/** Reads everything and changes nothing. @throws LedgerError where the folder was written by a newer Tollgate */
export function inspect(fs: FileSystem, dir: string, sqlite: SqlJsStatic): Inspection {
  const snapshots = snapshotsOf(fs, dir, sqlite);
  const archivesOf = (database: LedgerDatabase) => new Archives({ fs, dir, sqlite, database });
  const books = snapshots.newest === null ? null : new Projection(snapshots.newest, archivesOf(snapshots.newest));
  const snapshotSeq = books?.appliedSeq ?? 0;
  const empty = new LedgerDatabase(sqlite, null);
  const replayed = new Projection(empty, archivesOf(empty));
  const batch = new Batch(books === null ? [replayed] : [replayed, books]);
  const journal = checkJournal(fs, dir, (event) => batch.add(event));
  batch.flush();
  const ahead =
    snapshotSeq > journal.lastSeq
      ? [fault(`The database knows entries up to ${snapshotSeq}; the journal ends with ${journal.lastSeq}.`)]
      : [];
  const ofBooks = [
    ...snapshots.findings,
    ...ahead,
    ...(books === null ? [] : checkArchives(fs, dir, sqlite, books.archives.all)),
    ...(books === null ? [] : checkTotals(sqlite, books)),
    ...(books === null ? [] : checkAgainstJournal(books, replayed.database)),
  ];
  const openPaths = openToOthers(fs, dir);
  const present = books ?? replayed;
  const holds = Number(present.database.get("SELECT COUNT(*) AS held FROM holds")?.held);
  return {
    journal,
    books,
    replayed: replayed.database,
    calls: callsIn(present),
    archives: present.archives.all.length,
    openHolds: holds,
    booksAtFault: ofBooks.some(({ kind }) => kind === "fault"),
    openToOthers: openPaths,
    findings: [
      ...journal.findings,
      ...batch.findings(),
      ...ofBooks,
      ...openPaths.map((path) => fault(`Other users of this machine may read ${path}.`)),
      ...(holds === 0
        ? []
        : [note(`${counted(holds, "call", "calls")} under way when the sidecar ended: booked at its next start.`)]),
    ],
    close: () => {
      replayed.close();
      books?.close();
    },
  };
}

function snapshotsOf(
  fs: FileSystem,
  dir: string,
  sqlite: SqlJsStatic,
): { readonly newest: LedgerDatabase | null; readonly findings: Finding[] } {
  let newest: LedgerDatabase | null = null;
  const findings: Finding[] = [];
  for (const name of [SNAPSHOT, PREVIOUS_SNAPSHOT]) {
    if (!fs.exists(join(dir, name))) {
      continue;
    }
    const database = openImage(sqlite, fs.read(join(dir, name)), "thorough");
    if (database === null) {
      findings.push(fault(`The database file ${name} is damaged.`));
    } else if (newest === null) {
      newest = database;
    } else {
      database.close();
    }
  }
  return { newest, findings };
}

function callsIn({ database, archives }: Books): number {
  const hot = Number(database.get("SELECT COUNT(*) AS calls FROM call_rows")?.calls);
  return archives.all.reduce((sum, { calls }) => sum + calls, hot);
}

/** Applies events to projections, many at a time. */
class Batch {
  readonly #projections: readonly Projection[];
  #events: TollgateEvent[] = [];
  readonly #skipped = new Map<number, string>();

  constructor(projections: readonly Projection[]) {
    this.#projections = projections;
  }

  add(event: TollgateEvent): void {
    this.#events.push(event);
    if (this.#events.length >= BATCH) {
      this.flush();
    }
  }

  flush(): void {
    for (const projection of this.#projections) {
      for (const { seq, why } of projection.apply(this.#events)) {
        this.#skipped.set(seq, why);
      }
    }
    this.#events = [];
  }

  findings(): Finding[] {
    return [...this.#skipped].map(([seq, why]) =>
      fault(`Entry ${seq} of the journal cannot be added to the totals: ${why}`),
    );
  }
}
