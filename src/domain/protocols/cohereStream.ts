import { NOTHING_READ, type Reading, type RequestFacts, type StreamReader } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { cohereBytes, cohereErrorOf, cohereUsageOf } from "./cohereUsage.ts";
import { EventBacklog } from "./eventBacklog.ts";
import { EventHold } from "./eventHold.ts";
import type { Places } from "./eventHoles.ts";
import { bytesOf, isObject, type JsonObject, objectOf, parseOrUndefined } from "./jsonValue.ts";
import { ShapeBook } from "./shapeBook.ts";
import { type SseSink, SseSplitter, sseData } from "./sse.ts";

/** Events whose text may be less than a token. */
const EVENTS_WITHOUT_TOKEN = 16;

/** Where events differ that add to an answer: parts of content, of a plan, and of a call. */
const PLACES: Places = {
  delta: {
    message: {
      content: { text: "text", thinking: "text" },
      tool_plan: "text",
      tool_calls: { function: { arguments: "text" } },
    },
  },
};

/** Reads a stream of Cohere's chat events, the last of which, `message-end`, has the usage; every byte goes on. */
export class CohereStream implements StreamReader, SseSink {
  readonly #facts: RequestFacts;
  readonly #splitter = new SseSplitter(this);
  readonly #hold = new EventHold();
  readonly #backlog = new EventBacklog(() => 0);
  /** By shape: bytes of the model's in each event beside the texts that differ. */
  readonly #shapes = new ShapeBook<number>(PLACES);
  #report: unknown = null;
  #errorType: string | null = null;
  #trouble: string | null = null;
  #answering = false;
  #complete = false;
  #ended = false;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
  }

  push(chunk: Buffer): Buffer {
    this.#splitter.push(chunk);
    return this.#hold.pass(chunk, this.#splitter.held);
  }

  end(): Buffer {
    this.#ended = true;
    this.#splitter.end();
    return this.#hold.rest();
  }

  get answering(): boolean {
    return this.#answering;
  }

  get outputAtLeast(): number {
    return this.#backlog.tokensAtLeast(EVENTS_WITHOUT_TOKEN);
  }

  get lastEventPassed(): boolean {
    return this.#complete;
  }

  get complete(): boolean {
    return this.#complete;
  }

  reading(): Reading {
    const failedAtOnce = this.#errorType !== null && !this.#answering && !isObject(this.#report);
    const counted = failedAtOnce
      ? { usage: NO_USAGE, basis: "none" as const }
      : cohereUsageOf(this.#report, this.#backlog.count(), this.#facts);
    return {
      ...NOTHING_READ,
      ...counted,
      errorType: this.#errorType,
      trouble: this.#trouble ?? (this.#ended && !this.#complete ? "The stream broke off before its end" : null),
    };
  }

  known(bytes: Buffer, from: number): number {
    const known = this.#shapes.findAt(bytes, from);
    if (known === null) {
      return from;
    }
    this.#add(known.fact + known.shape.textBytes);
    return known.shape.end;
  }

  event(raw: Buffer): void {
    const known = this.#shapes.find(raw);
    if (known !== null) {
      this.#add(known.fact + known.shape.textBytes);
      return;
    }
    const data = sseData(raw);
    if (data.length === 0 || data.toString("latin1").trim() === "[DONE]") {
      return;
    }
    const event = parseOrUndefined(data);
    if (isObject(event)) {
      this.#take(event, raw, data);
    } else {
      // The last event of a stream that broke off is cut: that is no fault of its own.
      this.#trouble ??= this.#ended ? null : "An event of the stream is not JSON";
    }
  }

  unread(): void {
    this.#trouble = "An event of the stream is too large to be read";
  }

  #take(event: JsonObject, raw: Buffer, data: Buffer): void {
    const delta = objectOf(event.delta);
    switch (event.type) {
      case "message-end":
        this.#complete = true;
        this.#report = delta.usage;
        this.#errorType ??= cohereErrorOf(delta);
        return;
      case "content-start":
      case "content-delta":
      case "tool-plan-delta":
      case "tool-call-start":
      case "tool-call-delta": {
        const bytes = cohereBytes(delta.message);
        this.#add(bytes);
        this.#shapes.learn(raw, data, (shape) => bytes - shape.textBytes);
        return;
      }
      case undefined:
        this.#errorType ??= bytesOf(event.message) > 0 ? "error" : null;
    }
  }

  #add(bytes: number): void {
    this.#backlog.addBytes(bytes);
    this.#answering ||= bytes > 0;
  }
}
