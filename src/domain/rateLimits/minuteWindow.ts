const SLOTS = 60;
const SLOT_MS = 1_000;
const MINUTE_MS = SLOTS * SLOT_MS;

/**
 * Counts what was taken in the last minute, second by second, in constant time and memory: in no minute is more taken than
 * the limit. One taking that is larger than the whole limit has a minute of its own. Times are ms, from any one clock.
 */
export class MinuteWindow {
  readonly #limit: number;
  /** One more than a minute's: the second that has just begun and the one that has not wholly passed. */
  readonly #slots = new Array<number>(SLOTS + 1).fill(0);
  /** The number of the newest second that anything was taken in. */
  #newest = 0;
  #total = 0;

  /** `limit` is at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** How long, in ms, until so much has room; 0 where it has now. */
  waitFor(amount: number, now: number): number {
    const second = this.#roll(now);
    const needed = Math.min(amount, this.#limit);
    let room = this.#limit - this.#total;
    if (room >= needed) {
      return 0;
    }
    for (let oldest = second - SLOTS; oldest <= second; oldest += 1) {
      room += this.#slots[indexOf(oldest)] as number;
      if (room >= needed) {
        return Math.max(1, (oldest + SLOTS + 1) * SLOT_MS - now);
      }
    }
    return MINUTE_MS;
  }

  /** Takes so much now, whether it has room or not. Gives the second that it counts in, for `correct`. */
  take(amount: number, now: number): number {
    const second = this.#roll(now);
    this.#add(second, amount);
    return second;
  }

  /** What was taken in a second is known better: more, or less (below 0). What is past its minute changes nothing. */
  correct(second: number, difference: number, now: number): void {
    const newest = this.#roll(now);
    if (second <= newest && second >= newest - SLOTS) {
      this.#add(second, Math.max(difference, -(this.#slots[indexOf(second)] as number)));
    }
  }

  #add(second: number, amount: number): void {
    this.#slots[indexOf(second)] = (this.#slots[indexOf(second)] as number) + amount;
    this.#total += amount;
  }

  /** Lets go of what is past its minute; a clock that is set back stands still here until it is there again. */
  #roll(now: number): number {
    const second = Math.max(this.#newest, Math.floor(now / SLOT_MS));
    const passed = Math.min(second - this.#newest, SLOTS + 1);
    for (let step = 1; step <= passed; step += 1) {
      const index = indexOf(second - passed + step);
      this.#total -= this.#slots[index] as number;
      this.#slots[index] = 0;
    }
    this.#newest = second;
    return second;
  }
}

function indexOf(second: number): number {
  return ((second % (SLOTS + 1)) + SLOTS + 1) % (SLOTS + 1);
}
