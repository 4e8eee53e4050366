import type { Call } from "../domain/call.ts";
import type { Sharing } from "../domain/compute/computeEvents.ts";
import type { EventOf } from "../domain/events.ts";
import type { Archives } from "./archives.ts";
import type { CallKeys } from "./callKeys.ts";
import { callOfRow, INSERT_CALL, rowOfCall } from "./callRows.ts";
import type { LedgerDatabase, Row } from "./database.ts";
import type { RollupBatch } from "./rollupBatch.ts";

/** The rows of calls, and what they add to the sums, which `rollups` gathers. */
export class BookedCalls {
  readonly #database: LedgerDatabase;
  readonly #keys: CallKeys;
  readonly #archives: Archives;

  constructor(database: LedgerDatabase, keys: CallKeys, archives: Archives) {
    this.#database = database;
    this.#keys = keys;
    this.#archives = archives;
  }

  /** A call counts once, by its id. What was booked as interrupted gives way to what is known better. */
  book(call: Call, seq: number, rollups: RollupBatch): void {
    this.#takeBackMonthOf(Date.parse(call.startedAt));
    const keyId = this.#keys.idOf(call);
    if (this.#database.run(INSERT_CALL, rowOfCall(call, seq, keyId, this.#keys)) === 0) {
      const before = this.#database.get("SELECT * FROM call_rows WHERE id = ?", [call.id]);
      if (before === null || before.status !== "interrupted" || call.status === "interrupted") {
        return;
      }
      this.#replace(before, call, seq, rollups);
      return;
    }
    rollups.addCall(call, keyId, 1);
  }

  /** The share of a server's hours that the call has stays with it. */
  #replace(before: Row, call: Call, seq: number, rollups: RollupBatch): void {
    const known = callOfRow(before, this.#keys);
    const { computeShareNanoUsd } = known;
    const next = computeShareNanoUsd === undefined ? call : { ...call, computeShareNanoUsd };
    rollups.addCall(known, Number(before.key_id), -1);
    this.#database.run("DELETE FROM call_rows WHERE id = ?", [call.id]);
    const keyId = this.#keys.idOf(next);
    this.#database.run(INSERT_CALL, rowOfCall(next, seq, keyId, this.#keys));
    rollups.addCall(next, keyId, 1);
  }

  share({ callId, startedAt, costNanoUsd }: Sharing["shares"][number], rollups: RollupBatch): void {
    this.#takeBackMonthOf(startedAt);
    const before = this.#database.get("SELECT * FROM call_rows WHERE id = ?", [callId]);
    if (before === null) {
      throw new Error(`The call ${callId} shares compute hours and was never booked`);
    }
    const call = callOfRow(before, this.#keys);
    this.#database.run("UPDATE call_rows SET compute_nano_usd = COALESCE(compute_nano_usd, 0) + ? WHERE id = ?", [
      costNanoUsd,
      callId,
    ]);
    rollups.addShare(call, Number(before.key_id), costNanoUsd);
  }

  /** It may be one that is archived already, or known better now: that can only be told with its month at hand. */
  #takeBackMonthOf(startedAt: number): void {
    const archive = this.#archives.at(startedAt);
    if (archive !== null) {
      this.#archives.takeBack(archive, this.#keys);
    }
  }

  /** The call keeps its place in the order of calls. One that was never booked is booked. */
  correct({ seq, at, call, by, why }: EventOf<"call.corrected">, rollups: RollupBatch): void {
    this.#takeBackMonthOf(Date.parse(call.startedAt));
    const before = this.#database.get("SELECT * FROM call_rows WHERE id = ?", [call.id]);
    if (before === null) {
      this.book(call, seq, rollups);
      return;
    }
    this.#replace(before, call, Number(before.seq), rollups);
    this.#database.run("DELETE FROM deferred WHERE call_id = ?", [call.id]);
    this.#database.run(
      `INSERT INTO corrections (seq, at, call_id, before_nano_usd, after_nano_usd, by, why) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [seq, at, call.id, before.cost_nano_usd ?? 0, call.costNanoUsd, by, why],
    );
  }
}
