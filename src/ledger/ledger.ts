import type { Held, NewEvent, TollgateEvent } from "../domain/events.ts";
import { Archives } from "./archives.ts";
import { BookReader } from "./bookReader.ts";
import type { Books } from "./books.ts";
import { loadSqlite } from "./database.ts";
import type { FileSystem } from "./fileSystem.ts";
import { Journal } from "./journal.ts";
import { journalFolder, listSegments } from "./journalSegment.ts";
import { ledgerErrorFrom } from "./ledgerError.ts";
import { nodeFileSystem } from "./nodeFileSystem.ts";
import { Notices } from "./notices.ts";
import { Projection } from "./projection.ts";
import { newestHeader, type Recovery, replay } from "./recovery.ts";
import { noteRecovery, noteSkipped } from "./recoveryNotices.ts";
import { loadSnapshot } from "./snapshot.ts";
import { SnapshotKeeper, type SnapshotOptions } from "./snapshotKeeper.ts";

export interface LedgerOptions extends SnapshotOptions {
  /** The data folder. */
  readonly dir: string;
  /** Ms since the epoch. */
  readonly now: () => number;
  readonly fs?: FileSystem;
  /** SQLite's WebAssembly file, where it is not beside the bundle or in the installed package. */
  readonly wasmPath?: string;
  /** Bytes that a segment of the journal may grow to (default 16 MB). */
  readonly segmentBytes?: number;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;

/** What tests set so that a few calls fill a segment, make a snapshot and end a month. */
export type LedgerThresholds = SnapshotOptions & Pick<LedgerOptions, "segmentBytes">;

/** A call that was let through and whose end the journal does not tell; `at` is when, ms. */
export interface OpenHold {
  readonly held: Held;
  readonly at: number;
}

/** How long, in ms, booked events may wait for others, to be added to the database together. */
const APPLY_PAUSE_MS = 50;
/** So many wait no longer: they are added while the disk takes what was booked after them. */
const APPLY_LEAST = 32;
/** No more are added at once: it takes about a millisecond, in which no call gets on. */
const APPLY_SLICE = 96;

/**
 * The books: the journal, which is the truth, and the database projected from it. What is acknowledged is on the disk, and
 * every query sees it. Times are ms since the epoch; ranges include `from` and not `to`, and null bounds nothing.
 */
export class Ledger extends BookReader {
  /** What opening found. */
  readonly recovery: Recovery;
  /** When the last thing happened before it was opened, ms since the epoch; null where that is not known. */
  readonly lastBefore: number | null;
  readonly #journal: Journal;
  readonly #projection: Projection;
  readonly #notices: Notices;
  readonly #keeper: SnapshotKeeper;
  readonly #listeners = new Set<(event: TollgateEvent) => void>();
  readonly #firstSeq: number;
  #unapplied: TollgateEvent[] = [];
  #applyTimer: NodeJS.Timeout | null = null;
  #sliceIsDue = false;
  #closed = false;

  /** Takes the folder, which makes any former owner stop booking, and reads what is there. @throws LedgerError */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { dir, now } = options;
    const fs = options.fs ?? nodeFileSystem;
    const sqlite = await loadSqlite(options.wasmPath);
    const notices = new Notices();
    let ledger: Ledger | undefined;
    let journal: Journal | undefined;
    let projection: Projection | undefined;
    try {
      fs.makeFolder(journalFolder(dir));
      const segments = listSegments(fs, dir);
      const generation = (newestHeader(fs, dir, segments)?.generation ?? 0) + 1;
      journal = new Journal(
        {
          fs,
          dir,
          now,
          segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
          generation,
          deliver: (event) => ledger?.receive(event),
          trouble: (error) => (error === null ? notices.clear("journal") : notices.set("journal", error.message)),
        },
        (segments.at(-1) ?? 0) + 1,
      );
      const { database, setAside } = await loadSnapshot(fs, dir, sqlite, now());
      const trouble = (file: string, message: string) => notices.set(`archive ${file}`, message);
      projection = new Projection(database, new Archives({ fs, dir, sqlite, database, trouble }));
      const recovery = await replay(fs, dir, segments, projection);
      await journal.begin(recovery.lastSeq + 1);
      noteRecovery(notices, recovery, setAside);
      const keeper = new SnapshotKeeper(
        { ...options, fs, generation, sqlite, journal, projection, notices, catchUp: () => ledger?.catchUp() },
        recovery.replayed,
      );
      ledger = new Ledger({ journal, projection, notices, recovery, keeper });
      return ledger;
    } catch (error) {
      projection?.close();
      journal?.abandon();
      throw ledgerErrorFrom(error, dir);
    }
  }

