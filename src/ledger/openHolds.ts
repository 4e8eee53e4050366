import type { EventOf } from "../domain/events.ts";
import type { LedgerDatabase } from "./database.ts";

type HeldEvent = EventOf<"call.held">;

/** What a batch of events changes of the calls under way. */
export class HoldChanges {
  readonly begun = new Map<string, HeldEvent>();
  readonly ended: string[] = [];

  begin(event: HeldEvent): void {
    this.begun.set(event.held.id, event);
  }

  end(id: string): void {
    if (!this.begun.delete(id)) {
      this.ended.push(id);
    }
  }
}

/**
 * Calls that were let through and have not come to their end. Most settle before anybody asks for them: their rows are written
 * when the database is to be whole.
 */
export class OpenHolds {
  readonly #database: LedgerDatabase;
  readonly #written = new Set<string>();
  readonly #unwritten = new Map<string, HeldEvent>();

  constructor(database: LedgerDatabase) {
    this.#database = database;
    database.each("SELECT id FROM holds", [], (row) => this.#written.add(String(row.id)));
  }

  get isWritten(): boolean {
    return this.#unwritten.size === 0;
  }

  /** To be called in the batch's transaction. */
  removeRow(id: string): void {
    if (this.#written.has(id)) {
      this.#database.run("DELETE FROM holds WHERE id = ?", [id]);
    }
  }

  /** To be called once the batch's transaction is through. */
  add({ begun, ended }: HoldChanges): void {
    for (const id of ended) {
      this.#unwritten.delete(id);
      this.#written.delete(id);
    }
    for (const [id, event] of begun) {
      this.#unwritten.set(id, event);
    }
  }

  /** Writes the rows that are missing. */
  write(): void {
    for (const { seq, at, held } of this.#unwritten.values()) {
      if (this.#database.get("SELECT 1 FROM call_rows WHERE id = ?", [held.id]) === null) {
        this.#database.run("INSERT OR REPLACE INTO holds (id, seq, at, held) VALUES (?, ?, ?, ?)", [
          held.id,
          seq,
          at,
          JSON.stringify(held),
        ]);
        this.#written.add(held.id);
      }
    }
    this.#unwritten.clear();
  }
}
