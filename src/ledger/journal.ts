import type { NewEvent, TollgateEvent } from "../domain/events.ts";
import { encodeLine } from "./journalLine.ts";
import { LedgerError, ledgerErrorFrom } from "./ledgerError.ts";
import { Patience } from "./patience.ts";
import { SegmentWriter, type SegmentWriterOptions } from "./segmentWriter.ts";

/** How long a hold may wait for a sync of its own, ms: a settlement usually brings one sooner. */
const SOON_SYNC_MS = 50;

export interface JournalOptions extends SegmentWriterOptions {
  readonly now: () => number;
  /** Told of every event in the order of `seq`, when it counts: appended ones once they are on the disk. */
  readonly deliver: (event: TollgateEvent) => void;
  /** Told when the disk fails, and with null when it takes the books again. */
  readonly trouble: (error: LedgerError | null) => void;
}

interface Entry {
  readonly event: TollgateEvent;
  readonly line: string;
  /** May be told to subscribers. */
  ready: boolean;
  resolve: ((event: TollgateEvent) => void) | null;
  reject: ((error: LedgerError) => void) | null;
}

interface SyncWaiter {
  readonly seq: number;
  resolve(): void;
  reject(error: LedgerError): void;
}

/**
 * The journal's writer. Lines go to the kernel in the order of `seq`; one fdatasync is under way at a time, and what is
 * appended meanwhile is the next batch.
 *
 * When a write or a sync fails, the segment is given up: its descriptor is never synced again, and every append that waits
 * is rejected. Rejected means "not known to be on the disk", not "forgotten": the events keep their numbers and are written
 * to a new segment, first of all, as soon as the next append finds the disk well. Those of an `appendSoon` that throws are
 * forgotten.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #writer: SegmentWriter;
  #nextSeq = 1;
  /** Numbered, not written. */
  #queue: Entry[] = [];
  /** Written, no sync begun. */
  #unsynced: Entry[] = [];
  /** Written, being synced. */
  #inFlight: Entry[] = [];
  /** Of segments that were given up: to be written first. */
  #carried: Entry[] = [];
  #undelivered: Entry[] = [];
  #syncWaiters: SyncWaiter[] = [];
  #syncing = false;
  #scheduled = false;
  /** A sync was asked for that has not begun. */
  #wanted = false;
  readonly #patience = new Patience(() => this.#schedule());
  #failure: LedgerError | null = null;
  /** Set for good: the folder belongs to another sidecar, or the journal is closed. */
  #ended: LedgerError | null = null;

  /** Takes the folder by making segment `number`. @throws LedgerError */
  constructor(options: JournalOptions, number: number) {
    this.#options = options;
    try {
      this.#writer = new SegmentWriter(options, number);
    } catch (error) {
      throw ledgerErrorFrom(error, options.dir);
    }
  }

  /** Gives the folder back unused. */
  abandon(): void {
    this.#ended = closedError();
    this.#writer.abandon();
  }

  /** To be called once, when what was there has been read. Fails as the file system does. */
  async begin(firstSeq: number): Promise<void> {
    this.#nextSeq = firstSeq;
    this.#writer.begin(firstSeq);
    await this.#writer.sync();
  }

  /**
   * Numbers the event; resolves when it is on the disk. With `patienceMs` it waits so long for others to share a sync with.
   * @throws LedgerError
   */
  append(event: NewEvent, patienceMs = 0): Promise<TollgateEvent> {
    if (this.#ended !== null) {
      return Promise.reject(this.#ended);
    }
    return new Promise((resolve, reject) => {
      this.#enqueue(event, resolve, reject);
      if (patienceMs === 0) {
        this.#schedule();
      } else {
        this.#patience.endWithin(patienceMs);
      }
    });
  }

  /** Numbers events and hands them to the kernel at once, where they outlive this process; the next sync covers them. */
  appendSoon(events: readonly NewEvent[]): void {
    if (this.#ended !== null) {
      throw this.#ended;
    }
    const entries: Entry[] = [];
    try {
      this.#ensureOpen();
      for (const event of events) {
        entries.push(this.#enqueue(event, null, null));
      }
      this.#writeQueue();
    } catch (error) {
      this.#queue.splice(this.#queue.length - entries.length);
      this.#undelivered.splice(this.#undelivered.length - entries.length);
      throw this.#giveUp(error);
    }
    for (const entry of entries) {
      entry.ready = true;
    }
    this.#deliver();
    this.#patience.endWithin(SOON_SYNC_MS);
  }

  /** Resolves when every event numbered so far is on the disk. @throws LedgerError */
  sync(): Promise<void> {
    const pending = this.#queue.length + this.#unsynced.length + this.#inFlight.length + this.#carried.length;
    if (pending === 0) {
      return Promise.resolve();
    }
    if (this.#ended !== null) {
      return Promise.reject(this.#ended);
    }
    return new Promise((resolve, reject) => {
      this.#syncWaiters.push({ seq: this.#nextSeq - 1, resolve, reject });
      this.#schedule();
    });
  }

  /** @throws LedgerError where another sidecar has taken the folder */
  checkOwner(): void {
    if (this.#ended !== null) {
      throw this.#ended;
    }
    this.#writer.checkFence();
  }

  /** Writes and syncs what is left, then takes nothing more. @throws LedgerError where not everything could be written */
  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      this.#ended ??= closedError();
      this.#patience.forget();
      this.#writer.giveUp();
    }
  }

  #enqueue(event: NewEvent, resolve: Entry["resolve"], reject: Entry["reject"]): Entry {
    const { type, ...rest } = event;
    const stamped = { type, seq: this.#nextSeq, at: this.#options.now(), ...rest } as TollgateEvent;
    const entry: Entry = { event: stamped, line: encodeLine(stamped), ready: false, resolve, reject };
    this.#nextSeq += 1;
    this.#queue.push(entry);
    this.#undelivered.push(entry);
    return entry;
  }

  /** A turn of the event loop gathers the appends of all callers that are ready in it. */
  #schedule(): void {
    this.#wanted = true;
    if (!this.#scheduled && !this.#syncing) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        void this.#writeAndSync();
      });
    }
  }

  async #writeAndSync(): Promise<void> {
    this.#patience.forget();
    this.#wanted = false;
    this.#syncing = true;
    try {
      this.#ensureOpen();
      this.#writeQueue();
      this.#inFlight = this.#unsynced;
      this.#unsynced = [];
      await this.#writer.sync();
      this.#syncing = false;
      this.#acknowledge();
    } catch (error) {
      this.#syncing = false;
      this.#giveUp(error);
    }
    if (this.#wanted || this.#syncWaiters.length > 0) {
      this.#schedule();
    }
  }

  #acknowledge(): void {
    const entries = this.#inFlight;
    this.#inFlight = [];
    for (const entry of entries) {
      entry.ready = true;
    }
    this.#deliver();
    for (const entry of entries) {
      entry.resolve?.(entry.event);
    }
    const pending = this.#carried[0] ?? this.#unsynced[0] ?? this.#queue[0];
    const before = pending?.event.seq ?? Number.POSITIVE_INFINITY;
    const waiters = this.#syncWaiters;
    this.#syncWaiters = waiters.filter(({ seq }) => seq >= before);
    for (const waiter of waiters) {
      if (waiter.seq < before) {
        waiter.resolve();
      }
    }
    if (this.#failure !== null && this.#writer.isOpen) {
      this.#failure = null;
      this.#options.trouble(null);
    }
  }

  #deliver(): void {
    let ready = 0;
    while (this.#undelivered[ready]?.ready) {
      ready += 1;
    }
    for (const { event } of this.#undelivered.splice(0, ready)) {
      this.#options.deliver(event);
    }
  }

  /** Opens a new segment where the last one was given up. */
  #ensureOpen(): void {
    if (this.#writer.isOpen) {
      return;
    }
    // A sync of the segment that was given up may still be under way; what it covers comes before all else.
    if (this.#failure !== null && (this.#ended !== null || this.#inFlight.length > 0)) {
      throw this.#ended ?? this.#failure;
    }
    const first = this.#carried[0] ?? this.#queue[0];
    this.#writer.open("recovery", first?.event.seq ?? this.#nextSeq);
    this.#queue = [...this.#carried, ...this.#queue];
    this.#carried = [];
  }

  #writeQueue(): void {
    const entries = this.#queue;
    const first = entries[0];
    if (first === undefined) {
      return;
    }
    const lines = entries.length === 1 ? first.line : entries.map(({ line }) => line).join("");
    this.#writer.write(lines, first.event.seq);
    this.#queue = [];
    for (const entry of entries) {
      this.#unsynced.push(entry);
    }
  }

  /** Gives the segment up and rejects whoever waits. */
  #giveUp(error: unknown): LedgerError {
    const failure = ledgerErrorFrom(error, this.#options.dir);
    if (failure.code === "fenced") {
      this.#ended ??= failure;
    }
    this.#failure = failure;
    this.#writer.giveUp();
    // While a sync is under way, what it covers may still be acknowledged.
    const failed = this.#syncing ? [] : this.#inFlight;
    this.#inFlight = this.#syncing ? this.#inFlight : [];
    this.#carried = [...failed, ...this.#carried, ...this.#unsynced, ...this.#queue];
    this.#unsynced = [];
    this.#queue = [];
    for (const entry of this.#carried) {
      entry.reject?.(failure);
      entry.reject = null;
      entry.resolve = null;
    }
    const waiters = this.#syncWaiters;
    this.#syncWaiters = [];
    for (const waiter of waiters) {
      waiter.reject(failure);
    }
    this.#options.trouble(failure);
    return failure;
  }
}

function closedError(): LedgerError {
  return new LedgerError("closed", "The ledger is closed.");
}
