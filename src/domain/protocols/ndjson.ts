import { LARGEST_EVENT } from "./sse.ts";

export const LF = 0x0a;

/** Whether a content type is that of JSON in lines. */
export function isNdjson(contentType: string | null): boolean {
  return contentType !== null && /^application\/(x-)?(ndjson|jsonl|json-lines)\b/i.test(contentType);
}

export interface LineSink {
  /** One line, without the LF at its end; empty ones are left out. */
  line(line: Buffer): void;
  /** A line is too large to be kept. */
  unread(): void;
  /**
   * Takes in a line that begins there where it can tell without its being split off, and gives where the next one begins;
   * `from` where it cannot. Absent: it never can.
   */
  known?(bytes: Buffer, from: number): number;
}

/** Cuts a stream into its lines as the bytes arrive; chunks may end anywhere. A line that is not whole yet is kept. */
export class LineSplitter {
  readonly #sink: LineSink;
  readonly #largest: number;
  #parts: Buffer[] = [];
  #size = 0;
  #skipping = false;

  /** Lines of more than `largest` bytes are skipped. */
  constructor(sink: LineSink, largest: number = LARGEST_EVENT) {
    this.#sink = sink;
    this.#largest = largest;
  }

  /** Bytes that have come of a line whose end has not. */
  get held(): number {
    return this.#size;
  }

  push(chunk: Buffer): void {
    let start = this.#passKnown(chunk);
    if (start === chunk.length) {
      return;
    }
    for (let end = chunk.indexOf(LF, start); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#emit();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** Gives what is left as a line of its own. */
  end(): void {
    this.#emit();
  }

  /** Where the first line begins that has to be split off. */
  #passKnown(chunk: Buffer): number {
    let at = 0;
    if (this.#sink.known !== undefined && this.#size === 0 && !this.#skipping) {
      for (let end = this.#sink.known(chunk, 0); end > at; end = this.#sink.known(chunk, at)) {
        at = end;
      }
    }
    return at;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0 || this.#skipping) {
      return;
    }
    this.#parts.push(bytes);
    this.#size += bytes.length;
    if (this.#size > this.#largest) {
      this.#skipping = true;
      this.#parts = [];
      this.#size = 0;
      this.#sink.unread();
    }
  }

  #emit(): void {
    const [first, ...more] = this.#parts;
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    if (first !== undefined) {
      this.#sink.line(more.length === 0 ? first : Buffer.concat([first, ...more]));
    }
  }
}
