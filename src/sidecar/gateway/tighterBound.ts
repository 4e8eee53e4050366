import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { PromptCount, Protocol, RequestContext, RequestFacts } from "../../domain/protocol.ts";
import { jsonText } from "../../domain/protocols/jsonValue.ts";
import type { TokenMargin } from "../../domain/tokenMargin.ts";
import { Departure } from "../departure.ts";
import type { TokenCounter } from "../tokens/tokenCounter.ts";
import { readBody } from "./body.ts";
import { forwardedRequestHeaders } from "./headers.ts";
import type { Target } from "./route.ts";
import type { Upstream } from "./upstream.ts";

/** How long, in ms, a provider may take to count a prompt. */
const ASK_LIMIT_MS = 5_000;
/** Providers call their own count an estimate: this much may be missing from it. */
const ASKED_MARGIN = 1.02;
const countSchema = z.object({ input_tokens: z.int().min(0) });

/** A count that stands at a route beside the call's and takes some of its members, as with Anthropic and OpenAI. */
function countByMembers({ countRoute, countedMembers }: Protocol): PromptCount | null {
  if (countRoute === null || countedMembers === undefined) {
    return null;
  }
  return {
    where: (path, search) => `${path.replace(/\/[^/]+\/?$/, countRoute)}${search}`,
    question(body) {
      const whole = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
      const counted = countedMembers.filter((name) => name in whole).map((name) => [name, whole[name]]);
      return Buffer.from(jsonText(Object.fromEntries(counted)));
    },
    tokensIn: (answer) => countSchema.safeParse(answer).data?.input_tokens ?? null,
  };
}

/** Facts with a tighter bound, what they were read with, and the tokenizer's count, from which its margin is learned. */
export interface Tighter {
  readonly facts: RequestFacts;
  readonly context: RequestContext;
  readonly counted: number;
}

/** By tokenizer, with a margin; null where that cannot be done or says no less than the bytes do. */
export async function boundByTokenizer(
  body: Buffer,
  facts: RequestFacts,
  protocol: Protocol,
  context: RequestContext,
  counter: TokenCounter,
  margin: TokenMargin,
): Promise<Tighter | null> {
  if (facts.hasMedia) {
    return null;
  }
  const counted = await counter.count(body);
  if (counted === null) {
    return null;
  }
  const known = { ...context, textTokens: margin.atMost(facts.model, counted) };
  const tighter = protocol.read(body, known);
  return tighter.inputBoundTokens < facts.inputBoundTokens ? { facts: tighter, context: known, counted } : null;
}

/** A call whose provider is asked for its count of tokens. */
export interface Asking {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly protocol: Protocol;
  readonly target: Target;
  readonly context: RequestContext;
  readonly upstream: Upstream;
  readonly departure: Departure;
}

/**
 * By the provider's own free count, where the protocol has one. It costs a round trip, so it is asked for only when the
 * local bound alone would refuse the call, or would hold far too much. Null where the provider does not say.
 */
export async function boundByProvider(
  { request, body, protocol, target, context, upstream, departure }: Asking,
  facts: RequestFacts,
): Promise<RequestFacts | null> {
  const { promptCount = countByMembers(protocol) } = protocol;
  if (promptCount === null || facts.countable === false) {
    return null;
  }
  const path = target.path.slice(0, target.path.length - target.search.length);
  const where = { ...target, path: promptCount.where(path, target.search) };
  const asked = promptCount.question(body, path);
  const patience = new Departure();
  const giveUp = () => patience.announce();
  const timer = setTimeout(giveUp, ASK_LIMIT_MS);
  departure.on(giveUp);
  try {
    const headers = forwardedRequestHeaders(request, target.server.host, asked.length);
    const answer = await upstream.ask("POST", where, headers, asked, patience);
    patience.on(() => answer.destroy());
    const text = (await readBody(answer, 65_536)).toString("utf8");
    const tokens = promptCount.tokensIn(JSON.parse(text), facts);
    if (tokens === null) {
      return null;
    }
    const most = Math.ceil(tokens * ASKED_MARGIN);
    // Turns that the provider keeps are in its count, which is then more than the text at hand.
    const keepsTurns = facts.hiddenInput === true || facts.continues !== undefined;
    const known = keepsTurns ? { textTokens: 0, earlierTokens: most } : { textTokens: most };
    const whole = protocol.promptCount === undefined ? {} : { promptTokens: most };
    const tighter = protocol.read(body, { ...context, ...known, ...whole });
    if (facts.hiddenInput === true) {
      return tighter.hiddenInput === true ? null : tighter;
    }
    return tighter.inputBoundTokens < facts.inputBoundTokens ? tighter : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    departure.off(giveUp);
  }
}
