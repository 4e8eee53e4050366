/** Calls that are under way at the same time: one alone is sooner through when it waits for nothing. */
const CROWD = 2;

/**
 * The end of the event loop's turn, to which a crowd of calls puts off what it has for its sockets. Whoever reads from a socket
 * and has fallen asleep is woken by each write, at a price of some tens of µs; writes that follow at once find it awake, and
 * what it answers comes together, too.
 */
export class Turn {
  readonly #callsInFlight: () => number;
  #isScheduled = false;
  #first: Array<() => void> = [];
  #last: Array<() => void> = [];

  constructor(callsInFlight: () => number) {
    this.#callsInFlight = callsInFlight;
  }

  get isCrowded(): boolean {
    return this.#callsInFlight() >= CROWD;
  }

  /** Does work at the end of this turn, in the order in which it came. It must not throw. */
  atEnd(work: () => void): void {
    this.#schedule();
    this.#last.push(work);
  }

  /** Does work before that, so that whoever waits for it can still ask for `atEnd` of the same turn. It must not throw. */
  nearEnd(work: () => void): void {
    this.#schedule();
    this.#first.push(work);
  }

  #schedule(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      // Promises go on between the two.
      setImmediate(() => this.#doFirst());
      setImmediate(() => this.#doLast());
    }
  }

  #doFirst(): void {
    const first = this.#first;
    this.#first = [];
    doAll(first);
  }

  #doLast(): void {
    this.#isScheduled = false;
    if (this.#first.length > 0) {
      this.#schedule();
    }
    const last = this.#last;
    this.#last = [];
    doAll(last);
  }
}

function doAll(work: ReadonlyArray<() => void>): void {
  for (const one of work) {
    one();
  }
}
