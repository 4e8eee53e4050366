/** How many bytes of events are kept before they are counted. */
const LARGEST_BACKLOG = 256 * 1024;

/**
 * Counts the text in a stream's events, but only when it comes to it: most streams end in a report, and then nobody needs
 * the count, and parsing every event would cost several times what passing it on costs.
 */
export class EventBacklog {
  readonly #count: (raw: Buffer) => number;
  #events: Buffer[] = [];
  #size = 0;
  /** Bytes of text in events that wait beside those, which were measured as they came. */
  #measured = 0;
  #counted = 0;
  #withText = 0;

  /** `count` gives the bytes of the model's text in one event. */
  constructor(count: (raw: Buffer) => number) {
    this.#count = count;
  }

  /**
   * No fewer tokens than this have passed, apart from `silent` events that hold none: each event holds one or more, and no
   * text that was counted has more than ten bytes to a token.
   */
  tokensAtLeast(silent: number): number {
    return Math.max(this.#withText - silent, Math.floor(this.#counted / 10));
  }

  add(raw: Buffer): void {
    this.#events.push(raw);
    this.#withText += 1;
    this.#size += raw.length;
    if (this.#size > LARGEST_BACKLOG) {
      this.count();
    }
  }

  /** Adds an event whose text has been measured already; it waits like the others. */
  addMeasured(bytes: number): void {
    this.#measured += bytes;
    this.#withText += 1;
  }

  addBytes(bytes: number): void {
    this.#counted += bytes;
    this.#withText += bytes > 0 ? 1 : 0;
  }

  /** A report covers all that came before it. */
  clear(): void {
    this.#events = [];
    this.#size = 0;
    this.#measured = 0;
    this.#counted = 0;
  }

  /** Bytes of text since the last report. */
  count(): number {
    const events = this.#events;
    this.#events = [];
    this.#size = 0;
    this.#counted += this.#measured;
    this.#measured = 0;
    for (const raw of events) {
      this.#counted += this.#count(raw);
    }
    return this.#counted;
  }
}
