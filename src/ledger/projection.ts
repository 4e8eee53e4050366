import type { EventOf, TollgateEvent } from "../domain/events.ts";
import type { Archives } from "./archives.ts";
import { BookedCalls } from "./bookedCalls.ts";
import { CallKeys } from "./callKeys.ts";
import { applyAccrual, applySharing, applyStopStep, applyUnknown } from "./computeProjection.ts";
import { type LedgerDatabase, wholeNumber } from "./database.ts";
import { HoldChanges, OpenHolds } from "./openHolds.ts";
import { RollupBatch } from "./rollupBatch.ts";

/** An event that the database did not take, and why. */
export interface SkippedEvent {
  readonly seq: number;
  readonly why: string;
}

/** Brings the database to what the journal says, a batch of events at a time. Each event counts once, by its `seq`. */
export class Projection {
  readonly database: LedgerDatabase;
  readonly keys: CallKeys;
  readonly archives: Archives;
  readonly #calls: BookedCalls;
  readonly #holds: OpenHolds;
  /** What the events that were applied add to the sums, where they are to be written later. */
  #unwritten = new RollupBatch();
  #appliedSeq: number;

  constructor(database: LedgerDatabase, archives: Archives) {
    this.database = database;
    this.archives = archives;
    this.keys = new CallKeys(database);
    this.#calls = new BookedCalls(database, this.keys, archives);
    this.#holds = new OpenHolds(database);
    this.#appliedSeq = wholeNumber(database.get("SELECT value FROM meta WHERE name = 'applied_seq'")?.value);
  }

  /** The last event that the database holds. */
  get appliedSeq(): number {
    return this.#appliedSeq;
  }

  /** When it happened, ms since the epoch; null where there is none, or an older version applied it. */
  get appliedAt(): number | null {
    const row = this.database.get("SELECT value FROM meta WHERE name = 'applied_at'");
    return row === null ? null : Number(row.value);
  }

  close(): void {
    this.archives.close();
    this.database.close();
  }

  /**
   * Applies events in one transaction. One that cannot be applied is left out alone, and told. The database's sums, and the
   * calls under way, may be written later, for many events at once: until then they lack these.
   */
  apply(events: readonly TollgateEvent[], rest: "now" | "later" = "now"): SkippedEvent[] {
    const skipped = this.#apply(events);
    if (rest === "now") {
      this.#writeRest();
    }
    return skipped;
  }

