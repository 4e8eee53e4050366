import type { Refusal } from "./events.ts";
import { NO_USAGE, type Usage, type UsageBasis } from "./usage.ts";

/** What one route of a provider's API is to the gate. */
export type RouteKind =
  /** Costs money by tokens: bounded, held, metered. */
  | "metered"
  /** Costs nothing: passed on as it is. */
  | "free"
  /** Costs nothing by itself, but tells what work cost that an earlier call ordered. */
  | "collect";

/** A message's headers, their names in lower case. */
export type MessageHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What of a request stands outside its body. */
export interface RequestContext {
  /** Below the provider's base, without query. Some protocols name the model there. */
  readonly path: string;
  /** The query with its question mark; empty where there is none. */
  readonly search: string;
  readonly contentType: string | null;
  /** Absent where the request is not one of a client. */
  readonly headers?: MessageHeaders;
  /** No more tokens than this are in the prompt's text, media left out; absent where nobody has counted. */
  readonly textTokens?: number;
  /** No more tokens than this are in the earlier turns that the provider adds itself; absent where that is not known. */
  readonly earlierTokens?: number;
  /** No more tokens than this are in all of the prompt, media and what the provider keeps included, by its own count. */
  readonly promptTokens?: number;
  /** The request will be held to this many calls of tools that the provider runs itself; absent where it is not. */
  readonly toolCalls?: number;
}

export const NO_CONTEXT: RequestContext = Object.freeze({ path: "", search: "", contentType: null });

/** What the gate has to know of a request before it leaves. */
export interface RequestFacts {
  /** The model as asked for; empty where the body names none. */
  readonly model: string;
  readonly stream: boolean;
  /** No more input tokens than this can be billed. */
  readonly inputBoundTokens: number;
  /**
   * Whether the provider adds what is not in the body: a cache or a conversation it kept, documents it fetches. Then up to
   * the model's whole context can be billed beside the bound.
   */
  readonly hiddenInput?: boolean;
  /** How often what is hidden is read, and billed; absent: once. */
  readonly hiddenReads?: number;
  /** The provider's id of the answer whose turns it puts before the prompt; absent where there is none. */
  readonly continues?: string;
  /** Whether the provider's own count covers all of the prompt; absent: yes. */
  readonly countable?: boolean;
  /**
   * Whether the request orders work of which nobody can tell here how much it is, such as a batch whose requests stand in a
   * file of the provider's. Then no amount can be held for it.
   */
  readonly boundless?: boolean;
  /**
   * Requests that stand within this one, each of which is answered and billed by itself, at its own model's price: then they
   * bound the call together. Of them all no more input is billed than `inputBoundTokens`.
   */
  readonly parts?: readonly RequestFacts[];
  /** Whether the provider does the work though nobody waits for its answer. */
  readonly goesOn?: boolean;
  /** Tokens the client allows for the whole answer (choices multiplied in); null where it set no limit. */
  readonly outputLimitTokens: number | null;
  /** Whether a lower output limit can be written into the body: false where it is signed, or has no place for one. Absent: yes. */
  readonly clampable?: boolean;
  /** Answers asked for at once (`n`): the output limit holds for each. */
  readonly choices: number;
  /** Web searches that the provider may bill by count; 0 where no such tool is offered. */
  readonly webSearchBound: number;
  /**
   * Calls of tools that the provider runs itself, each of which makes it read the prompt again: the bound allows for this
   * many. Absent where none is offered, or their number cannot be limited.
   */
  readonly toolCalls?: number;
  /** The most that other models take within the call, by whose own rates it is billed; absent: nothing. */
  readonly otherModels?: ReadonlyArray<
    { readonly model: string } & Readonly<Record<"inputTokens" | "outputTokens", number>>
  >;
  /** What such tools cost at most beside tokens and web searches, in nano-USD; absent: nothing. */
  readonly toolFeesBoundNanoUsd?: number;
  /** Bytes of text in the prompt (an image as 4,000), for an estimate where the provider reports nothing. */
  readonly promptBytes: number;
  /** Names of the body's own members, so that no rewrite has to look for one that is not there. */
  readonly members: ReadonlySet<string>;
  /** Whether the prompt holds images, sound or documents. */
  readonly hasMedia: boolean;
  /** What the request says of the client's own user; absent where it says nothing, or the protocol has no place for it. */
  readonly endUser?: string;
  /** False where a stream's usage is asked for in the client's stead: the chunk that carries nothing else is kept from it. */
  readonly usageAsked: boolean;
  /** What of the prompt can be written into a cache, for 5 minutes or an hour; absent where the request does not tell. */
  readonly cacheWrites?: "none" | "5m" | "1h";
  /** The service tier asked for, as `PriceBook.dearest` takes it; null for the provider's usual one. */
  readonly serviceTier: string | null;
  /** Whether the route has no other tier than that: else a cheaper one is held at the usual price, for it may not be given. */
  readonly tierIsSure?: boolean;
}

