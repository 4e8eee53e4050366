import { decodeBase64, decodedLength } from "./base64.ts";
import { type Hole, holesIn, type Kind, MOST_DIGITS, type Places } from "./eventHoles.ts";
import { escapeAt } from "./jsonEscape.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;
/** Comparing words takes half the time of comparing bytes; to get at them takes as long as some hundred bytes. */
const LEAST_FOR_WORDS = 200;
const WORD = 4;
const TWO_WORDS = 8;

/** Events larger than this, in bytes, have no shape: few are, and none like another. */
export const LARGEST_SHAPE = 16_384;

/** What stood as base64 in the event that was compared last, of any shape; behind what makes it a server-sent event. */
export const DECODED = Buffer.alloc(LARGEST_SHAPE, "data: ");
export const DECODED_FROM = "data: ".length;

/**
 * The form of an event that has been parsed. Streams send the same bytes over and over, and only a text and some counts
 * differ: an event that equals a known one everywhere else means the same, and need not be parsed. Comparing takes a tenth
 * of the time.
 */
export class EventShape {
  readonly holes: readonly Hole[];
  /** By hole, of the event that matched last: UTF-8 bytes of the text as JSON means it, the count, or bytes decoded. */
  readonly values: number[];
  /** Where the event that matched last ends. */
  end = 0;
  /** The event by which the shape was learned: a copy, so that its chunk is not kept. */
  readonly #model: Buffer;
  readonly #modelWords: DataView | null;
  /** Where what is fixed ends in it, before each hole and at the end; and where it goes on after each hole. */
  readonly #fixedEnds: readonly number[];
  readonly #holeEnds: readonly number[];
  readonly #kinds: readonly Kind[];

  private constructor(event: Buffer, holes: readonly Hole[]) {
    this.holes = holes;
    this.values = holes.map(() => 0);
    this.#model = Buffer.from(event);
    this.#modelWords = event.length < LEAST_FOR_WORDS ? null : wordsOf(this.#model);
    this.#fixedEnds = [...holes.map(({ start }) => start), event.length];
    this.#holeEnds = holes.map(({ end }) => end);
    this.#kinds = holes.map(({ kind }) => kind);
  }

  /**
   * The shape of an event whose JSON, a part of the same memory, has been parsed and is an object. Null where its JSON is no
   * part of it, or where a name on the way to a place stands twice.
   */
  static of(event: Buffer, json: Buffer, places: Places): EventShape | null {
    const offset = json.byteOffset - event.byteOffset;
    if (json.buffer !== event.buffer || offset < 0 || offset + json.length > event.length) {
      return null;
    }
    const holes = holesIn(event, offset, places);
    const shape = holes === null ? null : new EventShape(event, holes);
    return shape?.matches(event, 0) === true && shape.end === event.length ? shape : null;
  }

  /** Whether an event of this shape begins there; then `values` and `end` are its own. */
  matches(event: Buffer, from: number): boolean {
    const model = this.#model;
    const modelWords = this.#modelWords;
    const words = modelWords === null ? null : wordsOf(event);
    const fixedEnds = this.#fixedEnds;
    const last = fixedEnds.length - 1;
    let at = from;
    let modelAt = 0;
    for (let index = 0; ; index += 1) {
      const fixedEnd = fixedEnds[index] as number;
      if (fixedEnd - modelAt > event.length - at) {
        return false;
      }
      if (words !== null && modelWords !== null) {
        for (; modelAt + TWO_WORDS <= fixedEnd; modelAt += TWO_WORDS, at += TWO_WORDS) {
          if (
            words.getInt32(at, true) !== modelWords.getInt32(modelAt, true) ||
            words.getInt32(at + WORD, true) !== modelWords.getInt32(modelAt + WORD, true)
          ) {
            return false;
          }
        }
      }
      for (; modelAt < fixedEnd; modelAt += 1, at += 1) {
        if (event[at] !== model[modelAt]) {
          return false;
        }
      }
      if (index === last) {
        this.end = at;
        return true;
      }
      at = this.#holeEnd(event, at, index);
      if (at === -1) {
        return false;
      }
      modelAt = this.#holeEnds[index] as number;
    }
  }

  /** UTF-8 bytes of all texts that count, of the event that matched last. */
  get textBytes(): number {
    let bytes = 0;
    for (let index = 0; index < this.holes.length; index += 1) {
      bytes += this.holes[index]?.kind === "text" ? (this.values[index] as number) : 0;
    }
    return bytes;
  }

  /** Where what fills a hole ends; -1 where it does not belong there. */
  #holeEnd(event: Buffer, start: number, hole: number): number {
    switch (this.#kinds[hole]) {
      case "count":
        return this.#countEnd(event, start, hole);
      case "base64": {
        const end = decodeBase64(event, start, DECODED, DECODED_FROM);
        this.values[hole] = end === -1 ? 0 : decodedLength(event, start, end);
        return end;
      }
      default:
        return this.#textEnd(event, start, hole);
    }
  }

  /** Where the text ends that begins there; -1 where it is none in JSON. */
  #textEnd(event: Buffer, start: number, hole: number): number {
    let at = start;
    let saved = 0;
    let isAscii = true;
    for (let byte = event[at]; byte !== QUOTE; byte = event[at]) {
      if (byte === undefined || byte < 0x20) {
        return -1;
      }
      if (byte === BACKSLASH) {
        const escaped = escapeAt(event, at);
        if (escaped === null) {
          return -1;
        }
        at += escaped.length;
        saved += escaped.length - escaped.bytes;
      } else {
        isAscii &&= byte < 0x80;
        at += 1;
      }
    }
    // Bytes that are no UTF-8 become others as they are decoded.
    this.values[hole] = (isAscii ? at - start : Buffer.byteLength(event.toString("utf8", start, at))) - saved;
    return at;
  }

  /** Where the count ends that begins there; -1 where it is none that JSON knows and that is exact. */
  #countEnd(event: Buffer, start: number, hole: number): number {
    let at = start;
    let count = 0;
    for (let byte = event[at]; byte !== undefined && byte >= ZERO && byte <= NINE; byte = event[at]) {
      count = count * 10 + byte - ZERO;
      at += 1;
    }
    const digits = at - start;
    if (digits === 0 || digits > MOST_DIGITS || (digits > 1 && event[start] === ZERO)) {
      return -1;
    }
    this.values[hole] = count;
    return at;
  }
}

function wordsOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
