import { NOTHING_READ, type Protocol, type Reading, type RequestFacts } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { IMAGES_TIER, readCohereChat, readCohereEmbedding } from "./cohereRequest.ts";
import { CohereStream } from "./cohereStream.ts";
import { cohereBytes, cohereErrorOf, cohereUsageOf } from "./cohereUsage.ts";
import { cohereErrors } from "./errorShapes.ts";
import { membersOf, withMembers } from "./jsonEdit.ts";
import { countOf, isObject, type JsonObject, objectOf, parseOrUndefined } from "./jsonValue.ts";
import { forModelInBody } from "./modelInBody.ts";
import { estimatedInput } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";

const shared = {
  countRoute: null,
  isStream: isEventStream,
  readStream: (facts: RequestFacts) => new CohereStream(facts),
  ...cohereErrors,
};

/** Cohere's chat, version 2. */
export const cohereChat: Protocol = {
  ...shared,
  name: "cohere-chat",
  forModel: forModelInBody,
  recognise: (method, path) => (method === "POST" && /(^|\/)v2\/chat\/?$|^\/chat\/?$/.test(path) ? "metered" : null),
  read: readCohereChat,
  rewrite(body, facts, { outputLimitTokens: limit }) {
    if (limit === undefined) {
      return body;
    }
    const given = membersOf(body, facts.members, ["max_tokens"]).get("max_tokens");
    const isLow = typeof given === "number" && given > 0 && given <= limit;
    return isLow ? body : withMembers(body, facts.members, { max_tokens: String(limit) });
  },
  readJson: (status, body, facts) => readWhole(status, body, (answer) => chatReading(answer, facts)),
};

/** Cohere's embeddings, version 2. */
export const cohereEmbed: Protocol = {
  ...shared,
  name: "cohere-embed",
  recognise: (method, path) => (method === "POST" && /(^|\/)v2\/embed\/?$|^\/embed\/?$/.test(path) ? "metered" : null),
  read: readCohereEmbedding,
  rewrite: (body) => body,
  readJson: (status, body, facts) => readWhole(status, body, (answer) => embedReading(answer, facts)),
};

function readWhole(status: number, body: Buffer, read: (answer: JsonObject) => Reading): Reading {
  if (status >= 400) {
    return { ...NOTHING_READ, errorType: `http_${status}` };
  }
  const answer = parseOrUndefined(body);
  return isObject(answer) ? read(answer) : { ...NOTHING_READ, trouble: "The answer is not a JSON object" };
}

function chatReading(answer: JsonObject, facts: RequestFacts): Reading {
  const errorType = cohereErrorOf(answer);
  const said = cohereBytes(answer.message);
  return errorType !== null && said === 0 && !isObject(answer.usage)
    ? { ...NOTHING_READ, errorType }
    : { ...NOTHING_READ, ...cohereUsageOf(answer.usage, said, facts), errorType };
}

function embedReading(answer: JsonObject, facts: RequestFacts): Reading {
  const billed = objectOf(objectOf(answer.meta).billed_units);
  const text = countOf(billed.input_tokens);
  const images = countOf(billed.image_tokens);
  return {
    ...NOTHING_READ,
    usage: {
      ...NO_USAGE,
      inputTokens: text === null && images === null ? estimatedInput(facts) : (text ?? 0) + (images ?? 0),
    },
    basis: text === null && images === null ? "estimated" : "reported",
    serviceTier: (images ?? 0) > 0 ? IMAGES_TIER : null,
  };
}
