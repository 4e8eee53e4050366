import { NOTHING_READ, type Reading, type StreamReader } from "../protocol.ts";
import type { Tally } from "./bedrockTally.ts";
import { type EventFrame, type FrameSink, FrameSplitter } from "./eventFrames.ts";
import { EventHold } from "./eventHold.ts";

/** Reads a stream of Amazon's event frames; every byte goes on to the client. */
export class BedrockStream implements StreamReader, FrameSink {
  readonly #tally: Tally;
  readonly #splitter = new FrameSplitter(this);
  readonly #hold = new EventHold();
  #errorType: string | null = null;
  #trouble: string | null = null;
  #ended = false;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  push(chunk: Buffer): Buffer {
    this.#splitter.push(chunk);
    return this.#hold.pass(chunk, this.#splitter.held);
  }

  end(): Buffer {
    this.#ended = true;
    return this.#hold.rest();
  }

  get answering(): boolean {
    return this.#tally.answering;
  }

  get outputAtLeast(): number {
    return this.#tally.outputAtLeast;
  }

  get lastEventPassed(): boolean {
    return this.#tally.complete;
  }

  get complete(): boolean {
    return this.#tally.complete;
  }

  reading(): Reading {
    const failedAtOnce = this.#errorType !== null && !this.#tally.begun;
    const reading = failedAtOnce ? NOTHING_READ : this.#tally.reading();
    const isCut = this.#ended && !this.complete;
    return {
      ...reading,
      errorType: this.#errorType ?? reading.errorType,
      trouble: this.#trouble ?? reading.trouble ?? (isCut ? "The stream broke off before its end" : null),
    };
  }

  frame({ isError, type, payload }: EventFrame): void {
    if (isError) {
      this.#errorType ??= type || "error";
    } else if (!this.#tally.take(type, payload)) {
      this.#trouble ??= "An event of the stream is not JSON";
    }
  }

  unread(reason: string): void {
    this.#trouble ??= reason;
  }
}
