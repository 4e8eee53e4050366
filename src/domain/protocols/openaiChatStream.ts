import type { Reading, RequestFacts, StreamReader } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { EventBacklog } from "./eventBacklog.ts";
import { isObject, type JsonObject, listOf, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { answerBytes, type ChatReport, chatErrorOf, chatReportOf } from "./openaiChatUsage.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";
import { type SseSink, SseSplitter, sseData } from "./sse.ts";

/**
 * Names, as they end in JSON, of what has to be parsed; most hosts put `"usage":null` into every other event. One search for
 * all of them in the bytes as characters is faster than one each in the bytes.
 */
const MATTERS = /usage"(?! *: *null)|error"|timings"/;
/** No event that carries text is as short as the one that says `[DONE]`. */
const DONE_LENGTH = 32;
/** Events that the backlog may take in without text in them: the one with the finish reason, and keep-alives. */
const EVENTS_WITHOUT_TEXT = 4;

/** Reads a stream of `chat.completion.chunk` events. */
export class OpenaiChatStream implements StreamReader, SseSink {
  readonly #facts: RequestFacts;
  readonly #splitter: SseSplitter = new SseSplitter(this);
  readonly #backlog = new EventBacklog((raw) => this.#textIn(raw));
  #report: ChatReport | null = null;
  #model: string | null = null;
  #serviceTier: string | null = null;
  #errorType: string | null = null;
  #trouble: string | null = null;
  #answering = false;
  #done = false;
  #finished = false;
  #ended = false;
  /** The current chunk's events as far as they go to the client. */
  #out: Buffer[] = [];
  #dropped = false;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
  }

  push(chunk: Buffer): Buffer {
    const heldBefore = this.#splitter.holds;
    this.#out = [];
    this.#dropped = false;
    this.#splitter.push(chunk);
    if (this.#facts.usageAsked || !(heldBefore || this.#dropped || this.#splitter.holds)) {
      return chunk;
    }
    return this.#taken();
  }

  end(): Buffer {
    this.#ended = true;
    this.#out = [];
    this.#splitter.end();
    return this.#facts.usageAsked ? Buffer.alloc(0) : this.#taken();
  }

  get answering(): boolean {
    return this.#answering;
  }

  get outputAtLeast(): number {
    return this.#backlog.tokensAtLeast(EVENTS_WITHOUT_TEXT);
  }

  get lastEventPassed(): boolean {
    return this.#done;
  }

  get complete(): boolean {
    if (!this.#done && !this.#finished) {
      // Some hosts leave out `[DONE]`: then the last chunk's finish reason tells, which may not have been looked at yet.
      this.#backlog.count();
    }
    return this.#done || this.#finished;
  }

  reading(): Reading {
    const { complete } = this;
    const report = this.#report;
    const sinceReport = estimatedTokens(this.#backlog.count());
    const isReported = report?.inputReported && report.outputReported && sinceReport === 0;
    const failedAtOnce = report === null && this.#errorType !== null && !this.#answering;
    return {
      usage: failedAtOnce ? NO_USAGE : this.#usage(sinceReport),
      basis: isReported ? "reported" : failedAtOnce ? "none" : "estimated",
      model: this.#model,
      serviceTier: this.#serviceTier,
      reportedCostUsd: report?.costUsd ?? null,
      errorType: this.#errorType,
      trouble: this.#trouble ?? (this.#ended && !complete ? "The stream broke off before its end" : null),
      deferredId: null,
    };
  }

  event(raw: Buffer): void {
    if (!this.#look(raw)) {
      this.#out.push(raw);
    } else {
      this.#dropped = true;
    }
  }

  unread(bytes: Buffer): void {
    this.#trouble = "An event of the stream is too large to be read";
    this.#out.push(bytes);
  }

  #taken(): Buffer {
    const [first, ...more] = this.#out;
    this.#out = [];
    if (first === undefined) {
      return Buffer.alloc(0);
    }
    return more.length === 0 ? first : Buffer.concat([first, ...more]);
  }

  #usage(outputSinceReport: number): Usage {
    if (this.#report === null) {
      const { webSearchBound: webSearches } = this.#facts;
      return { ...NO_USAGE, inputTokens: estimatedInput(this.#facts), outputTokens: outputSinceReport, webSearches };
    }
    const { usage } = this.#report;
    return { ...usage, outputTokens: usage.outputTokens + outputSinceReport };
  }

  /** Takes in an event, and says whether it is one that the client must not see. */
  #look(raw: Buffer): boolean {
    const matters = raw.length <= DONE_LENGTH || MATTERS.test(raw.toString("latin1"));
    if (!matters && this.#answering && this.#model !== null) {
      this.#backlog.add(raw);
      return false;
    }
    const data = sseData(raw);
    if (data.length === 0) {
      return false;
    }
    if (data.length <= 16 && data.toString("latin1").trim() === "[DONE]") {
      this.#done = true;
      return false;
    }
    const chunk = parseOrUndefined(data);
    if (!isObject(chunk)) {
      // The last event of a stream that broke off is cut: that is no fault of its own.
      this.#trouble ??= this.#ended ? null : "An event of the stream is not JSON";
      return false;
    }
    return this.#take(chunk);
  }

  #take(chunk: JsonObject): boolean {
    this.#note(chunk);
    this.#errorType ??= chatErrorOf(chunk);
    this.#backlog.addBytes(this.#textOf(chunk));
    const report = chatReportOf(chunk, this.#facts);
    if (report === null) {
      return false;
    }
    this.#report = report;
    if (report.outputReported) {
      this.#backlog.clear();
    }
    const isUsageAlone = Array.isArray(chunk.choices) && chunk.choices.length === 0;
    if (isUsageAlone) {
      this.#finished = true;
    }
    return isUsageAlone && !this.#facts.usageAsked && chunk.error === undefined;
  }

  #note(chunk: JsonObject): void {
    this.#model = textOf(chunk.model) || this.#model;
    this.#serviceTier = textOf(chunk.service_tier) ?? this.#serviceTier;
  }

  #textIn(raw: Buffer): number {
    const chunk = parseOrUndefined(sseData(raw));
    return isObject(chunk) ? this.#textOf(chunk) : 0;
  }

  #textOf(chunk: JsonObject): number {
    const bytes = answerBytes(chunk);
    this.#answering ||= bytes > 0;
    this.#finished ||= listOf(chunk.choices).some((choice) => typeof objectOf(choice).finish_reason === "string");
    return bytes;
  }
}
