import { crc32 } from "./crc32.ts";
import { LARGEST_EVENT } from "./sse.ts";

/**
 * Amazon's event stream (`application/vnd.amazon.eventstream`): binary frames, each of a prelude (its length, the headers'
 * length, a CRC of both), headers, payload, and a CRC of all before it. Numbers are big-endian.
 */
const PRELUDE = 12;
const CRC = 4;
const STRING = 7;
/** Bytes of a header's value by its type, where they are fixed: two truths, numbers of 1, 2, 4 and 8 bytes, a time, a UUID. */
const VALUE_SIZES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };
const BYTES = 6;

/** Whether a content type is that of Amazon's event streams. */
export function isEventFrames(contentType: string | null): boolean {
  return contentType !== null && /^application\/vnd\.amazon\.eventstream\b/i.test(contentType);
}

/** One frame. `type` names the event or the exception; `isError` where it is one of those that end a stream. */
export interface EventFrame {
  readonly isError: boolean;
  readonly type: string;
  readonly payload: Buffer;
}

export interface FrameSink {
  frame(frame: EventFrame): void;
  /** A frame, or all that follows, could not be read: why, in words. */
  unread(reason: string): void;
}

/**
 * Cuts a stream into its frames as the bytes arrive; chunks may end anywhere. What it keeps is never more than one frame,
 * and no frame larger than `largest` bytes. After a prelude that makes no sense nothing more is read.
 */
export class FrameSplitter {
  readonly #sink: FrameSink;
  readonly #largest: number;
  /** The current prelude, or the current frame, as far as `#size` bytes of it have arrived. */
  #gathering = Buffer.allocUnsafe(PRELUDE);
  #size = 0;
  /** Bytes still to come of a frame that is too large to be kept. */
  #skipping = 0;
  #lost = false;
  /** The headers of the latest frame: those of the next are mostly the same. */
  #headers: Buffer = Buffer.alloc(0);
  #kind: FrameKind | null = kindOf(this.#headers);

  constructor(sink: FrameSink, largest: number = LARGEST_EVENT) {
    this.#sink = sink;
    this.#largest = largest;
  }

  /** Bytes that have come of a frame whose end has not. */
  get held(): number {
    return this.#lost ? 0 : this.#size;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#lost) {
      at = this.#size === 0 && this.#skipping === 0 ? this.#wholeFrom(chunk, at) : this.#moreFrom(chunk, at);
    }
  }

  /** Takes a frame that lies whole in the chunk, without a copy. */
  #wholeFrom(chunk: Buffer, at: number): number {
    if (chunk.length - at >= PRELUDE) {
      const total = this.#totalOf(chunk, at);
      if (total === null) {
        return chunk.length;
      }
      if (chunk.length - at >= total && total <= this.#largest) {
        this.#emit(total === chunk.length ? chunk : chunk.subarray(at, at + total));
        return at + total;
      }
    }
    return this.#moreFrom(chunk, at);
  }

  #moreFrom(chunk: Buffer, at: number): number {
    if (this.#skipping > 0) {
      const skipped = Math.min(this.#skipping, chunk.length - at);
      this.#skipping -= skipped;
      return at + skipped;
    }
    const taken = chunk.copy(this.#gathering, this.#size, at, at + this.#gathering.length - this.#size);
    this.#size += taken;
    if (this.#size === this.#gathering.length) {
      this.#gathered();
    }
    return at + taken;
  }

  #gathered(): void {
    const gathered = this.#gathering;
    if (gathered.length > PRELUDE) {
      this.#startPrelude();
      this.#emit(gathered);
      return;
    }
    const total = this.#totalOf(gathered, 0);
    if (total === null) {
      return;
    }
    if (total > this.#largest) {
      this.#startPrelude();
      this.#skipping = total - PRELUDE;
      this.#sink.unread("An event of the stream is too large to be read");
      return;
    }
    this.#gathering = Buffer.allocUnsafe(total);
    gathered.copy(this.#gathering);
  }

  #startPrelude(): void {
    this.#gathering = Buffer.allocUnsafe(PRELUDE);
    this.#size = 0;
  }

  /** The length of the frame whose prelude stands there; null, and the rest is lost, where it is none. */
  #totalOf(bytes: Buffer, at: number): number | null {
    const total = bytes.readUInt32BE(at);
    const headers = bytes.readUInt32BE(at + 4);
    if (total < PRELUDE + headers + CRC || crc32(bytes, at, at + 8) !== bytes.readUInt32BE(at + 8)) {
      this.#lost = true;
      this.#sink.unread("The stream is not made of event frames");
      return null;
    }
    return total;
  }

  #emit(frame: Buffer): void {
    const end = frame.length - CRC;
    const headersEnd = PRELUDE + frame.readUInt32BE(4);
    const kind = crc32(frame, 0, end) === frame.readUInt32BE(end) ? this.#kindOf(frame, headersEnd) : null;
    if (kind === null) {
      this.#sink.unread("An event of the stream is damaged");
    } else {
      this.#sink.frame({ isError: kind.isError, type: kind.type, payload: frame.subarray(headersEnd, end) });
    }
  }

  /** What a frame is by its headers, which end there; null where they cannot be read. */
  #kindOf(frame: Buffer, headersEnd: number): FrameKind | null {
    if (!hasHeaders(frame, headersEnd, this.#headers)) {
      // A copy, so that the chunk is not kept.
      this.#headers = Buffer.from(frame.subarray(PRELUDE, headersEnd));
      this.#kind = kindOf(this.#headers);
    }
    return this.#kind;
  }
}

