import { NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { AnthropicStream } from "./anthropicStream.ts";
import { ChunkDecoder } from "./bedrockChunks.ts";
import { invokeBytes, ownCounts } from "./bedrockInvokeAnswer.ts";
import { ConverseTally, EVENTS_WITHOUT_TOKEN, type Tally } from "./bedrockTally.ts";
import { type BedrockCounts, countedOr, metricCounts } from "./bedrockUsage.ts";
import { EventBacklog } from "./eventBacklog.ts";
import { isObject, objectOf, parseOrUndefined } from "./jsonValue.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

const METRICS = Buffer.from("invocationMetrics");
/** The frames that carry a model's own stream. */
const CHUNK = "chunk";

/** The chunks of Claude's stream: Anthropic's own events, and Bedrock's count of the whole in the last. */
export class AnthropicInvokeTally implements Tally {
  readonly #stream: AnthropicStream;
  readonly #facts: RequestFacts;
  readonly #chunks = new ChunkDecoder();
  #metrics: BedrockCounts | null = null;
  #begun = false;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
    this.#stream = new AnthropicStream(facts);
  }

  get answering(): boolean {
    return this.#stream.answering;
  }

  get outputAtLeast(): number {
    return this.#stream.outputAtLeast;
  }

  get complete(): boolean {
    return this.#stream.complete;
  }

  get begun(): boolean {
    return this.#begun;
  }

  take(type: string, payload: Buffer): boolean {
    if (type !== CHUNK) {
      return true;
    }
    if (!this.#chunks.decode(payload)) {
      return false;
    }
    const { line, end } = this.#chunks;
    if (this.#stream.takeKnown(line, end)) {
      return true;
    }
    const { chunk } = this.#chunks;
    if (chunk.includes(METRICS) && !this.#takeMetrics(chunk)) {
      return false;
    }
    this.#begun = true;
    // As an event of Anthropic's, each is one line: line ends can stand only between members.
    const event = Buffer.from(line.subarray(0, end));
    for (let at = 0; at < event.length; at += 1) {
      if (event[at] === 0x0a || event[at] === 0x0d) {
        event[at] = 0x20;
      }
    }
    this.#stream.event(event);
    return true;
  }

  reading(): Reading {
    const reading = this.#stream.reading();
    const { usage, basis } = reading;
    const counted =
      basis === "reported" || this.#metrics === null
        ? { usage, basis }
        : countedOr(this.#metrics, usage.inputTokens, usage.outputTokens);
    // The model is Anthropic's name; Amazon's prices go by the one that was asked for.
    return { ...reading, ...counted, model: null, serviceTier: this.#facts.serviceTier ?? reading.serviceTier };
  }

  #takeMetrics(chunk: Buffer): boolean {
    const event = parseOrUndefined(chunk);
    this.#metrics = metricCounts(objectOf(event)) ?? this.#metrics;
    return isObject(event);
  }
}

/** The chunks of any other model's stream: Amazon's own are Converse's events, and all end in Bedrock's count. */
export class InvokeTally implements Tally {
  readonly #facts: RequestFacts;
  readonly #converse: ConverseTally;
  readonly #chunks = new ChunkDecoder();
  readonly #backlog = new EventBacklog(() => 0);
  #counts: BedrockCounts | null = null;
  #begun = false;
  #answering = false;
  #complete = false;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
    this.#converse = new ConverseTally(facts);
  }

  get answering(): boolean {
    return this.#answering || this.#converse.answering;
  }

  get outputAtLeast(): number {
    return this.#backlog.tokensAtLeast(EVENTS_WITHOUT_TOKEN) + this.#converse.outputAtLeast;
  }

  get complete(): boolean {
    return this.#complete || this.#converse.complete;
  }

  get begun(): boolean {
    return this.#begun;
  }

  take(frameType: string, payload: Buffer): boolean {
    if (frameType !== CHUNK) {
      return true;
    }
    const chunk = this.#chunks.decode(payload) ? parseOrUndefined(this.#chunks.chunk) : undefined;
    if (!isObject(chunk)) {
      return false;
    }
    this.#begun = true;
    for (const [type, event] of Object.entries(chunk)) {
      if (/^(contentBlock|message|metadata)/.test(type) && isObject(event)) {
        this.#converse.event(type, event);
      }
    }
    const said = invokeBytes(chunk);
    this.#backlog.addBytes(said);
    this.#answering ||= said > 0;
    const metrics = metricCounts(chunk);
    this.#complete ||= metrics !== null;
    this.#counts = latest(this.#counts, ownCounts(chunk, this.#facts), metrics);
    return true;
  }

  reading(): Reading {
    const converse = this.#converse.reading();
    if (converse.basis === "reported") {
      return converse;
    }
    const said = estimatedTokens(this.#backlog.count()) + converse.usage.outputTokens;
    return {
      ...NOTHING_READ,
      ...countedOr(this.#counts, estimatedInput(this.#facts), said),
      serviceTier: converse.serviceTier,
    };
  }
}

/** A maker's own report where it is whole, else Bedrock's, else what is known by now: makers count as they go. */
function latest(
  before: BedrockCounts | null,
  own: BedrockCounts | null,
  metrics: BedrockCounts | null,
): BedrockCounts | null {
  if (own !== null && own.input !== null && own.output !== null) {
    return own;
  }
  if (metrics !== null || own === null) {
    return metrics ?? before;
  }
  return { ...own, input: own.input ?? before?.input ?? null, output: own.output ?? before?.output ?? null };
}
