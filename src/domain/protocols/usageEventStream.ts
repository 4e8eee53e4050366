import { NOTHING_READ, type Reading, type StreamReader } from "../protocol.ts";
import { addUsage, type Usage } from "../usage.ts";
import { isObject, type JsonObject, parseOrUndefined, textOf } from "./jsonValue.ts";
import { chatErrorOf } from "./openaiChatUsage.ts";
import type { TokenReport } from "./openaiTokenReport.ts";
import { type SseSink, SseSplitter, sseData } from "./sse.ts";

/** How the streams of one route are read. */
export interface EventReader {
  /** What an event reports, null where it reports nothing. */
  report(event: JsonObject): TokenReport | null;
  /** Whether an answer is complete with this event. */
  isLast(event: JsonObject): boolean;
  /** Bytes of text that the event brings. */
  textBytes(event: JsonObject): number;
  /** What an answer that broke off is taken to have cost; `textBytes` is what has passed. */
  estimate(textBytes: number): Usage;
  /** Answers that one stream brings, as several pictures: each has a report of its own. Absent: one, whose last report holds. */
  readonly answers?: number;
}

/** Names as they end in JSON: no event without one of these reports, fails or ends. Base64 holds no quote. */
const USAGE = Buffer.from('usage"');
const ERROR = Buffer.from('error"');
const DONE = Buffer.from(".done");
const COMPLETED = Buffer.from(".completed");
/** Events as long as this bring sound or pictures, not text. */
const LARGEST_TEXT_EVENT = 65_536;
/** A finished picture of 8 million pixels is one event. */
const LARGEST_EVENT = 64 * 1024 * 1024;

/**
 * Reads a stream whose events bring the answer in parts and whose last one reports the usage unasked. Nothing is kept from
 * the client: the bytes pass as they are.
 */
export class UsageEventStream implements StreamReader, SseSink {
  readonly #reader: EventReader;
  readonly #splitter: SseSplitter = new SseSplitter(this, LARGEST_EVENT);
  #report: TokenReport | null = null;
  #model: string | null = null;
  #errorType: string | null = null;
  #trouble: string | null = null;
  #textBytes = 0;
  #answering = false;
  #completed = 0;
  #done = false;
  #ended = false;

  constructor(reader: EventReader) {
    this.#reader = reader;
  }

  push(chunk: Buffer): Buffer {
    this.#splitter.push(chunk);
    return chunk;
  }

  end(): Buffer {
    this.#ended = true;
    this.#splitter.end();
    return Buffer.alloc(0);
  }

  get answering(): boolean {
    return this.#answering;
  }

  /** These answers have no output limit that a host could pass. */
  get outputAtLeast(): number {
    return 0;
  }

  get complete(): boolean {
    return this.#done || this.#completed > 0;
  }

  get lastEventPassed(): boolean {
    return this.#done || this.#completed >= (this.#reader.answers ?? 1);
  }

  reading(): Reading {
    const report = this.#report;
    const failedAtOnce = report === null && this.#errorType !== null && !this.#answering;
    const brokeOff = this.#ended && !this.complete && this.#errorType === null;
    const reading: Reading = {
      ...NOTHING_READ,
      model: this.#model,
      reportedCostUsd: report?.costUsd ?? null,
      errorType: this.#errorType,
      trouble: this.#trouble ?? (brokeOff ? "The stream broke off before its end" : null),
    };
    if (report !== null) {
      return { ...reading, usage: report.usage, basis: "reported" };
    }
    return failedAtOnce ? reading : { ...reading, usage: this.#reader.estimate(this.#textBytes), basis: "estimated" };
  }

  event(raw: Buffer): void {
    const matters = raw.includes(USAGE) || raw.includes(ERROR) || raw.includes(DONE) || raw.includes(COMPLETED);
    if (!matters && raw.length > LARGEST_TEXT_EVENT) {
      this.#answering = true;
      return;
    }
    const data = sseData(raw);
    if (data.length === 0) {
      return;
    }
    if (data.length <= 16 && data.toString("latin1").trim() === "[DONE]") {
      this.#done = true;
      return;
    }
    const event = parseOrUndefined(data);
    if (isObject(event)) {
      this.#take(event);
    } else {
      // The last event of a stream that broke off is cut: that is no fault of its own.
      this.#trouble ??= this.#ended ? null : "An event of the stream is not JSON";
    }
  }

  unread(): void {
    this.#answering = true;
    this.#trouble = "An event of the stream is too large to be read";
  }

  #take(event: JsonObject): void {
    this.#model = textOf(event.model) || this.#model;
    const error = chatErrorOf(event) ?? (event.type === "error" ? (textOf(event.code) ?? "error") : null);
    this.#errorType ??= error;
    this.#textBytes += this.#reader.textBytes(event);
    this.#answering ||= error === null;
    this.#completed += this.#reader.isLast(event) ? 1 : 0;
    const report = this.#reader.report(event);
    if (report !== null) {
      const { answers = 1 } = this.#reader;
      this.#report = answers > 1 && this.#report !== null ? sum(this.#report, report) : report;
    }
  }
}

function sum(a: TokenReport, b: TokenReport): TokenReport {
  const costUsd = a.costUsd === null && b.costUsd === null ? null : (a.costUsd ?? 0) + (b.costUsd ?? 0);
  return { usage: addUsage(a.usage, b.usage), costUsd };
}