  private constructor(parts: {
    journal: Journal;
    projection: Projection;
    notices: Notices;
    recovery: Recovery;
    keeper: SnapshotKeeper;
  }) {
    super();
    this.#journal = parts.journal;
    this.#projection = parts.projection;
    this.#notices = parts.notices;
    this.recovery = parts.recovery;
    this.lastBefore = parts.projection.appliedAt;
    this.#firstSeq = parts.recovery.lastSeq + 1;
    this.#keeper = parts.keeper;
  }

  /** Whether the disk did not take what was booked last. */
  get isFailing(): boolean {
    return this.#notices.has("journal");
  }

  /** What is or was wrong, in words for the user. */
  get notices(): string[] {
    return this.#notices.all;
  }

  /**
   * Books an event; resolves when it is on the disk. Rejected means that the disk does not take it now, not that it is
   * forgotten: it is written first of all when the disk does. Booking a call again with the same id counts it once. With
   * `patienceMs` the event waits so long for others to share a sync of the disk with.
   * @throws LedgerError
   */
  append(event: NewEvent, patienceMs = 0): Promise<TollgateEvent> {
    return this.#journal.append(event, patienceMs);
  }

  /**
   * Books events that need not be safe from a power cut before work goes on: they outlive this process when this returns, and
   * are synced with the next batch. Where it throws, all of them are forgotten. @throws LedgerError
   */
  appendSoon(...events: readonly NewEvent[]): void {
    this.#journal.appendSoon(events);
  }

  /**
   * Tells every event in the order of `seq`: appended ones when they are on the disk, those of `appendSoon` at once unless
   * appended ones before them still wait. Returns what ends it.
   */
  subscribe(listener: (event: TollgateEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls that were under way when the last sidecar ended and have not been booked since. */
  openHolds(): OpenHold[] {
    return this.books.database
      .all("SELECT held, at FROM holds WHERE seq < ? ORDER BY seq", [this.#firstSeq])
      .map((row) => ({ held: JSON.parse(String(row.held)) as Held, at: Number(row.at) }));
  }

  /** Resolves when everything booked so far is on the disk and in the database. @throws LedgerError */
  async flush(): Promise<void> {
    await this.#journal.sync();
    this.catchUp();
  }

  /**
   * Writes the database to the folder, after months that are due have left it. Never throws: without it the next start
   * reads more of the journal, no more.
   */
  snapshot(): Promise<void> {
    return this.#keeper.snapshot();
  }

  /** Writes what is left and lets go of the folder. @throws LedgerError where not everything could be written */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#keeper.stop();
    try {
      await this.#journal.sync();
    } finally {
      await this.#keeper.snapshot();
      await this.#journal.close().finally(() => this.#projection.close());
    }
  }

  /** What queries read: with everything that has been acknowledged. */
  protected override get books(): Books {
    this.catchUp();
    return this.#projection;
  }

  private receive(event: TollgateEvent): void {
    this.#unapplied.push(event);
    this.applySoon();
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // A subscriber's fault is not the ledger's: the others are still told.
      }
    }
  }

  /** Many events in one transaction cost a fraction of what each costs in one of its own; queries catch up by themselves. */
  private applySoon(): void {
    if (this.#unapplied.length >= APPLY_LEAST) {
      this.applyInTurn();
    } else {
      this.#applyTimer ??= setTimeout(() => this.applyInTurn(), APPLY_PAUSE_MS).unref();
    }
  }

  /**
   * Adds a slice once the calls that are ready have had their turn, and what they book is on its way to the disk (in the turn
   * after the next that begins): it is written while the slice is added.
   */
  private applyInTurn(): void {
    clearTimeout(this.#applyTimer ?? undefined);
    this.#applyTimer = null;
    if (!this.#sliceIsDue) {
      this.#sliceIsDue = true;
      setImmediate(() => setImmediate(() => this.applySlice()));
    }
  }

  private applySlice(): void {
    if (this.#projection.database.isBeingWritten && !this.#closed) {
      setImmediate(() => this.applySlice());
      return;
    }
    this.#sliceIsDue = false;
    if (!this.#closed) {
      this.apply(this.#unapplied.splice(0, APPLY_SLICE), "later");
      if (this.#unapplied.length > 0) {
        this.applySoon();
      }
    }
  }

  private catchUp(): void {
    this.apply(this.#unapplied.splice(0), "now");
  }

  private apply(events: readonly TollgateEvent[], rest: "now" | "later"): void {
    noteSkipped(this.#notices, this.#projection.apply(events, rest));
    if (!this.#closed && events.length > 0) {
      this.#keeper.applied(events.length);
    }
  }
}
