import {
  BadRequestError,
  NO_CONTEXT,
  NOTHING_READ,
  type Protocol,
  type Reading,
  type RequestContext,
  type RequestFacts,
} from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { googleErrors } from "./errorShapes.ts";
import { addMediaOf } from "./googleMedia.ts";
import { itemsOf } from "./googleMembers.ts";
import { googlePathOf } from "./googlePath.ts";
import { GoogleStream } from "./googleStream.ts";
import { countsOf, googleErrorOf } from "./googleUsage.ts";
import {
  bytesOf,
  countOf,
  isObject,
  type JsonObject,
  jsonText,
  listOf,
  objectOf,
  parseOrUndefined,
  parseRequest,
} from "./jsonValue.ts";
import { estimatedInput, estimatedTokens, PromptSize } from "./promptSize.ts";

const METHODS = ["embedContent", "batchEmbedContents"];
/** A tier of our own: models that embed films and pictures as well have a lower price for texts. */
const TEXT_ALONE = "text";
/** What stands around each text, at most. */
const FRAME_TOKENS = 16;

/**
 * Google's embeddings: `embedContent` and `batchEmbedContents`, and Vertex's `predict` on models that embed. Other models
 * that are asked to predict draw pictures or films, which are billed by the piece: nobody knows these here.
 */
export const googleEmbed: Protocol = {
  name: "google-embed",
  recognise(method, path) {
    const called = method === "POST" ? googlePathOf(path) : null;
    const embeds =
      called !== null &&
      (METHODS.includes(called.method) || (called.method === "predict" && /embedding|gecko/.test(called.model)));
    return embeds ? "metered" : null;
  },
  countRoute: null,
  read,
  rewrite: (body) => body,
  isStream: () => false,
  readJson,
  readStream: (facts) => new GoogleStream(facts),
  ...googleErrors,
};

/** @throws BadRequestError */
function read(body: Buffer, context: RequestContext = NO_CONTEXT): RequestFacts {
  const request = parseRequest(body);
  const contents = [request, ...itemsOf(request.requests)].flatMap((one) => itemsOf(objectOf(one).content));
  const instances = itemsOf(request.instances);
  if (contents.length + instances.length === 0) {
    throw new BadRequestError('"content", "requests" or "instances" must hold what is to be embedded');
  }
  const size = new PromptSize(body.length, context.textTokens);
  addMediaOf(size, contents);
  const textBytes = contents.reduce<number>((sum, content) => sum + contentBytes(content), 0);
  const media = size.hasMedia ? size.textBytes : 0;
  const model = googlePathOf(context.path)?.model ?? "";
  return {
    model,
    stream: false,
    inputBoundTokens: size.mostTokens + FRAME_TOKENS * (contents.length + instances.length),
    outputLimitTokens: 1,
    clampable: false,
    choices: 1,
    webSearchBound: 0,
    promptBytes: Math.max(1, media, textBytes + instances.reduce<number>((sum, one) => sum + instanceBytes(one), 0)),
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: true,
    cacheWrites: "none",
    serviceTier: size.hasMedia || !/^gemini-embedding-2/.test(model) ? null : TEXT_ALONE,
    tierIsSure: true,
  };
}

function contentBytes(content: unknown): number {
  return itemsOf(objectOf(content).parts).reduce<number>((sum, part) => sum + bytesOf(objectOf(part).text), 0);
}

function instanceBytes(instance: unknown): number {
  const { content, title } = objectOf(instance);
  const known = bytesOf(content) + bytesOf(title);
  return known === 0 ? bytesOf(jsonText(instance)) : known;
}

function readJson(status: number, body: Buffer, facts: RequestFacts): Reading {
  const answer = parseOrUndefined(body);
  if (!isObject(answer) || status >= 400) {
    const errorType = isObject(answer) ? googleErrorOf(answer) : null;
    const trouble = status < 400 ? "The answer is not a JSON object" : null;
    return { ...NOTHING_READ, errorType: status < 400 ? null : (errorType ?? `http_${status}`), trouble };
  }
  const counts = countsOf(answer.usageMetadata);
  const reported = counts?.input ?? tokensOfPredictions(answer);
  const usage = {
    ...NO_USAGE,
    inputTokens: reported ?? estimated(answer, facts),
    audioInputTokens: counts?.audioInput ?? 0,
  };
  return {
    ...NOTHING_READ,
    serviceTier: facts.serviceTier,
    errorType: googleErrorOf(answer),
    usage,
    basis: reported === null ? "estimated" : "reported",
  };
}

/** Vertex counts each text: `predictions[].embeddings.statistics.token_count`. Null where one is not counted. */
function tokensOfPredictions(answer: JsonObject): number | null {
  const counts = listOf(answer.predictions).map((prediction) => {
    const { token_count, tokenCount } = objectOf(objectOf(objectOf(prediction).embeddings).statistics);
    return countOf(token_count ?? tokenCount);
  });
  return counts.length === 0 || counts.includes(null)
    ? null
    : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

/** AI Studio says nothing of what it counted, older models at Vertex only how many characters they bill. */
function estimated(answer: JsonObject, facts: RequestFacts): number {
  const characters = countOf(objectOf(answer.metadata).billableCharacterCount);
  return characters === null ? estimatedInput(facts) : Math.max(1, estimatedTokens(characters));
}
