import { NOTHING_READ, type Reading, type RequestFacts, type StreamReader } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { EventBacklog } from "./eventBacklog.ts";
import { EventHold } from "./eventHold.ts";
import type { Places } from "./eventHoles.ts";
import { isObject, parseOrUndefined, textOf } from "./jsonValue.ts";
import { LF, type LineSink, LineSplitter } from "./ndjson.ts";
import { ollamaBytes, ollamaErrorOf, ollamaReading } from "./ollamaAnswer.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";
import { type KnownShape, ShapeBook } from "./shapeBook.ts";

/** Lines that may hold less than a token: what a parser of thoughts or tool calls had kept back comes in pieces. */
const LINES_WITHOUT_TOKEN = 16;

/** Where lines differ that add to an answer, of a chat or of a plain generation. */
const PLACES: Places = {
  created_at: "padding",
  message: { content: "text", thinking: "text" },
  response: "text",
  thinking: "text",
};

/** What the lines of one shape have alike: bytes of the model's beside the texts that differ, and the model's name. */
interface Alike {
  readonly bytes: number;
  readonly model: string | null;
}

/** Reads a stream of JSON lines, the last of which says `done` and the counts; every byte goes on to the client. */
export class OllamaStream implements StreamReader, LineSink {
  readonly #facts: RequestFacts;
  readonly #splitter = new LineSplitter(this);
  readonly #hold = new EventHold();
  readonly #backlog = new EventBacklog(() => 0);
  readonly #shapes = new ShapeBook<Alike>(PLACES);
  #last: Reading | null = null;
  #model: string | null = null;
  #errorType: string | null = null;
  #trouble: string | null = null;
  #answering = false;
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
    return this.#backlog.tokensAtLeast(LINES_WITHOUT_TOKEN);
  }

  get lastEventPassed(): boolean {
    return this.#last !== null;
  }

  get complete(): boolean {
    return this.#last !== null;
  }

  reading(): Reading {
    const failedAtOnce = this.#errorType !== null && !this.#answering;
    const cut: Reading = failedAtOnce
      ? NOTHING_READ
      : {
          ...NOTHING_READ,
          usage: {
            ...NO_USAGE,
            inputTokens: estimatedInput(this.#facts),
            outputTokens: estimatedTokens(this.#backlog.count()),
          },
          basis: "estimated",
        };
    return {
      ...(this.#last ?? cut),
      model: this.#model,
      errorType: this.#errorType,
      trouble: this.#trouble ?? (this.#ended && !this.complete ? "The stream broke off before its end" : null),
    };
  }

  known(bytes: Buffer, from: number): number {
    const known = this.#shapes.findAt(bytes, from);
    const end = known?.shape.end ?? from;
    if (known === null || bytes[end] !== LF) {
      return from;
    }
    this.#takeAlike(known);
    return end + 1;
  }

  line(raw: Buffer): void {
    const known = this.#shapes.find(raw);
    if (known !== null) {
      this.#takeAlike(known);
      return;
    }
    const line = parseOrUndefined(raw);
    if (!isObject(line)) {
      // The last line of a stream that broke off is cut: that is no fault of its own.
      this.#trouble ??= this.#ended || raw.toString().trim() === "" ? null : "A line of the stream is not JSON";
      return;
    }
    const bytes = ollamaBytes(line);
    const model = textOf(line.model);
    this.#add(bytes, model);
    this.#errorType ??= ollamaErrorOf(line);
    if (line.done === true) {
      this.#last = ollamaReading(line, this.#backlog.count(), this.#facts);
    } else {
      this.#shapes.learn(raw, raw, (shape) => ({ bytes: bytes - shape.textBytes, model }));
    }
  }

  #takeAlike({ shape, fact }: KnownShape<Alike>): void {
    this.#add(fact.bytes + shape.textBytes, fact.model);
  }

  #add(bytes: number, model: string | null): void {
    this.#backlog.addBytes(bytes);
    this.#answering ||= bytes > 0;
    this.#model = model || this.#model;
  }

  unread(): void {
    this.#trouble = "A line of the stream is too large to be read";
  }
}
