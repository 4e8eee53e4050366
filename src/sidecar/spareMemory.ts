import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * How long nothing must have happened, ms. Such a collection lets go of compiled code, too: the next few thousand calls take
 * up to 70% more processor time, until theirs is compiled again.
 */
const QUIET_MS = 60_000;
/** So many bytes more than were left last time are worth the tens of ms that a collection takes. */
const WORTHWHILE = 16 * 1_024 * 1_024;

export interface SpareMemoryOptions {
  /** Whether something is under way that a collection would hold up. */
  readonly isBusy: () => boolean;
  /** Resident memory of this process, bytes. */
  readonly resident?: () => number;
  readonly collect?: () => void;
  /** How long nothing must have happened, ms. */
  readonly quietMs?: number | undefined;
}

/**
 * Gives memory back to the system that many calls at once, or the start, have left behind, once nothing has happened for a
 * while. V8 keeps the pages of what it has collected for the next burst, which in a process in the background may never come.
 */
export class SpareMemory {
  readonly #isBusy: () => boolean;
  readonly #resident: () => number;
  readonly #collect: () => void;
  readonly #quietMs: number;
  /** Resident when it was given back last and little could be. */
  #least = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor({
    isBusy,
    resident = process.memoryUsage.rss,
    collect = collectAll,
    quietMs = QUIET_MS,
  }: SpareMemoryOptions) {
    this.#isBusy = isBusy;
    this.#resident = resident;
    this.#collect = collect;
    this.#quietMs = quietMs;
  }

  /** To be called whenever something happens. Keeps no process alive. */
  touch(): void {
    if (this.#timer === null) {
      this.#timer = setTimeout(() => this.look() && this.touch(), this.#quietMs).unref();
    } else {
      this.#timer.refresh();
    }
  }

  /** Gives back what can be spared now; true where it is worth another look in a while. */
  look(): boolean {
    if (this.#isBusy()) {
      return true;
    }
    const before = this.#resident();
    if (before - this.#least < WORTHWHILE) {
      return false;
    }
    this.#collect();
    const left = this.#resident();
    // What was collected lets go of memory outside of V8's heap, too, which the next collection finds.
    const isWorthwhile = before - left >= WORTHWHILE;
    this.#least = isWorthwhile ? 0 : left;
    return isWorthwhile;
  }
}

let collector: ((how: object) => void) | undefined;

/** Only the thorough kind of collection returns pages. Node has no other way to ask for it. */
function collectAll(): void {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("gc") as (how: object) => void;
    setFlagsFromString("--no-expose-gc");
  }
  collector({ type: "major", execution: "sync", flavor: "last-resort" });
}
