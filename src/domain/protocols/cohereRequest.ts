import { BadRequestError, type RequestContext, type RequestFacts } from "../protocol.ts";
import {
  flagMember,
  type JsonObject,
  listOf,
  objectOf,
  parseRequest,
  textMember,
  textOf,
  wholeMember,
} from "./jsonValue.ts";
import { dataUrlLength, PromptSize, USUAL_IMAGE_TOKENS } from "./promptSize.ts";

/** Cohere does not bill its template; this is for what it may add to a prompt all the same. */
const FRAME_TOKENS = 200;
const TOOLS_TOKENS = 800;
/** Cohere's own vision model takes 3,328 tokens for the largest image; others behind this API may take more. */
const IMAGE_TOKENS = 16_640;
const LARGEST_LIMIT = 1_000_000_000;

/** @throws BadRequestError */
export function readCohereChat(body: Buffer, context?: RequestContext): RequestFacts {
  const request = parseRequest(body);
  if (!Array.isArray(request.messages)) {
    throw new BadRequestError('"messages" must be a list');
  }
  const size = new PromptSize(body.length, context?.textTokens);
  for (const message of request.messages) {
    addImages(size, objectOf(message).content);
  }
  const limit = wholeMember(request, "max_tokens");
  return {
    ...factsOf(request, size),
    stream: flagMember(request, "stream"),
    inputBoundTokens: size.mostTokens + FRAME_TOKENS + (listOf(request.tools).length > 0 ? TOOLS_TOKENS : 0),
    outputLimitTokens: limit === null || limit <= 0 ? null : Math.min(LARGEST_LIMIT, limit),
    serviceTier: null,
  };
}

/** Texts and images to be embedded; nothing is written. @throws BadRequestError */
export function readCohereEmbedding(body: Buffer, context?: RequestContext): RequestFacts {
  const request = parseRequest(body);
  const size = new PromptSize(body.length, context?.textTokens);
  for (const image of listOf(request.images)) {
    addImage(size, image);
  }
  for (const input of listOf(request.inputs)) {
    addImages(size, objectOf(input).content);
  }
  const inputs = listOf(request.texts).length + listOf(request.inputs).length + 1;
  return {
    ...factsOf(request, size),
    stream: false,
    inputBoundTokens: size.mostTokens + inputs * FRAME_TOKENS,
    outputLimitTokens: 0,
    clampable: false,
    serviceTier: size.hasMedia ? IMAGES_TIER : null,
  };
}

/** Cohere bills the tokens of images at a rate of their own, which price lists leave out. */
export const IMAGES_TIER = "images";

function factsOf(request: JsonObject, size: PromptSize) {
  return {
    model: textMember(request, "model") ?? "",
    choices: 1,
    webSearchBound: 0,
    promptBytes: size.textBytes,
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: true,
    cacheWrites: "none" as const,
  };
}

function addImages(size: PromptSize, content: unknown): void {
  for (const value of listOf(content)) {
    const part = objectOf(value);
    if (part.type === "image_url") {
      addImage(size, objectOf(part.image_url).url ?? part.image_url);
    }
  }
}

function addImage(size: PromptSize, address: unknown): void {
  size.addMedia(dataUrlLength(textOf(address) ?? ""), IMAGE_TOKENS, USUAL_IMAGE_TOKENS);
}