/** How a request is changed before it leaves. Absent fields change nothing. */
export interface Rewrite {
  /** Output tokens allowed for each choice. */
  readonly outputLimitTokens?: number;
  /** Calls allowed of tools that the provider runs itself. */
  readonly toolCalls?: number;
}

/** What another model took within a call, billed at its own rates. */
export interface OtherModelUsage {
  readonly model: string;
  readonly usage: Usage;
}

/** Where a request goes and what it says: its model stands in one of them, or in several. */
export interface AddressedRequest {
  /** The provider's base. */
  readonly baseUrl: string;
  /** Below it, without query. */
  readonly route: string;
  readonly body: Buffer;
}

/** What a protocol reads from an answer. `model` and `serviceTier` are as the provider reports them. */
export interface Reading {
  readonly usage: Usage;
  readonly basis: UsageBasis;
  readonly model: string | null;
  readonly serviceTier: string | null;
  /** The provider's own figure, in USD, where it sends one. */
  readonly reportedCostUsd: number | null;
  /** The provider's error type, where the answer is an error or a stream ended in one. */
  readonly errorType: string | null;
  /** What the provider says of the error; absent where it says nothing, or all is well. */
  readonly errorMessage?: string;
  /** What could not be read, in words; null where all was well. */
  readonly trouble: string | null;
  /** The provider's id of work that goes on after the answer, whose usage is told later; null where there is none. */
  readonly deferredId: string | null;
  /** The provider's id of the answer, by which a later request can go on from it; absent where there is none. */
  readonly answerId?: string;
  /** What tools that the provider ran cost beside tokens and web searches, in nano-USD; absent: nothing. */
  readonly toolFeesNanoUsd?: number;
  /** What of `usage` other models than `model` took; absent: nothing. */
  readonly otherModels?: readonly OtherModelUsage[];
}

/** What an answer tells of work that an earlier call ordered: a response in the background, a batch. */
export interface Collected {
  /** As the answer to that call named it, or a name that `alsoKnownAs` gave it since. */
  readonly deferredId: string;
  /** One for each answer that was made; empty where the work is not done. */
  readonly readings: readonly Reading[];
  /** Other ids under which results will be fetched. */
  readonly alsoKnownAs: readonly string[];
}

/** Reads an answer of many lines as it passes. It never throws. */
export interface LineCollector {
  /** Takes one line, without its end. */
  line(bytes: Buffer): void;
  /** To be called once, when all lines have passed; null where they tell nothing. */
  collected(): Collected | null;
}

/** What is known of an answer in which nothing could be read, or of none at all. */
export const NOTHING_READ: Reading = Object.freeze({
  usage: NO_USAGE,
  basis: "none",
  model: null,
  serviceTier: null,
  reportedCostUsd: null,
  errorType: null,
  trouble: null,
  deferredId: null,
});

