import {
  type AddressedRequest,
  type MessageHeaders,
  NOTHING_READ,
  type Protocol,
  type Reading,
  type RequestContext,
  type RequestFacts,
} from "../protocol.ts";
import { anthropicMessages } from "./anthropicMessages.ts";
import { readInvokeAnswer, servedTier } from "./bedrockInvokeAnswer.ts";
import { EMBEDS, isAnthropic, limitAt, limitPathsOf, readInvoke } from "./bedrockInvokeRequest.ts";
import { AnthropicInvokeTally, InvokeTally } from "./bedrockInvokeTally.ts";
import { bedrockCallOf, bedrockMaker, forBedrockModel } from "./bedrockPath.ts";
import { isSigned } from "./bedrockRequest.ts";
import { BedrockStream } from "./bedrockStream.ts";
import { bedrockErrorOf, countedOr, headerCounts } from "./bedrockUsage.ts";
import { bedrockErrors } from "./errorShapes.ts";
import { isEventFrames } from "./eventFrames.ts";
import { withMemberAt } from "./jsonPath.ts";
import { parseOrUndefined, parseRequest } from "./jsonValue.ts";

/** Amazon Bedrock's InvokeModel: each model in its maker's own words, for Claude Anthropic's; the model stands in the path. */
export const bedrockInvoke: Protocol = {
  name: "bedrock-invoke",
  recognise: (method, path) => (method === "POST" && bedrockCallOf(path)?.operation === "invoke" ? "metered" : null),
  countRoute: null,
  read: readInvoke,
  forModel,
  rewrite(body, facts, changes) {
    const { outputLimitTokens: limit } = changes;
    if (limit === undefined || facts.clampable === false) {
      return body;
    }
    return isAnthropic(facts) ? anthropicMessages.rewrite(body, facts, changes) : withLimit(body, facts.model, limit);
  },
  isStream: isEventFrames,
  readJson(status, body, facts, headers = {}) {
    if (status >= 400) {
      return { ...NOTHING_READ, errorType: bedrockErrorOf(status, headers) };
    }
    return isAnthropic(facts)
      ? readMessage(status, body, facts, headers)
      : readInvokeAnswer(parseOrUndefined(body), facts, headers);
  },
  readStream: (facts) =>
    new BedrockStream(isAnthropic(facts) ? new AnthropicInvokeTally(facts) : new InvokeTally(facts)),
  ...bedrockErrors,
};

/** Each maker has words of its own, and Amazon's families differ too: only a model that takes the same ones can stand in. */
function forModel(
  asked: AddressedRequest,
  facts: RequestFacts,
  context: RequestContext,
  model: string,
): AddressedRequest | null {
  const { model: before } = facts;
  const maker = isAnthropic(facts) ? "anthropic" : bedrockMaker(before);
  const takesSame = maker === bedrockMaker(model) && limitPathsOf(before) === limitPathsOf(model);
  const embeds = EMBEDS.test(before) || EMBEDS.test(model);
  return maker === null || !takesSame || embeds || isSigned(context) ? null : forBedrockModel(asked, model);
}

/** Lowers every limit that is there; where there is none, sets the one that the maker's models usually take. */
function withLimit(body: Buffer, model: string, limit: number): Buffer {
  const request = parseRequest(body);
  const paths = limitPathsOf(model);
  const present = paths.filter((path) => limitAt(request, path) !== null);
  let changed = body;
  for (const path of present.length > 0 ? present : paths.slice(0, 1)) {
    const given = limitAt(request, path);
    if (given === null || given > limit) {
      changed = withMemberAt(changed, path, String(limit));
    }
  }
  return changed;
}

function readMessage(status: number, body: Buffer, facts: RequestFacts, headers: MessageHeaders): Reading {
  const reading = anthropicMessages.readJson(status, body, facts);
  const { usage, basis } = reading;
  const counts = basis === "reported" ? null : headerCounts(headers);
  return {
    ...reading,
    ...(counts === null ? {} : countedOr(counts, usage.inputTokens, usage.outputTokens)),
    // The model is Anthropic's name; Amazon's prices go by the one that was asked for.
    model: null,
    serviceTier: servedTier(headers) ?? facts.serviceTier ?? reading.serviceTier,
  };
}
