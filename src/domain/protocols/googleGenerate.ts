import {
  type AddressedRequest,
  NOTHING_READ,
  type Protocol,
  type Reading,
  type RequestContext,
  type RequestFacts,
} from "../protocol.ts";
import { googleErrors } from "./errorShapes.ts";
import { googleCount } from "./googleCount.ts";
import { forGoogleModel, googlePathOf } from "./googlePath.ts";
import { readGenerateRequest } from "./googleRequest.ts";
import { withOutputLimit } from "./googleRewrite.ts";
import { GoogleStream } from "./googleStream.ts";
import { GoogleTally } from "./googleTally.ts";
import { withMembers } from "./jsonEdit.ts";
import { isObject, parseOrUndefined } from "./jsonValue.ts";
import { isEventStream } from "./sse.ts";

const METHODS = ["generateContent", "streamGenerateContent"];

/** Google's `generateContent`, as Gemini's API and Vertex speak it. */
export const googleGenerate: Protocol = {
  name: "google-generate",
  recognise(method, path) {
    const called = method === "POST" ? googlePathOf(path)?.method : undefined;
    return called !== undefined && METHODS.includes(called) ? "metered" : null;
  },
  countRoute: ":countTokens",
  promptCount: googleCount,
  read: readGenerateRequest,
  forModel,
  rewrite: (body, facts, { outputLimitTokens: limit }) =>
    limit === undefined ? body : withOutputLimit(body, facts, limit),
  /** Without `alt=sse` a stream is a JSON array that is sent over time. */
  isStream: (contentType, facts) => isEventStream(contentType) || (facts.stream && isJson(contentType)),
  readJson,
  readStream: (facts) => new GoogleStream(facts),
  ...googleErrors,
};

/** What Google keeps for a prompt, it keeps for one model. Other makers' models take other words, below other methods. */
function forModel(
  asked: AddressedRequest,
  { members }: RequestFacts,
  _context: RequestContext,
  model: string,
): AddressedRequest | null {
  const keepsToModel = members.has("cachedContent") || members.has("cached_content");
  const moved = keepsToModel || /^claude/.test(model) ? null : forGoogleModel(asked, model);
  const named = { model: JSON.stringify(`models/${model}`) };
  return moved !== null && members.has("model") ? { ...moved, body: withMembers(moved.body, members, named) } : moved;
}

function isJson(contentType: string | null): boolean {
  return contentType !== null && /^application\/json\b/i.test(contentType);
}

function readJson(status: number, body: Buffer, facts: RequestFacts): Reading {
  const answer = parseOrUndefined(body);
  const chunks = (Array.isArray(answer) ? answer : [answer]).filter(isObject);
  const failed = status < 400 ? null : `http_${status}`;
  if (chunks.length === 0) {
    return { ...NOTHING_READ, errorType: failed, trouble: failed === null ? "The answer is not a JSON object" : null };
  }
  const tally = new GoogleTally(facts);
  for (const chunk of chunks) {
    tally.take(chunk);
  }
  const reading = tally.reading(true);
  return failed === null || reading.basis !== "estimated"
    ? reading
    : { ...NOTHING_READ, errorType: reading.errorType ?? failed };
}
