import { NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { eventBytes } from "./bedrockContent.ts";
import { type BedrockCounts, bedrockTier, converseCounts, countedOr } from "./bedrockUsage.ts";
import { EventBacklog } from "./eventBacklog.ts";
import type { Places } from "./eventHoles.ts";
import { isObject, type JsonObject, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";
import { ShapeBook } from "./shapeBook.ts";

/** Takes in what the frames of a stream carry. */
export interface Tally {
  /** False where the payload cannot be read. */
  take(type: string, payload: Buffer): boolean;
  readonly answering: boolean;
  /** As `StreamReader.outputAtLeast`. */
  readonly outputAtLeast: number;
  /** Whether the last event has passed. */
  readonly complete: boolean;
  /** Whether the model has begun: from then on its input is billed. */
  readonly begun: boolean;
  reading(): Reading;
}

/** Events whose text may be less than a token. */
export const EVENTS_WITHOUT_TOKEN = 16;

const DELTA = "contentBlockDelta";
/** Where deltas of one kind differ, and the padding that hides how long they are. */
const DELTA_PLACES: Places = {
  delta: { text: "text", reasoningContent: { text: "text" }, toolUse: { input: "text" } },
  p: "padding",
};

/** The events of Converse, the last of which, `metadata`, has the usage. */
export class ConverseTally implements Tally {
  readonly #facts: RequestFacts;
  readonly #backlog = new EventBacklog(() => 0);
  /** Of deltas, by shape: bytes of the model's in each beside the texts that differ. */
  readonly #deltas = new ShapeBook<number>(DELTA_PLACES);
  #counts: BedrockCounts | null = null;
  #model: string | null = null;
  #serviceTier: string | null = null;
  #begun = false;
  #answering = false;
  #complete = false;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
  }

  get answering(): boolean {
    return this.#answering;
  }

  get outputAtLeast(): number {
    return this.#backlog.tokensAtLeast(EVENTS_WITHOUT_TOKEN);
  }

  get complete(): boolean {
    return this.#complete;
  }

  get begun(): boolean {
    return this.#begun;
  }

  take(type: string, payload: Buffer): boolean {
    const known = type === DELTA ? this.#deltas.find(payload) : null;
    if (known !== null) {
      this.#add(known.fact + known.shape.textBytes);
      return true;
    }
    const event = parseOrUndefined(payload);
    if (!isObject(event)) {
      return false;
    }
    this.event(type, event);
    if (type === DELTA) {
      const bytes = eventBytes(event);
      this.#deltas.learn(payload, payload, (shape) => bytes - shape.textBytes);
    }
    return true;
  }

  event(type: string, event: JsonObject): void {
    this.#begun = true;
    if (type === "metadata") {
      this.#complete = true;
      this.#counts = converseCounts(event.usage);
      this.#model = routedModel(event);
      this.#serviceTier = tierOf(event);
    } else if (type === "contentBlockStart" || type === DELTA) {
      this.#add(eventBytes(event));
    }
  }

  #add(bytes: number): void {
    this.#backlog.addBytes(bytes);
    this.#answering ||= bytes > 0;
  }

  reading(): Reading {
    return {
      ...NOTHING_READ,
      ...countedOr(this.#counts, estimatedInput(this.#facts), estimatedTokens(this.#backlog.count())),
      model: this.#model,
      serviceTier: this.#serviceTier ?? this.#facts.serviceTier,
    };
  }
}

/** The tier that was served, where an answer or the end of a stream tells. */
export function tierOf(answer: JsonObject): string | null {
  return bedrockTier(objectOf(answer.serviceTier).type, objectOf(answer.performanceConfig).latency);
}

/** The model that a prompt router chose, by its name; null where there was none. */
export function routedModel(answer: JsonObject): string | null {
  const { invokedModelId } = objectOf(objectOf(answer.trace).promptRouter);
  return textOf(invokedModelId)?.replace(/^arn:.*\//, "") || null;
}
