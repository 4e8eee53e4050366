import type { PriceBook } from "../../domain/priceBook.ts";
import type { Reading, RequestFacts } from "../../domain/protocol.ts";
import type { ReadRequest } from "./boundedCall.ts";
import { EarlierTurns } from "./earlierTurns.ts";
import { branchFor } from "./gitBranch.ts";
import type { CallFrame } from "./outcome.ts";
import { contextOf, frameOf, type MeteredPassage } from "./passage.ts";
import { type SwitchingOptions, switchedCall } from "./switchedCall.ts";

export interface CallReaderOptions extends SwitchingOptions {
  readonly prices: () => PriceBook;
  readonly now: () => number;
}

/** A call that has been read, as it is to be held and sent. */
export interface BegunCall {
  readonly passage: MeteredPassage;
  readonly read: ReadRequest;
  readonly frame: CallFrame;
  /** Headers of the gateway's own for its answer. */
  readonly own: Readonly<Record<string, string>>;
}

const NO_HEADERS = Object.freeze({});

/** Reads requests, with what answers told that they go on from. */
export class CallReader {
  readonly #options: CallReaderOptions;
  readonly #earlier = new EarlierTurns();

  constructor(options: CallReaderOptions) {
    this.#options = options;
  }

  /** Reads a request, sends it to another model where a budget says so, and says whom it is booked to. @throws BadRequestError */
  async begin(passage: MeteredPassage, body: Buffer): Promise<BegunCall> {
    const read = this.#read(passage, body);
    const startedAt = this.#options.now();
    const branch = await branchFor(passage.caller);
    const frame = this.#frameOf(passage, read.facts, startedAt, branch);
    const switched = this.#options.switches.any
      ? switchedCall(this.#options, passage, read, frame.attribution, startedAt)
      : null;
    if (switched === null) {
      return { passage, read, frame, own: NO_HEADERS };
    }
    const { standsInFor } = switched;
    const readAnew = this.#read(switched.passage, switched.body);
    const other = this.#frameOf(switched.passage, readAnew.facts, startedAt, branch);
    const { providerName } = switched.passage;
    const isElsewhere = standsInFor.provider !== providerName;
    return {
      passage: switched.passage,
      read: readAnew,
      frame: { ...other, request: { ...other.request, standsInFor } },
      own: {
        "x-tollgate-switched-model": headerText(readAnew.facts.model),
        ...(isElsewhere ? { "x-tollgate-switched-provider": providerName } : {}),
      },
    };
  }

  /** Looks at what an answer says of itself, for requests that go on from it. */
  observe(provider: string, model: string, reading: Reading): void {
    this.#earlier.observe(provider, model, reading);
  }

  #frameOf(passage: MeteredPassage, facts: RequestFacts, startedAt: number, branch: string | null): CallFrame {
    const { protocol, providerName } = passage;
    const costBasis = this.#options.prices().lookUp(providerName, facts.model, startedAt)?.basis ?? "unpriced";
    return frameOf(passage, facts, { protocol: protocol.name, costBasis, startedAt, branch });
  }

  /** Reads a request, with what is known of earlier turns that the provider will add. @throws BadRequestError */
  #read(passage: MeteredPassage, body: Buffer): ReadRequest {
    const { protocol, providerName } = passage;
    const context = contextOf(passage);
    const facts = protocol.read(body, context);
    const { continues, model } = facts;
    const earlierTokens = continues === undefined ? undefined : this.#earlier.before(providerName, model, continues);
    if (earlierTokens === undefined) {
      return { body, context, facts };
    }
    const known = { ...context, earlierTokens };
    return { body, context: known, facts: protocol.read(body, known) };
  }
}

/** A model's name as a header can carry it. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
