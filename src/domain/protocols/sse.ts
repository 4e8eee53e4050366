const LF = 0x0a;
const CR = 0x0d;

/** An event larger than this, in bytes, is passed on unread. */
export const LARGEST_EVENT = 8 * 1024 * 1024;

/** Whether a content type is that of server-sent events. */
export function isEventStream(contentType: string | null): boolean {
  return contentType !== null && /^text\/event-stream\b/i.test(contentType);
}

/** What a splitter finds, in the order of the stream. All bytes together are the stream's, each once. */
export interface SseSink {
  /** One event with all its bytes, the empty line at its end included. */
  event(raw: Buffer): void;
  /** Bytes of an event that is too large to be kept. */
  unread(bytes: Buffer): void;
  /**
   * Takes in an event that begins there where it can tell without its being split off, and gives where it ends, its empty
   * line included; `from` where it cannot. Absent: it never can.
   */
  known?(bytes: Buffer, from: number): number;
}

/**
 * Cuts a stream of server-sent events (WHATWG HTML, 9.2.6) into its events as the bytes arrive. Chunks may end anywhere;
 * lines end in LF, CR or CRLF. Events that lie whole within a chunk are given as views of it, without a copy.
 */
export class SseSplitter {
  readonly #sink: SseSink;
  readonly #largest: number;
  /** The current event as far as it has arrived in earlier chunks. */
  #parts: Buffer[] = [];
  #size = 0;
  #skipping = false;
  /** Nothing of the current line has arrived. */
  #lineIsEmpty = true;
  /** The last chunk ended in CR: whether an LF belongs to it, the next byte tells. */
  #afterCr = false;

  constructor(sink: SseSink, largest: number = LARGEST_EVENT) {
    this.#sink = sink;
    this.#largest = largest;
  }

  /** Whether bytes are held back. */
  get holds(): boolean {
    return this.#size > 0;
  }

  /** Bytes that have come of an event whose end has not. */
  get held(): number {
    return this.#size;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) {
      return;
    }
    let start = this.#passKnown(chunk);
    if (start === chunk.length) {
      return;
    }
    let at = start;
    if (this.#afterCr) {
      this.#afterCr = false;
      at = chunk[0] === LF ? 1 : 0;
      if (this.#lineIsEmpty) {
        this.#emit(chunk.subarray(0, at));
        start = at;
      }
      this.#lineIsEmpty = true;
    }
    let nextCr = chunk.indexOf(CR, at);
    while (at < chunk.length) {
      const nextLf = chunk.indexOf(LF, at);
      if (nextCr !== -1 && nextCr < at) {
        nextCr = chunk.indexOf(CR, at);
      }
      const lineEnd = nextCr !== -1 && (nextLf === -1 || nextCr < nextLf) ? nextCr : nextLf;
      if (lineEnd === -1) {
        this.#lineIsEmpty = false;
        break;
      }
      if (lineEnd > at) {
        this.#lineIsEmpty = false;
      }
      at = lineEnd + 1;
      if (lineEnd === nextCr) {
        if (at === chunk.length) {
          this.#afterCr = true;
          break;
        }
        if (chunk[at] === LF) {
          at += 1;
        }
      }
      if (this.#lineIsEmpty) {
        this.#emit(start === 0 && at === chunk.length ? chunk : chunk.subarray(start, at));
        start = at;
      }
      this.#lineIsEmpty = true;
    }
    if (start < chunk.length) {
      this.#keep(start === 0 ? chunk : chunk.subarray(start));
    }
  }

  /** Gives what is left as an event of its own: providers that close at once may leave out the last empty line. */
  end(): void {
    if (this.#size > 0) {
      this.#emit(Buffer.alloc(0));
    }
  }

  /** Where the first event begins that has to be split off. */
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
    if (!this.#skipping && this.#size + last.length > this.#largest) {
      this.#flushUnread();
      this.#skipping = true;
    }
    if (this.#skipping) {
      this.#skipping = false;
      if (last.length > 0) {
        this.#sink.unread(last);
      }
    } else if (this.#size === 0) {
      this.#sink.event(last);
    } else {
      this.#parts.push(last);
      const raw = Buffer.concat(this.#parts);
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

const DATA = Buffer.from("data");
const COLON = 0x3a;
const SPACE = 0x20;

/** The data of an event: its `data:` lines joined by LF; empty where it has none. */
export function sseData(raw: Buffer): Buffer {
  let found: Buffer | null = null;
  let at = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? 3 : 0;
  while (at < raw.length) {
    const end = lineEndFrom(raw, at);
    if (raw[at] === DATA[0] && raw.compare(DATA, 0, 4, at, Math.min(at + 4, end)) === 0) {
      const colon = at + 4;
      if (colon === end || raw[colon] === COLON) {
        const value = raw.subarray(Math.min(end, colon + (raw[colon + 1] === SPACE ? 2 : 1)), end);
        found = found === null ? value : Buffer.concat([found, Buffer.of(LF), value]);
      }
    }
    at = end + 1;
  }
  return found ?? raw.subarray(raw.length);
}

function lineEndFrom(raw: Buffer, from: number): number {
  const lf = raw.indexOf(LF, from);
  const end = lf === -1 ? raw.length : lf;
  const cr = raw.subarray(from, end).indexOf(CR);
  return cr === -1 ? end : from + cr;
}
