import type { Reading, RequestFacts, StreamReader } from "../protocol.ts";
import { EventHold } from "./eventHold.ts";
import { GOOGLE_PLACES, GoogleShape } from "./googleShape.ts";
import { GoogleTally } from "./googleTally.ts";
import { elementOf, JsonArraySplitter } from "./jsonArraySplitter.ts";
import { isObject, parseOrUndefined } from "./jsonValue.ts";
import { ShapeBook } from "./shapeBook.ts";
import { type SseSink, SseSplitter, sseData } from "./sse.ts";

/** A picture in an answer is one event, and large ones take some 20 MB as base64. */
const LARGEST_EVENT = 32 * 1024 * 1024;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/**
 * Reads a stream of `GenerateContentResponse`s: server-sent events, or where the client did not ask for `alt=sse` a JSON
 * array over time. The first byte tells which. Events go on whole, so that an error can follow wherever the stream is cut.
 */
export class GoogleStream implements StreamReader, SseSink {
  readonly #tally: GoogleTally;
  readonly #shapes = new ShapeBook<GoogleShape>(GOOGLE_PLACES);
  readonly #hold = new EventHold();
  #splitter: SseSplitter | JsonArraySplitter | null = null;
  #trouble: string | null = null;
  #ended = false;

  constructor(facts: RequestFacts) {
    this.#tally = new GoogleTally(facts);
  }

  push(chunk: Buffer): Buffer {
    this.#splitter ??= this.#splitterFor(chunk);
    if (this.#splitter === null) {
      return chunk;
    }
    this.#splitter.push(chunk);
    return this.#hold.pass(chunk, this.#splitter.held);
  }

  end(): Buffer {
    this.#ended = true;
    this.#splitter?.end();
    return this.#hold.rest();
  }

  get answering(): boolean {
    return this.#tally.answering;
  }

  get outputAtLeast(): number {
    return this.#tally.outputAtLeast;
  }

  get complete(): boolean {
    return this.#tally.finished || (this.#splitter instanceof JsonArraySplitter && this.#splitter.closed);
  }

  get lastEventPassed(): boolean {
    return this.complete;
  }

  reading(): Reading {
    const reading = this.#tally.reading(this.complete);
    const brokeOff = this.#ended && !this.complete && reading.errorType === null;
    return { ...reading, trouble: this.#trouble ?? (brokeOff ? "The stream broke off before its end" : null) };
  }

  known(bytes: Buffer, from: number): number {
    const known = this.#shapes.findAt(bytes, from);
    if (known === null) {
      return from;
    }
    this.#tally.takeAlike(known.fact);
    return known.shape.end;
  }

  event(raw: Buffer): void {
    const known = this.#shapes.find(raw);
    if (known !== null) {
      this.#tally.takeAlike(known.fact);
      return;
    }
    const data = this.#splitter instanceof SseSplitter ? dataOf(raw) : elementOf(raw);
    if (data.length === 0) {
      return;
    }
    const chunk = parseOrUndefined(data);
    if (isObject(chunk)) {
      this.#tally.take(chunk);
      if (!this.#tally.finished) {
        this.#shapes.learn(raw, data, (shape) => GoogleShape.of(shape, chunk));
      }
    } else {
      // The last event of a stream that broke off is cut: that is no fault of its own.
      this.#trouble ??= this.#ended ? null : "An event of the stream is not JSON";
    }
  }

  unread(): void {
    this.#trouble = "An event of the stream is too large to be read";
  }

  #splitterFor(chunk: Buffer): SseSplitter | JsonArraySplitter | null {
    const first = chunk.find((byte) => byte > 0x20);
    if (first === undefined) {
      return null;
    }
    return first === OPEN_BRACKET || first === OPEN_BRACE
      ? new JsonArraySplitter(this, LARGEST_EVENT)
      : new SseSplitter(this, LARGEST_EVENT);
  }
}

/** An event's data; errors in the middle of a stream can come as bare JSON. */
function dataOf(raw: Buffer): Buffer {
  const data = sseData(raw);
  return data.length === 0 && raw[0] === OPEN_BRACE ? raw : data;
}
