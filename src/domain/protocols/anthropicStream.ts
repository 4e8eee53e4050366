import type { Reading, RequestFacts, StreamReader } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import {
  type AnthropicCounts,
  answerIdOf,
  anthropicErrorOf,
  blockBytes,
  deltaBytes,
  estimatedUsage,
  hiddenBytes,
  isWhole,
  mergedCounts,
  servedModels,
} from "./anthropicUsage.ts";
import { EventBacklog } from "./eventBacklog.ts";
import type { Places } from "./eventHoles.ts";
import { isObject, type JsonObject, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { estimatedTokens } from "./promptSize.ts";
import { type KnownShape, ShapeBook } from "./shapeBook.ts";
import { type SseSink, SseSplitter, sseData } from "./sse.ts";

/**
 * Names, as they end in JSON, of what has to be parsed, and at once: whether a block has thoughts decides how its signature
 * counts. Letters that are written as escapes may be any of them.
 */
const MATTERS = /usage"|error"|message_stop"|content_block_start"|thinking_delta"|signature_delta"|\\u00[2-7]/;
/** Deltas of a kind are alike, but for these. */
const DELTA = /"(text|input_json|thinking)_delta"/;
const DELTA_PLACES: Places = { delta: { text: "text", partial_json: "text", thinking: "text" } };

/** What the deltas of one shape have alike: bytes of the model's beside the texts that differ, and whether these are thoughts. */
interface Delta {
  readonly bytes: number;
  readonly areThoughts: boolean;
}

const NOTHING = Buffer.alloc(0);
/** Events that the backlog may take in without text in them: pings, and the ends of blocks. */
const EVENTS_WITHOUT_TEXT = 16;

/** Reads a stream of Anthropic's message events; every byte goes on to the client. */
export class AnthropicStream implements StreamReader, SseSink {
  readonly #facts: RequestFacts;
  readonly #splitter = new SseSplitter(this);
  readonly #backlog = new EventBacklog((raw) => this.#textIn(raw));
  readonly #deltas = new ShapeBook<Delta>(DELTA_PLACES);
  #counts: AnthropicCounts | null = null;
  /** Output at the last `message_delta`; the figure in `message_start` may be a placeholder. */
  #outputSoFar = 0;
  #finalReport = false;
  #blockHasThoughts = false;
  #model: string | null = null;
  #answerId: Pick<Reading, "answerId"> = {};
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
    return chunk;
  }

  end(): Buffer {
    this.#ended = true;
    this.#splitter.end();
    return NOTHING;
  }

  get answering(): boolean {
    return this.#answering;
  }

  get outputAtLeast(): number {
    return this.#backlog.tokensAtLeast(EVENTS_WITHOUT_TEXT);
  }

  get lastEventPassed(): boolean {
    return this.#complete;
  }

  get complete(): boolean {
    return this.#complete;
  }

  reading(): Reading {
    const counts = this.#counts;
    const sinceReport = estimatedTokens(this.#backlog.count());
    const isFinal = this.#finalReport && (this.#complete || sinceReport === 0);
    const isReported = counts !== null && isFinal && isWhole(counts);
    const failedAtOnce = counts === null && this.#errorType !== null;
    return {
      usage: failedAtOnce
        ? NO_USAGE
        : estimatedUsage(counts, this.#facts, this.#outputSoFar + (isFinal ? 0 : sinceReport)),
      basis: isReported ? "reported" : failedAtOnce ? "none" : "estimated",
      ...servedModels(this.#model, failedAtOnce ? null : counts),
      serviceTier: counts?.serviceTier ?? null,
      reportedCostUsd: failedAtOnce ? null : (counts?.costUsd ?? null),
      errorType: this.#errorType,
      trouble: this.#trouble ?? (this.#ended && !this.#complete ? "The stream broke off before its end" : null),
      deferredId: null,
      ...this.#answerId,
    };
  }

  known(bytes: Buffer, from: number): number {
    const known = this.#deltas.findAt(bytes, from);
    if (known === null) {
      return from;
    }
    this.#takeAlike(known);
    return known.shape.end;
  }

  /** Takes in an event, which ends there, where it is like one that has been parsed; else false. */
  takeKnown(raw: Buffer, end = raw.length): boolean {
    const known = this.#deltas.find(raw, end);
    if (known !== null) {
      this.#takeAlike(known);
    }
    return known !== null;
  }

  event(raw: Buffer): void {
    if (this.takeKnown(raw)) {
      return;
    }
    const text = raw.toString("latin1");
    const isDelta = DELTA.test(text);
    if (this.#answering && !MATTERS.test(text) && !(isDelta && this.#deltas.learns)) {
      this.#backlog.add(raw);
      return;
    }
    const data = sseData(raw);
    if (data.length === 0) {
      return;
    }
    const event = parseOrUndefined(data);
    if (isObject(event)) {
      this.#take(event);
      if (isDelta) {
        this.#learn(event, raw, data);
      }
    } else {
      // The last event of a stream that broke off is cut: that is no fault of its own.
      this.#trouble ??= this.#ended ? null : "An event of the stream is not JSON";
    }
  }

  unread(): void {
    this.#trouble = "An event of the stream is too large to be read";
  }

  #take(event: JsonObject): void {
    switch (event.type) {
      case "message_start": {
        const message = objectOf(event.message);
        this.#model = textOf(message.model) || this.#model;
        this.#answerId = answerIdOf(message, this.#facts);
        this.#counts = mergedCounts(this.#counts, message.usage);
        return;
      }
      case "message_delta": {
        const before = this.#counts;
        this.#counts = mergedCounts(before, event.usage);
        if (isObject(event.usage) && this.#counts !== before) {
          // What came before this report is within it, and must not be counted again later.
          this.#backlog.clear();
          this.#outputSoFar = this.#counts?.output ?? 0;
          this.#finalReport = true;
        }
        return;
      }
      case "message_stop":
        this.#complete = true;
        return;
      default:
        this.#errorType ??= anthropicErrorOf(event);
        this.#backlog.addBytes(this.#textOf(event));
    }
  }

  #learn(event: JsonObject, raw: Buffer, data: Buffer): void {
    const delta = objectOf(event.delta);
    const areThoughts = delta.type === "thinking_delta" && typeof delta.thinking === "string";
    const isAlike = areThoughts || delta.type === "text_delta" || delta.type === "input_json_delta";
    this.#deltas.learn(raw, data, (shape) =>
      isAlike && event.type === "content_block_delta"
        ? { bytes: deltaBytes(delta) - shape.textBytes, areThoughts }
        : null,
    );
  }

  #takeAlike({ shape, fact }: KnownShape<Delta>): void {
    const { textBytes } = shape;
    const bytes = fact.bytes + textBytes;
    this.#blockHasThoughts ||= fact.areThoughts && textBytes > 0;
    this.#backlog.addMeasured(bytes);
    this.#answering ||= bytes > 0;
  }

  #textIn(raw: Buffer): number {
    const event = parseOrUndefined(sseData(raw));
    return isObject(event) ? this.#textOf(event) : 0;
  }

  #textOf(event: JsonObject): number {
    let bytes = 0;
    if (event.type === "content_block_start") {
      this.#blockHasThoughts = false;
      bytes = blockBytes(event.content_block);
    } else if (event.type === "content_block_delta") {
      const delta = objectOf(event.delta);
      this.#blockHasThoughts ||= delta.type === "thinking_delta" && delta.thinking !== "";
      const isHidden = delta.type === "signature_delta" && !this.#blockHasThoughts;
      bytes = isHidden ? hiddenBytes(delta.signature) : deltaBytes(delta);
    }
    this.#answering ||= bytes > 0;
    return bytes;
  }
}
