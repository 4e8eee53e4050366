import type { Reading, RequestFacts, StreamReader } from "../protocol.ts";
import { EventBacklog } from "./eventBacklog.ts";
import type { Places } from "./eventHoles.ts";
import { isObject, type JsonObject, listOf, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { type Answered, readingOf } from "./openaiResponsesReading.ts";
import { deltaPlace, ResponsesText, SOUND_DELTA } from "./openaiResponsesText.ts";
import { responsesErrorOf, responsesReportOf } from "./openaiResponsesUsage.ts";
import { type KnownShape, ShapeBook } from "./shapeBook.ts";
import { type SseSink, SseSplitter, sseData } from "./sse.ts";

/** Names, as they end in JSON, that only events have which tell of the whole. */
const MATTERS = /response":|error"/;
/** How the type of an event with text ends, in its `event:` line or in its JSON. */
const DELTA = /\.delta["\n\r]/;
/** Deltas that are no tokens of the model, or fewer: thoughts in the words of another model, and sound. */
const OTHER_DELTA = /reasoning_summary|response\.audio\./;
/** Where deltas of one item differ, and the padding that hides how long they are. */
const DELTA_PLACES: Places = { delta: "text", sequence_number: "count", obfuscation: "padding" };

/** What the deltas of one shape have alike. */
interface Delta {
  /** Of their item. */
  readonly place: unknown;
  /** Whether they are tokens of the model, each of them one or more. */
  readonly spoken: boolean;
}

const NOTHING = Buffer.alloc(0);
/** Deltas that may be empty. */
const DELTAS_WITHOUT_TEXT = 16;
const ENDS = /^response\.(completed|incomplete|failed|cancelled)$/;

/** Reads a stream of response events; every byte goes on to the client. */
export class OpenaiResponsesStream implements StreamReader, SseSink {
  readonly #facts: RequestFacts;
  readonly #splitter = new SseSplitter(this);
  readonly #text = new ResponsesText();
  /** Calls of tools that the provider ran, by their place in the output. */
  readonly #items = new Map<unknown, JsonObject>();
  readonly #deltas = new ShapeBook<Delta>(DELTA_PLACES);
  readonly #spoken = new EventBacklog((raw) => this.#parsed(raw));
  readonly #rest = new EventBacklog((raw) => this.#parsed(raw));
  /** The response as it was last told, without its end and with it. */
  #response: JsonObject = {};
  #ended: JsonObject | null = null;
  #errorType: string | null = null;
  #trouble: string | null = null;
  #answering = false;
  #isOver = false;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
  }

  push(chunk: Buffer): Buffer {
    this.#splitter.push(chunk);
    return chunk;
  }

  end(): Buffer {
    this.#isOver = true;
    this.#splitter.end();
    return NOTHING;
  }

  get answering(): boolean {
    return this.#answering;
  }

  get outputAtLeast(): number {
    return this.#spoken.tokensAtLeast(DELTAS_WITHOUT_TEXT);
  }

  get lastEventPassed(): boolean {
    return this.#ended !== null;
  }

  get complete(): boolean {
    return this.#ended !== null;
  }

  reading(): Reading {
    if (!this.#isReported) {
      this.#spoken.count();
      this.#rest.count();
      for (const [place, item] of listOf(this.#ended?.output).entries()) {
        this.#text.addItem(place, item);
      }
    }
    const isInBackground = this.#response.background === true || this.#response.status === "queued";
    const answered: Answered = {
      response: this.#ended ?? this.#response,
      state: this.#ended !== null ? "ended" : isInBackground ? "goes-on" : "cut",
      items: this.#ended === null ? [...this.#items.values()] : listOf(this.#ended.output),
      textBytes: this.#text.bytes,
      errorType: this.#errorType,
    };
    const brokeOff = this.#isOver && this.#ended === null ? "The stream broke off before its end" : null;
    return { ...readingOf(answered, this.#facts), trouble: this.#trouble ?? brokeOff };
  }

  /** Whether the provider's own count is there: then nobody needs ours. */
  get #isReported(): boolean {
    const report = this.#ended === null ? null : responsesReportOf(this.#ended);
    return report?.inputReported === true && report.outputReported;
  }

  known(bytes: Buffer, from: number): number {
    const known = this.#deltas.findAt(bytes, from);
    if (known === null) {
      return from;
    }
    this.#takeAlike(known);
    return known.shape.end;
  }

  event(raw: Buffer): void {
    const known = this.#deltas.find(raw);
    if (known !== null) {
      this.#takeAlike(known);
      return;
    }
    const text = raw.toString("latin1");
    const isDelta = DELTA.test(text);
    if (this.#answering && !MATTERS.test(text) && !(isDelta && this.#deltas.learns)) {
      (isSpoken(text) ? this.#spoken : this.#rest).add(raw);
      return;
    }
    const data = sseData(raw);
    if (data.length === 0 || (data.length <= 16 && data.toString("latin1").trim() === "[DONE]")) {
      return;
    }
    const event = parseOrUndefined(data);
    if (isObject(event)) {
      const spoken = isSpoken(text);
      this.#take(event, spoken);
      if (isDelta) {
        this.#learn(event, spoken, raw, data);
      }
    } else {
      // The last event of a stream that broke off is cut: that is no fault of its own.
      this.#trouble ??= this.#isOver ? null : "An event of the stream is not JSON";
    }
  }

  unread(): void {
    this.#trouble = "An event of the stream is too large to be read";
  }

  #take(event: JsonObject, spoken: boolean): void {
    const { response } = event;
    if (isObject(response)) {
      this.#response = response;
      if (ENDS.test(textOf(event.type) ?? "")) {
        this.#ended = response;
      }
    }
    this.#errorType ??= event.type === "error" ? errorEventType(event) : responsesErrorOf(objectOf(response));
    this.#errorType ??= isObject(event.error) ? responsesErrorOf(event) : null;
    const bytes = this.#textIn(event);
    if (spoken) {
      this.#spoken.addBytes(bytes);
    }
  }

  #takeAlike({ shape, fact }: KnownShape<Delta>): void {
    const bytes = shape.textBytes;
    this.#text.addDelta(fact.place, bytes);
    this.#answering ||= bytes > 0;
    if (fact.spoken) {
      this.#spoken.addMeasured(bytes);
    }
  }

  /** A delta that is text and tells nothing else is like all others of its item. */
  #learn(event: JsonObject, spoken: boolean, raw: Buffer, data: Buffer): void {
    const isText = textOf(event.type)?.endsWith(".delta") === true && event.type !== SOUND_DELTA;
    const isPlain = isText && textOf(event.delta) !== null && event.item === undefined && event.response === undefined;
    this.#deltas.learn(raw, data, () => (isPlain ? { place: deltaPlace(event), spoken } : null));
  }

  #parsed(raw: Buffer): number {
    const event = parseOrUndefined(sseData(raw));
    return isObject(event) ? this.#textIn(event) : 0;
  }

  #textIn(event: JsonObject): number {
    const bytes = this.#text.add(event);
    if (isObject(event.item)) {
      this.#items.set(event.output_index ?? event.item.id, event.item);
    }
    this.#answering ||= this.#text.bytes > 0;
    return bytes;
  }
}

/** The error stands in the event itself, or within it, as with errors that are no event. */
function errorEventType(event: JsonObject): string {
  return responsesErrorOf(event) ?? textOf(event.code) ?? "error";
}

function isSpoken(event: string): boolean {
  return DELTA.test(event) && !OTHER_DELTA.test(event);
}