function hasHeaders(frame: Buffer, headersEnd: number, headers: Buffer): boolean {
  if (headersEnd - PRELUDE !== headers.length) {
    return false;
  }
  for (let at = 0; at < headers.length; at += 1) {
    if (frame[PRELUDE + at] !== headers[at]) {
      return false;
    }
  }
  return true;
}

type FrameKind = Pick<EventFrame, "isError" | "type">;

function kindOf(headerBytes: Buffer): FrameKind | null {
  const headers = textHeaders(headerBytes);
  if (headers === null) {
    return null;
  }
  const kind = headers.get(":message-type") ?? "event";
  const name = kind === "event" ? ":event-type" : kind === "exception" ? ":exception-type" : ":error-code";
  return { isError: kind !== "event", type: headers.get(name) ?? "" };
}

/** The headers that are texts, by name; null where they do not fill their space. */
function textHeaders(bytes: Buffer): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const typeAt = at + 1 + (bytes[at] as number);
    const type = bytes[typeAt] ?? -1;
    const isLong = type === STRING || type === BYTES;
    const valueAt = typeAt + (isLong ? 3 : 1);
    if (valueAt > bytes.length) {
      return null;
    }
    const size = isLong ? bytes.readUInt16BE(typeAt + 1) : VALUE_SIZES[type];
    if (size === undefined || valueAt + size > bytes.length) {
      return null;
    }
    if (type === STRING) {
      headers.set(bytes.toString("utf8", at + 1, typeAt), bytes.toString("utf8", valueAt, valueAt + size));
    }
    at = valueAt + size;
  }
  return headers;
}

/** The bytes of a frame with text headers. A header's name has at most 255 bytes, its value 65,535. */
export function frameOf(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const parts = Object.entries(headers).flatMap(([name, value]) => {
    const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
    const size = Buffer.alloc(2);
    size.writeUInt16BE(valueBytes.length);
    return [Buffer.of(nameBytes.length), nameBytes, Buffer.of(STRING), size, valueBytes];
  });
  const headerBytes = Buffer.concat(parts);
  const frame = Buffer.alloc(PRELUDE + headerBytes.length + payload.length + CRC);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(headerBytes.length, 4);
  frame.writeUInt32BE(crc32(frame, 0, 8), 8);
  headerBytes.copy(frame, PRELUDE);
  payload.copy(frame, PRELUDE + headerBytes.length);
  frame.writeUInt32BE(crc32(frame, 0, frame.length - CRC), frame.length - CRC);
  return frame;
}
