/** Calls that are under way at the same time: one alone is sooner through when it waits for nothing. */
const CROWD = 2;

/**
 * The end of the event loop's turn, to which a crowd of calls puts off what it has for its sockets. Whoever reads from a socket
 * and has fallen asleep is woken by each write, at a price of some tens of µs; writes that follow at once find it awake, and
 * what it answers comes together, too.
 */
export class Turn {
  readonly #callsInFlight: () => number;
  #due: Array<() => void> = [];

  constructor(callsInFlight: () => number) {
    this.#callsInFlight = callsInFlight;
  }

  get isCrowded(): boolean {
    return this.#callsInFlight() >= CROWD;
  }

  /** Does work at the end of this turn, in the order in which it came. It must not throw. */
  atEnd(work: () => void): void {
    this.#due.push(work);
    if (this.#due.length === 1) {
      setImmediate(() => {
        const due = this.#due;
        this.#due = [];
        for (const one of due) {
          one();
        }
      });
    }
  }
}
