import type { NewEvent } from "../domain/events.ts";
import type { Turn } from "./turn.ts";

interface Waiter {
  readonly event: NewEvent;
  resolve(): void;
  reject(error: unknown): void;
}

/** Events that are written together near the end of a turn: a write costs far more than the lines that it writes. */
export class GatheredEvents {
  readonly #turn: Turn;
  readonly #write: (events: readonly NewEvent[]) => void;
  #waiters: Waiter[] = [];

  /** `write` takes all of them or, where it throws, none. */
  constructor(turn: Turn, write: (events: readonly NewEvent[]) => void) {
    this.#turn = turn;
    this.#write = write;
  }

  /** Resolves when the event is written. Rejects with what `write` threw. */
  add(event: NewEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ event, resolve, reject });
      if (this.#waiters.length === 1) {
        this.#turn.nearEnd(() => this.#writeAll());
      }
    });
  }

  #writeAll(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      this.#write(waiters.map(({ event }) => event));
      for (const { resolve } of waiters) {
        resolve();
      }
    } catch (error) {
      for (const { reject } of waiters) {
        reject(error);
      }
    }
  }
}
