import type { SqlJsStatic } from "sql.js";
import { archiveMonths, removeUnnamed } from "./archiveMonths.ts";
import { DAY_MS } from "./figures.ts";
import type { FileSystem } from "./fileSystem.ts";
import type { Journal } from "./journal.ts";
import { ledgerErrorFrom } from "./ledgerError.ts";
import type { Notices } from "./notices.ts";
import type { Projection } from "./projection.ts";
import { writeSnapshot } from "./snapshot.ts";

const SNAPSHOT_EVENTS = 20_000;
/** A large database is written out after as many events as it has thousands of bytes: else most of the work would be that. */
const BYTES_AN_EVENT = 1_000;
const SNAPSHOT_MS = 300_000;
const ARCHIVE_AFTER_DAYS = 35;
/** A database of so many calls takes 15 MB of memory, and each snapshot writes all of it. */
const CROWD = 100_000;
/** By then calls of the month have come to their end, and start finds enough newer ones to learn from. */
const ARCHIVE_CROWD_AFTER_DAYS = 3;

/** When the database is written out, and when months leave it. */
export interface SnapshotOptions {
  /** A snapshot is made after so many events (default 20,000, more where the database has more than 20 MB) … */
  readonly snapshotEveryEvents?: number;
  /** … or after so many ms when something was booked (default 5 minutes). */
  readonly snapshotEveryMs?: number;
  /** Days after its end (UTC) that a month's calls leave the database for a file of their own (default 35). */
  readonly archiveAfterDays?: number;
  /** They leave after 3 days already where the database holds more calls than this (default 100,000). */
  readonly crowd?: number;
  /** Whether a month is due is asked at the first snapshot, and again after so many ms (default a day). */
  readonly archiveEveryMs?: number;
}

export interface SnapshotKeeperOptions extends SnapshotOptions {
  readonly fs: FileSystem;
  readonly dir: string;
  /** Counts the sidecars that owned the folder. */
  readonly generation: number;
  readonly now: () => number;
  readonly sqlite: SqlJsStatic;
  readonly journal: Journal;
  readonly projection: Projection;
  readonly notices: Notices;
  /** Brings the projection to what has been acknowledged. */
  readonly catchUp: () => void;
}

/** Writes the database out now and then, so that a start reads little of the journal. */
export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  readonly #timer: NodeJS.Timeout;
  #eventsSince: number;
  /** The database's size when it was last looked at. */
  #bytes: number;
  #running: Promise<void> | null = null;
  #archivedAt = Number.NEGATIVE_INFINITY;
  /** Archives that the last snapshots of this process name. */
  #named: Array<readonly string[]> = [];

  constructor(options: SnapshotKeeperOptions, eventsSince: number) {
    this.#options = options;
    this.#eventsSince = eventsSince;
    this.#bytes = options.projection.database.size;
    this.#timer = setInterval(() => {
      options.catchUp();
      if (this.#eventsSince > 0) {
        void this.snapshot();
      }
    }, options.snapshotEveryMs ?? SNAPSHOT_MS).unref();
  }

  /** To be told of events that were applied. */
  applied(events: number): void {
    this.#eventsSince += events;
    const { snapshotEveryEvents = Math.max(SNAPSHOT_EVENTS, this.#bytes / BYTES_AN_EVENT) } = this.#options;
    if (this.#eventsSince >= snapshotEveryEvents) {
      void this.snapshot();
    }
  }

  /** Never throws: without a snapshot the next start reads more of the journal, no more. */
  snapshot(): Promise<void> {
    // Not before it is known to be running: what it catches up with may ask for a snapshot, too.
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  /** Makes none any more by itself. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #run(): Promise<void> {
    this.#options.catchUp();
    this.#eventsSince = 0;
    await this.#archive();
    await this.#write();
  }

  async #archive(): Promise<void> {
    const { fs, dir, now, sqlite, projection, journal } = this.#options;
    if (now() - this.#archivedAt < (this.#options.archiveEveryMs ?? DAY_MS)) {
      return;
    }
    this.#archivedAt = now();
    const endedBefore = now() - this.#archiveAfterDays() * DAY_MS;
    await this.#attempt("archive", "The calls of past months could not be moved into files of their own.", () =>
      archiveMonths({ fs, dir, sqlite, projection, endedBefore, checkOwner: () => journal.checkOwner() }),
    );
  }

  #archiveAfterDays(): number {
    const { projection, archiveAfterDays = ARCHIVE_AFTER_DAYS, crowd = CROWD } = this.#options;
    const calls = Number(projection.database.get("SELECT COUNT(*) AS calls FROM call_rows")?.calls);
    return calls > crowd ? Math.min(archiveAfterDays, ARCHIVE_CROWD_AFTER_DAYS) : archiveAfterDays;
  }

  async #write(): Promise<void> {
    const { fs, dir, generation, journal, projection, catchUp } = this.#options;
    await this.#attempt("snapshot", "The ledger's database file could not be renewed.", async () => {
      catchUp();
      this.#eventsSince = 0;
      this.#bytes = projection.database.size;
      const named = projection.archives.all.map(({ file }) => file);
      journal.checkOwner();
      await writeSnapshot(fs, dir, {
        database: projection.database,
        by: String(generation),
        // A snapshot must not know more than the journal will after a power cut.
        beforeItCounts: async () => {
          await journal.sync();
          journal.checkOwner();
        },
      });
      this.#named = [named, ...this.#named].slice(0, 2);
      if (this.#named.length === 2) {
        const current = projection.archives.all.map(({ file }) => file);
        removeUnnamed(fs, dir, new Set([...this.#named.flat(), ...current]));
      }
    });
  }

  async #attempt(kind: string, failed: string, work: () => Promise<void>): Promise<void> {
    const { notices, dir } = this.#options;
    try {
      await work();
      notices.clear(kind);
    } catch (error) {
      const { code, message } = ledgerErrorFrom(error, dir);
      if (code !== "fenced") {
        notices.set(kind, `${failed} ${message}`);
      }
    }
  }
}
