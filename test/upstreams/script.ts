import { contentText, isJson, type Json, listOf } from "./tokens.ts";

/** What a simulated provider does with one call. Whatever is left out is done as the real provider does it. */
export type Behaviour = {
  /** The answer's text. */
  text?: string;
  /** An answer of this many tokens in place of a text. */
  answerTokens?: number;
  /** Hidden reasoning (OpenAI) or a thinking block (Anthropic) of this many tokens, counted as output. */
  reasoningTokens?: number;
  /** OpenAI's responses: web searches that the model makes where it may. */
  searches?: number;
  /** Stands in place of the computed usage, in the provider's own shape. In an Anthropic stream: of the last one. */
  usage?: Json;
  /** Anthropic streams: the usage in `message_start`, where it shall differ from the last one. */
  usageAtStart?: Json;
  /** No usage anywhere, even if asked for. */
  omitUsage?: boolean;
  /** Answers in full, whatever limit the request sets. */
  ignoreOutputLimit?: boolean;
  /** The `model` of the answer. */
  servedModel?: string;
  /** The `service_tier` of the answer. */
  serviceTier?: string;
  /** An error in the provider's shape, or with a body of its own (a string is sent as it is). */
  error?: { status: number; body?: unknown; retryAfterSeconds?: number };
  /** Stream only: an error event in the provider's shape after this many events; the stream then ends. */
  errorAfter?: number;
  /** Extra or other headers of the answer. */
  headers?: Record<string, string>;
  /** Milliseconds before the headers. */
  delayMs?: number;
  /** Milliseconds between the events of a stream, or between the pieces of a split body. */
  gapMs?: number;
  /** Bytes a write carries: the body is cut there, across events and characters. */
  splitBytes?: number;
  /** Never answers: the connection stays open in silence. */
  hang?: boolean;
  /** Stream only: falls silent after this many events. */
  hangAfter?: number;
  /** Destroys the connection after this many events; a JSON body is cut in its middle. */
  cutAfter?: number;
  /** 200 with what is no JSON, or with a stream that breaks off inside an event. */
  garbage?: boolean;
  /** Compresses if the request accepts gzip; "always" does so unasked. */
  gzip?: boolean | "always";
};

/** What a server shall do: one-shot behaviours first, in order, then the default. Model calls alone take from the queue. */
export type Script = {
  /** False: every path answers 503, `/health` too. */
  healthy: boolean;
  /** Holds for every call; a one-shot behaviour is laid over it. */
  default: Behaviour;
  /** Adds one-shot behaviours, one for each of the next model calls. */
  next(...behaviours: Behaviour[]): void;
  /** One-shot behaviours that no call has taken yet. */
  readonly pending: number;
  /** Takes the next behaviour; magic words of the request's last user message come on top. */
  take(body: Json): Behaviour;
  /** Forgets the queue and the default. */
  reset(): void;
};

export const createScript = (initial: Behaviour = {}): Script => {
  const queue: Behaviour[] = [];
  return {
    healthy: true,
    default: { ...initial },
    next: (...behaviours) => void queue.push(...behaviours),
    get pending() {
      return queue.length;
    },
    take(body) {
      return { ...this.default, ...queue.shift(), ...magicWords(lastUserText(body)).behaviour };
    },
    reset() {
      queue.length = 0;
      this.healthy = true;
      this.default = { ...initial };
    },
  };
};

/** The text of the last user message; of its blocks the one that begins with magic words, else the last one. */
export const lastUserText = (body: Json): string => {
  const user = listOf(body.messages).findLast((message) => message.role === "user");
  if (!user) return "";
  if (!Array.isArray(user.content)) return contentText(user.content);
  const texts = user.content.filter(isJson).flatMap((block) => (typeof block.text === "string" ? [block.text] : []));
  return texts.findLast((text) => magicWord.test(text)) ?? texts.at(-1) ?? "";
};

const magicWord = /^\s*\[sim:([a-z]+)((?: +\d+)*)\]/;

/**
 * Reads `[sim:…]` words at the start of a text and returns what follows them. Words: `error STATUS [RETRY_AFTER_SECONDS]`,
 * `slow [GAP_MS]`, `hang`, `stall [EVENTS]`, `cut [EVENTS]`, `fail [EVENTS]`, `garbage`, `long TOKENS`, `reasoning TOKENS`,
 * `search TIMES`, `nousage`, `nolimit`, `gzip`, `split BYTES`. An unknown word is taken off and does nothing.
 */
export const magicWords = (text: string): { behaviour: Behaviour; rest: string } => {
  const behaviour: Behaviour = {};
  let rest = text;
  for (let match = magicWord.exec(rest); match; match = magicWord.exec(rest)) {
    const numbers = (match[2] ?? "").split(" ").filter(Boolean).map(Number);
    Object.assign(behaviour, meaning(match[1] ?? "", numbers));
    rest = rest.slice(match[0].length);
  }
  return { behaviour, rest: rest.trimStart() };
};

const meaning = (word: string, [first, second]: number[]): Behaviour => {
  switch (word) {
    case "error":
      return {
        error: { status: first ?? 500, ...(second === undefined ? {} : { retryAfterSeconds: second }) },
      };
    case "slow":
      return { delayMs: 1500, gapMs: first ?? 200 };
    case "hang":
      return { hang: true };
    case "stall":
      return { hangAfter: first ?? 4 };
    case "cut":
      return { cutAfter: first ?? 4 };
    case "fail":
      return { errorAfter: first ?? 4 };
    case "garbage":
      return { garbage: true };
    case "long":
      return { answerTokens: first ?? 1000 };
    case "reasoning":
      return { reasoningTokens: first ?? 256 };
    case "search":
      return { searches: first ?? 1 };
    case "nousage":
      return { omitUsage: true };
    case "nolimit":
      return { ignoreOutputLimit: true };
    case "gzip":
      return { gzip: true };
    case "split":
      return { splitBytes: first ?? 7 };
    default:
      return {};
  }
};
