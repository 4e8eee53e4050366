import { LARGEST_EVENT, type SseSink } from "./sse.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Cuts a JSON array of objects that is sent over time into its elements as the bytes arrive, chunk borders anywhere. What
 * stands between two elements belongs to the second one. An object without an array around it is one element.
 */
export class JsonArraySplitter {
  readonly #sink: SseSink;
  readonly #largest: number;
  /** The current element as far as it has arrived in earlier chunks. */
  #parts: Buffer[] = [];
  #size = 0;
  #skipping = false;
  #depth = 0;
  /** The depth between elements: 1 within an array, 0 where there is none. */
  #between = 0;
  #begun = false;
  #inText = false;
  #afterBackslash = false;

  constructor(sink: SseSink, largest: number = LARGEST_EVENT) {
    this.#sink = sink;
    this.#largest = largest;
  }

  /** Bytes that have come of an element whose end has not. */
  get held(): number {
    return this.#size;
  }

  /** Whether the array, or the one object, has come to its end. */
  get closed(): boolean {
    return this.#begun && this.#depth === 0;
  }

  push(chunk: Buffer): void {
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      at = this.#inText ? this.#textEnd(chunk, at) : at;
      const byte = chunk[at];
      at += 1;
      if (byte === QUOTE) {
        this.#inText = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.#between = this.#begun ? this.#between : byte === OPEN_BRACKET ? 1 : 0;
        this.#begun = true;
        this.#depth += 1;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth = Math.max(0, this.#depth - 1);
        if (this.#depth <= this.#between) {
          this.#emit(chunk.subarray(start, at));
          start = at;
        }
      }
    }
    if (start < chunk.length) {
      this.#keep(chunk.subarray(start));
    }
  }

  /** Gives what is left. */
  end(): void {
    if (this.#size > 0) {
      this.#emit(Buffer.alloc(0));
    }
  }

  /** Where the text that `from` stands in ends, its quote taken in; the chunk's end where it goes on. */
  #textEnd(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#afterBackslash) {
      this.#afterBackslash = false;
      at += 1;
    }
    let backslash = chunk.indexOf(BACKSLASH, at);
    const quoteFrom = (place: number) => chunk.indexOf(QUOTE, place);
    for (let quote = quoteFrom(at); ; ) {
      if (backslash === -1 || (quote !== -1 && quote < backslash)) {
        this.#inText = quote === -1;
        return quote === -1 ? chunk.length : quote + 1;
      }
      at = backslash + 2;
      if (at > chunk.length) {
        this.#afterBackslash = true;
        return chunk.length;
      }
      backslash = chunk.indexOf(BACKSLASH, at);
      quote = quote !== -1 && quote < at ? quoteFrom(at) : quote;
    }
  }

  #keep(bytes: Buffer): void {
    if (this.#skipping) {
      this.#sink.unread(bytes);
      return;
    }
    this.#parts.push(bytes);
    this.#size += bytes.length;
    if (this.#size > this.#largest) {
      this.#skipping = true;
      this.#flushUnread();
    }
  }

  #emit(last: Buffer): void {
    if (this.#skipping) {
      this.#skipping = false;
      this.#sink.unread(last);
    } else if (this.#size + last.length > this.#largest) {
      this.#flushUnread();
      this.#sink.unread(last);
    } else {
      this.#parts.push(last);
      const [only] = this.#parts;
      const raw = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#size = 0;
      this.#sink.event(raw);
    }
  }

  #flushUnread(): void {
    for (const part of this.#parts) {
      this.#sink.unread(part);
    }
    this.#parts = [];
    this.#size = 0;
  }
}

/** The object in an element's bytes; empty where there is none, as at the array's end. */
export function elementOf(raw: Buffer): Buffer {
  const start = raw.indexOf(OPEN_BRACE);
  return start === -1 ? raw.subarray(raw.length) : raw.subarray(start);
}
