import type { CachedInput } from "../../domain/cachedInput.ts";
import type { CallBound } from "../../domain/callBound.ts";
import type { Admitted, NotAdmitted } from "../../domain/gate.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import type { RequestContext, RequestFacts } from "../../domain/protocol.ts";
import type { TokenMargin } from "../../domain/tokenMargin.ts";
import type { UsualOutput } from "../../domain/usualOutput.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import type { TokenCounter } from "../tokens/tokenCounter.ts";
import type { CallFrame } from "./outcome.ts";
import type { MeteredPassage } from "./passage.ts";
import { type CallPrice, priceCall } from "./priceCall.ts";
import { boundByProvider, boundByTokenizer } from "./tighterBound.ts";
import type { Upstream } from "./upstream.ts";

/** What a call is bounded with. */
export interface BoundingOptions {
  readonly gatekeeper: Gatekeeper;
  readonly upstream: Upstream;
  readonly usual: UsualOutput;
  readonly tokenCounter: TokenCounter;
  readonly margin: TokenMargin;
  readonly cached: CachedInput;
  readonly prices: () => PriceBook;
  readonly now: () => number;
}

/** A request as it is read: its bytes, and what of it stands outside them. */
export interface ReadRequest {
  readonly body: Buffer;
  readonly context: RequestContext;
  readonly facts: RequestFacts;
  /** Whether it was sent before, and the provider did not keep to its output limit: then a lower one is of no use. */
  readonly wasCut?: boolean;
}

/** A call as it is to be held, and the tokenizer's count of its prompt where it was asked. */
export interface BoundedCall {
  readonly facts: RequestFacts;
  readonly price: CallPrice;
  readonly counted: number | null;
}

/** No text has more bytes to a token: a call that does not fit even so need not be counted by the provider. */
export const MOST_BYTES_PER_TOKEN = 10;
/** How many calls of its own tools a provider is held to where more do not fit. */
const FEWER_TOOL_CALLS = [4, 1];

/**
 * The price of a call, from its bytes; and only where that does not fit as it is, from its tokens, which takes longer:
 * counted here, and where it would still be refused, by the provider. Of tools that the provider runs itself fewer calls are
 * allowed then.
 */
export async function boundedCall(
  options: BoundingOptions,
  passage: MeteredPassage,
  { body, context, facts, wasCut = false }: ReadRequest,
  frame: CallFrame,
): Promise<BoundedCall> {
  const { gatekeeper, prices, now, upstream, tokenCounter, margin } = options;
  const { providerName, protocol, request, target, departure } = passage;
  const priced = (known: RequestFacts) =>
    priceCall(prices(), options, providerName, wasCut ? { ...known, clampable: false } : known, frame.startedAt, {
      tool: frame.attribution.tool ?? null,
    });
  const answerTo = (price: CallPrice) => gatekeeper.gate.preview({ ...price, attribution: frame.attribution }, now());
  const byBytes = priced(facts);
  const answer = answerTo(byBytes);
  if (byBytes.bound === null || (answer.kind === "held" && answer.clampedOutput === null)) {
    return { facts, price: byBytes, counted: null };
  }
  const tighter = await boundByTokenizer(body, facts, protocol, context, tokenCounter, margin);
  const counted = tighter?.counted ?? null;
  let known = { context, facts, ...tighter };
  let price = priced(known.facts);
  for (const toolCalls of FEWER_TOOL_CALLS) {
    if ((known.facts.toolCalls ?? 0) > toolCalls && !isRoomy(price.bound, answerTo(price))) {
      const fewer = { ...known.context, toolCalls };
      known = { ...known, context: fewer, facts: protocol.read(body, fewer) };
      price = priced(known.facts);
    }
  }
  const answerNow = answerTo(price);
  const textTokens = Math.floor(facts.promptBytes / MOST_BYTES_PER_TOKEN);
  const atLeast = () =>
    priced(protocol.read(body, { ...known.context, textTokens, earlierTokens: 0, promptTokens: textTokens }));
  const isGuess = known.facts.hiddenInput === true && !isRoomy(price.bound, answerNow);
  if ((answerNow.kind === "refused" || isGuess) && answerTo(atLeast()).kind !== "refused") {
    const asking = { request, body, protocol, target, context: known.context, upstream, departure };
    const asked = await boundByProvider(asking, known.facts);
    if (asked !== null) {
      return { facts: asked, price: priced(asked), counted };
    }
  }
  return { facts: known.facts, price, counted };
}

/** Whether a call takes no more than its share of a budget, with an answer longer than usual. */
function isRoomy(bound: CallBound | null, answer: Admitted | NotAdmitted): boolean {
  const { clampedOutput } = answer.kind === "held" ? answer : { clampedOutput: 0 };
  return bound === null || clampedOutput === null || clampedOutput > bound.usualOutputTokens;
}
