import {
  NO_CONTEXT,
  type Protocol,
  type Reading,
  type RequestContext,
  type RequestFacts,
  type StreamReader,
} from "../protocol.ts";
import { anthropicMessages } from "./anthropicMessages.ts";
import { forGoogleModel, googlePathOf } from "./googlePath.ts";
import { forModelInBody } from "./modelInBody.ts";

/** Anthropic's free count, which Vertex takes for a model of its own. */
export const COUNTING_MODEL = "count-tokens";

/** Anthropic's models at Vertex: its own wire, but the model and whether the answer streams stand in the path. */
export const vertexAnthropic: Protocol = {
  ...anthropicMessages,
  recognise(method, path) {
    const called = method === "POST" ? googlePathOf(path) : null;
    const isCall = called?.publisher === "anthropic" && /^(rawPredict|streamRawPredict)$/.test(called.method);
    return isCall ? (called.model === COUNTING_MODEL ? "free" : "metered") : null;
  },
  countRoute: null,
  read,
  forModel: (asked, facts, context, model) =>
    /^claude/.test(model) ? forGoogleModel(forModelInBody(asked, facts, context, model) ?? asked, model) : null,
  readJson: (status, body, facts) => inRegion(anthropicMessages.readJson(status, body, facts), facts),
  readStream: (facts) => new RegionalStream(anthropicMessages.readStream(facts), facts),
};

/** Since Claude Sonnet 4.5, what is answered in a region of the client's choice costs a tenth more. */
const REGIONAL = "regional";

/** @throws BadRequestError */
function read(body: Buffer, context: RequestContext = NO_CONTEXT): RequestFacts {
  const facts = anthropicMessages.read(body, context);
  const called = googlePathOf(context.path);
  if (called === null) {
    return facts;
  }
  const { model, method, location } = called;
  const isRegional =
    location !== null && location !== "global" && !/claude-(3|(opus|sonnet)-4(-[01])?(@|$))/.test(model);
  return {
    ...facts,
    model,
    stream: facts.stream || method === "streamRawPredict",
    serviceTier: isRegional ? joined(facts.serviceTier) : facts.serviceTier,
  };
}

function joined(tier: string | null): string {
  return tier === null ? REGIONAL : `${tier}+${REGIONAL}`;
}

function inRegion(reading: Reading, facts: RequestFacts): Reading {
  const isRegional = facts.serviceTier?.split("+").includes(REGIONAL) === true;
  return isRegional ? { ...reading, serviceTier: joined(reading.serviceTier) } : reading;
}

/** A stream whose reading names the region's tier. */
class RegionalStream implements StreamReader {
  readonly #reader: StreamReader;
  readonly #facts: RequestFacts;

  constructor(reader: StreamReader, facts: RequestFacts) {
    this.#reader = reader;
    this.#facts = facts;
  }

  push(chunk: Buffer): Buffer {
    return this.#reader.push(chunk);
  }

  end(): Buffer {
    return this.#reader.end();
  }

  get answering(): boolean {
    return this.#reader.answering;
  }

  get outputAtLeast(): number {
    return this.#reader.outputAtLeast;
  }

  get complete(): boolean {
    return this.#reader.complete;
  }

  get lastEventPassed(): boolean {
    return this.#reader.lastEventPassed;
  }

  reading(): Reading {
    return inRegion(this.#reader.reading(), this.#facts);
  }
}