/** Looks on while a stream passes. It never throws. */
export interface StreamReader {
  /**
   * Takes the bytes as they arrive, chunk borders anywhere, and gives what is to be sent to the client: usually the same
   * buffer, less what the client did not ask for.
   */
  push(chunk: Buffer): Buffer;
  /** Bytes that were held back for want of a line's end. To be called once, when the upstream has ended or broken off. */
  end(): Buffer;
  /** Whether any token of the answer has passed yet. */
  readonly answering: boolean;
  /** No fewer output tokens than this have passed, by the text itself: a report comes too late to stop a stream. */
  readonly outputAtLeast: number;
  /** Whether the stream came to its proper end. Some hosts leave out the protocol's last event: then it need not have come. */
  readonly complete: boolean;
  /** Whether the protocol's last event has passed: nothing can follow it. */
  readonly lastEventPassed: boolean;
  /** What is known by now: the provider's last report, else a count of the text that passed, marked `estimated`. */
  reading(): Reading;
}

/** A request that the protocol cannot make sense of; the message says what is wrong with it. */
export class BadRequestError extends Error {
  override readonly name = "BadRequestError";
}

/** An answer of our own in a protocol's error shape. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a provider's own free count of a prompt is asked for and read. All methods are pure. */
export interface PromptCount {
  /** The path with its query, for a call to the given ones. */
  where(path: string, search: string): string;
  /** The body of the question, for a call's body. */
  question(body: Buffer, path: string): Buffer;
  /** Tokens of the whole prompt by the answer's JSON; null where it does not say, or leaves out what the provider keeps. */
  tokensIn(answer: unknown, facts: RequestFacts): number | null;
}

/** One wire format. All methods are pure. */
export interface Protocol {
  /** As booked with each call: `openai-chat`, `anthropic-messages`. */
  readonly name: string;
  /** Whether this route is the protocol's, and what it is to the gate. `path` is below the provider's base, without query. */
  recognise(method: string, path: string): RouteKind | null;
  /**
   * Reads and bounds a request. Its text is bounded by its bytes, or by the context's `textTokens` where it has been counted.
   * @throws BadRequestError when the body is not what the protocol takes.
   */
  read(body: Buffer, context?: RequestContext): RequestFacts;
  /** The end of the path of the provider's own free token count, in place of the call's; null where there is none. */
  readonly countRoute: string | null;
  /** What that count takes of a request; other members are an error there. Absent where there is none. */
  readonly countedMembers?: readonly string[];
  /** The same for a count that covers all of the prompt and is asked for in a way of its own. */
  readonly promptCount?: PromptCount;
  /** The bytes to send: the client's own, except for the given changes and for what it takes to be told the usage. */
  rewrite(body: Buffer, facts: RequestFacts, changes: Rewrite): Buffer;
  /**
   * The same request for another model; null where it cannot be made so: it is signed, or that model takes other words.
   * Absent where no other model can do its work, as with embeddings.
   */
  forModel?(
    asked: AddressedRequest,
    facts: RequestFacts,
    context: RequestContext,
    model: string,
  ): AddressedRequest | null;
  /** Whether an answer of this content type comes as a stream that `readStream` reads. */
  isStream(contentType: string | null, facts: RequestFacts): boolean;
  /** Reads usage from a whole answer, JSON as a rule. Never throws. */
  readJson(status: number, body: Buffer, facts: RequestFacts, headers?: MessageHeaders): Reading;
  /** A reader for one streamed answer. */
  readStream(facts: RequestFacts): StreamReader;
  /** Reads the answer of a route that `recognise` calls `collect`; null where it tells nothing. Never throws. */
  readCollected?(path: string, status: number, body: Buffer): Collected | null;
  /** A reader of such an answer that comes as many lines, which need not be kept; null where it does not. */
  collectLines?(path: string, status: number): LineCollector | null;
  /**
   * How the answer of such a route is changed that tells at which address of the provider's more is to be fetched, so that
   * it is fetched here and read. `base` is the provider's base as the client knows it. Null where nothing is changed.
   */
  readdress?(path: string, base: string): ((body: Buffer) => Buffer) | null;
  /** A refusal, or an error of the gateway's own, in the protocol's shape. */
  refuse(refusal: Refusal): ErrorAnswer;
  fail(status: number, code: string, message: string): ErrorAnswer;
  /** The error event with which a stream of this content type is broken off, as text or, in a binary stream, as its bytes. */
  breakOff(code: string, message: string, contentType?: string | null): string | Buffer;
}