  #writeRest(): void {
    if (!this.#unwritten.isEmpty || !this.#holds.isWritten) {
      this.database.transaction(() => {
        this.#unwritten.write(this.database);
        this.#holds.write();
      });
      this.#unwritten = new RollupBatch();
    }
  }

  #apply(events: readonly TollgateEvent[]): SkippedEvent[] {
    const fresh = events.filter(({ seq }) => seq > this.#appliedSeq);
    const last = fresh.at(-1);
    if (last === undefined) {
      return [];
    }
    try {
      this.#applyTogether(fresh, last.seq);
      return [];
    } catch (error) {
      this.keys.reload();
      this.archives.reload();
      if (fresh.length > 1) {
        return fresh.flatMap((event) => this.#apply([event]));
      }
      this.#applyTogether([], last.seq);
      return [{ seq: last.seq, why: error instanceof Error ? error.message : String(error) }];
    }
  }

  #applyTogether(events: readonly TollgateEvent[], lastSeq: number): void {
    const rollups = new RollupBatch();
    const holds = new HoldChanges();
    this.database.transaction(() => {
      for (const event of events) {
        this.#applyOne(event, holds, rollups);
      }
      this.#note("applied_seq", lastSeq);
      const last = events.at(-1);
      if (last !== undefined) {
        this.#note("applied_at", last.at);
      }
    });
    this.#appliedSeq = lastSeq;
    this.#unwritten.add(rollups);
    this.#holds.add(holds);
  }

  #note(name: "applied_seq" | "applied_at", value: number): void {
    this.database.run(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [name, value],
    );
  }

  #applyOne(event: TollgateEvent, holds: HoldChanges, rollups: RollupBatch): void {
    switch (event.type) {
      case "call.held":
        this.#held(event, holds);
        return;
      case "call.settled":
        this.#booked(event, holds, rollups);
        return;
      case "call.refused":
        this.#booked(event, holds, rollups);
        this.database.run("INSERT OR IGNORE INTO refusals (call_id, refusal) VALUES (?, ?)", [
          event.call.id,
          JSON.stringify(event.refusal),
        ]);
        return;
      case "call.deferred":
        this.database.run("INSERT OR REPLACE INTO deferred (provider, deferred_id, call_id) VALUES (?, ?, ?)", [
          event.provider,
          event.deferredId,
          event.callId,
        ]);
        return;
      case "call.corrected":
        this.#calls.correct(event, rollups);
        return;
      case "compute.accrued":
        applyAccrual(this.database, event);
        return;
      case "compute.shared":
        for (const share of event.sharing.shares) {
          this.#calls.share(share, rollups);
        }
        applySharing(this.database, event.sharing);
        return;
      case "compute.unknown":
        applyUnknown(this.database, event.unknown);
        return;
      case "compute.stop":
        applyStopStep(this.database, event);
        return;
      case "budget.decided":
        this.#decided(event);
        return;
      case "alert.raised": {
        const { id, budget, threshold, windowStart, spentNanoUsd, limitNanoUsd } = event.alert;
        this.database.run(
          `INSERT INTO alerts (seq, at, id, budget, threshold, window_start, spent_nano_usd, limit_nano_usd)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
          [event.seq, event.at, id, budget, threshold, windowStart, spentNanoUsd, limitNanoUsd],
        );
        return;
      }
      case "provider.state":
        this.database.run(
          `INSERT INTO provider_states (name, at, up, detail) VALUES (?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET at = excluded.at, up = excluded.up, detail = excluded.detail`,
          [event.name, event.at, event.up ? 1 : 0, event.detail],
        );
        return;
      case "budget.changed":
        // A changed budget stands at its configured limit again. One that is gone leaves nothing to the next of its name.
        this.database.run(
          `UPDATE decisions SET spent = 1 WHERE budget = ? ${event.budget === null ? "" : "AND kind = 'raise'"}`,
          [event.name],
        );
        this.#changed(event, event.name, event.budget);
        return;
      case "provider.changed":
        this.#changed(event, event.name, event.provider);
        return;
      case "price.changed":
        this.#changed(event, null, null);
        return;
      case "backend.switched": {
        const { tier, by } = event.switched;
        this.#changed({ ...event, by }, tier, event.switched);
        return;
      }
      case "sidecar.started":
      case "sidecar.stopped":
        return;
    }
  }

  #held(event: EventOf<"call.held">, holds: HoldChanges): void {
    for (const budget of event.held.allowedBy) {
      this.database.run(
        `UPDATE decisions SET spent = 1 WHERE seq =
          (SELECT MIN(seq) FROM decisions WHERE budget = ? AND kind = 'allow-once' AND spent = 0)`,
        [budget],
      );
    }
    holds.begin(event);
  }

  #booked({ call, seq }: EventOf<"call.settled" | "call.refused">, holds: HoldChanges, rollups: RollupBatch): void {
    this.#holds.removeRow(call.id);
    holds.end(call.id);
    this.#calls.book(call, seq, rollups);
  }

  /** Of pauses and resumes of a budget the last one holds: an earlier pause does not come back when a later one has ended. */
  #decided({ seq, at, decision }: EventOf<"budget.decided">): void {
    const { id, budget, kind, limitNanoUsd, until, by, why } = decision;
    if (kind === "pause" || kind === "resume") {
      this.database.run("UPDATE decisions SET spent = 1 WHERE budget = ? AND kind IN ('pause', 'resume')", [budget]);
    }
    this.database.run(
      "INSERT INTO decisions (seq, at, id, budget, kind, limit_nano_usd, until, by, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      [seq, at, id, budget, kind, limitNanoUsd, until, by, why],
    );
  }

  #changed(
    event: Pick<TollgateEvent, "seq" | "at" | "type"> & { readonly by: string },
    name: string | null,
    content: unknown,
  ): void {
    this.database.run("INSERT INTO changes (seq, at, type, name, by, content) VALUES (?, ?, ?, ?, ?, ?)", [
      event.seq,
      event.at,
      event.type,
      name,
      event.by,
      content === null ? null : JSON.stringify(content),
    ]);
  }
}
