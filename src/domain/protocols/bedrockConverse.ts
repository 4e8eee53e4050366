import {
  type AddressedRequest,
  NOTHING_READ,
  type Protocol,
  type Reading,
  type RequestContext,
  type RequestFacts,
} from "../protocol.ts";
import { changedThinking } from "./anthropicMessages.ts";
import { blocksBytes } from "./bedrockContent.ts";
import { bedrockCallOf, bedrockMaker, forBedrockModel } from "./bedrockPath.ts";
import { converseLimitOf, isSigned, readConverse } from "./bedrockRequest.ts";
import { BedrockStream } from "./bedrockStream.ts";
import { ConverseTally, routedModel, tierOf } from "./bedrockTally.ts";
import { bedrockErrorOf, converseCounts, countedOr } from "./bedrockUsage.ts";
import { bedrockErrors } from "./errorShapes.ts";
import { isEventFrames } from "./eventFrames.ts";
import { withMemberAt } from "./jsonPath.ts";
import { isObject, objectOf, parseOrUndefined, parseRequest } from "./jsonValue.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

/** Amazon Bedrock's Converse: one wire for every model; the model stands in the path. */
export const bedrockConverse: Protocol = {
  name: "bedrock-converse",
  recognise: (method, path) => (method === "POST" && bedrockCallOf(path)?.operation === "converse" ? "metered" : null),
  countRoute: null,
  read: readConverse,
  forModel,
  rewrite(body, facts, { outputLimitTokens: limit }) {
    return limit === undefined || facts.clampable === false ? body : withLimit(body, limit);
  },
  isStream: isEventFrames,
  readJson(status, body, facts, headers) {
    return status >= 400
      ? { ...NOTHING_READ, errorType: bedrockErrorOf(status, headers) }
      : readAnswer(parseOrUndefined(body), facts);
  },
  readStream: (facts) => new BedrockStream(new ConverseTally(facts)),
  ...bedrockErrors,
};

/** What is signed cannot be changed, and a prompt that is kept at Amazon has its model; fields of a maker's own are for its models. */
function forModel(
  asked: AddressedRequest,
  { model: before, members }: RequestFacts,
  context: RequestContext,
  model: string,
): AddressedRequest | null {
  const keepsToMaker = members.has("additionalModelRequestFields");
  const isOtherMaker = bedrockMaker(before) === null || bedrockMaker(before) !== bedrockMaker(model);
  const isFixed = isSigned(context) || /:prompt\//.test(before) || (keepsToMaker && isOtherMaker);
  return isFixed ? null : forBedrockModel(asked, model);
}

/** What Claude's budget for thinking is called among a model's own fields. */
const THINKING = ["thinking", "reasoning_config"];

function withLimit(body: Buffer, limit: number): Buffer {
  const request = parseRequest(body);
  const given = converseLimitOf(request);
  if (given !== null && given <= limit) {
    return body;
  }
  let changed = withMemberAt(body, ["inferenceConfig", "maxTokens"], String(limit));
  const fields = objectOf(request.additionalModelRequestFields);
  for (const name of THINKING) {
    const members = new Map(Object.entries({ ...fields, thinking: fields[name] }));
    for (const [member, text] of Object.entries(changedThinking(members, limit))) {
      const path = ["additionalModelRequestFields", member === "thinking" ? name : member] as const;
      changed = withMemberAt(changed, path, text);
    }
  }
  return changed;
}

function readAnswer(answer: unknown, facts: RequestFacts): Reading {
  if (!isObject(answer)) {
    return { ...NOTHING_READ, trouble: "The answer is not a JSON object" };
  }
  const said = blocksBytes(objectOf(objectOf(answer.output).message).content);
  return {
    ...NOTHING_READ,
    ...countedOr(converseCounts(answer.usage), estimatedInput(facts), estimatedTokens(said)),
    model: routedModel(answer),
    serviceTier: tierOf(answer) ?? facts.serviceTier,
  };
}
