import { BadRequestError, type RequestContext, type RequestFacts } from "../protocol.ts";
import {
  bytesOf,
  isObject,
  type JsonObject,
  jsonText,
  listOf,
  objectOf,
  parseRequest,
  textMember,
  textOf,
} from "./jsonValue.ts";
import { PromptSize, USUAL_IMAGE_TOKENS } from "./promptSize.ts";

/** What templates put around a prompt, and a system prompt that is stored with the model. */
const TEMPLATE_TOKENS = 2_000;
/** What templates add to explain tools. */
const TOOLS_TOKENS = 800;
/** What embedding models put around each text. */
const FRAME_TOKENS = 4;
/** No vision model takes more for an image (Qwen-VL 16,384). */
const IMAGE_TOKENS = 16_640;
const LARGEST_LIMIT = 1_000_000_000;

/** Ollama finds members whatever their case; what is read here must be what it finds. */
const MEMBERS = new Set(["model", "messages", "prompt", "input", "stream", "options", "images", "context", "template"]);

/** A chat, or a completion of one prompt. @throws BadRequestError */
export function readOllamaRequest(body: Buffer, context?: RequestContext): RequestFacts {
  const request = parsed(body);
  const size = new PromptSize(body.length, context?.textTokens);
  for (const message of listOf(request.messages)) {
    addImages(size, objectOf(message).images);
  }
  addImages(size, request.images);
  const earlier = listOf(request.context);
  if (earlier.length > 0) {
    // An earlier conversation, as the numbers of its tokens.
    size.addMedia(bytesOf(jsonText(earlier)), earlier.length, earlier.length);
  }
  return {
    ...factsOf(request, size),
    stream: streams(request),
    inputBoundTokens: size.mostTokens + TEMPLATE_TOKENS + (listOf(request.tools).length > 0 ? TOOLS_TOKENS : 0),
    // A template of the client's own can say the prompt any number of times.
    hiddenInput: (textOf(request.template) ?? "") !== "",
    outputLimitTokens: outputLimitOf(request),
  };
}

/** Texts to be embedded; nothing is written. @throws BadRequestError */
export function readOllamaEmbedding(body: Buffer, context?: RequestContext): RequestFacts {
  const request = parsed(body);
  const size = new PromptSize(body.length, context?.textTokens);
  const texts = Math.max(1, listOf(request.input).length);
  return {
    ...factsOf(request, size),
    stream: false,
    inputBoundTokens: size.mostTokens + texts * FRAME_TOKENS,
    outputLimitTokens: 0,
    clampable: false,
  };
}

/** The client's limit; null where it is absent or means "no limit" (-1) or "as much as there is room for" (-2). */
export function outputLimitOf(request: JsonObject): number | null {
  const options = request.options ?? null;
  if (options !== null && !isObject(options)) {
    throw new BadRequestError('"options" must be an object');
  }
  const limit = options?.num_predict ?? null;
  if (limit !== null && typeof limit !== "number") {
    throw new BadRequestError('"options.num_predict" must be a number');
  }
  return limit === null || limit < 1 ? null : Math.min(LARGEST_LIMIT, Math.trunc(limit));
}

function parsed(body: Buffer): JsonObject {
  const request = parseRequest(body);
  for (const name of Object.keys(request)) {
    const folded = name.toUpperCase().toLowerCase();
    if (folded !== name && MEMBERS.has(folded)) {
      throw new BadRequestError(`"${name}" must be written "${folded}"`);
    }
  }
  return request;
}

function factsOf(request: JsonObject, size: PromptSize) {
  return {
    model: textMember(request, "model") ?? "",
    choices: 1,
    webSearchBound: 0,
    promptBytes: size.textBytes,
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: true,
    serviceTier: null,
    cacheWrites: "none" as const,
  };
}

/** An answer is a stream unless the client says otherwise. */
function streams({ stream = null }: JsonObject): boolean {
  if (stream !== null && typeof stream !== "boolean") {
    throw new BadRequestError('"stream" must be true or false');
  }
  return stream ?? true;
}

function addImages(size: PromptSize, images: unknown): void {
  for (const image of listOf(images)) {
    size.addMedia(textOf(image)?.length ?? 0, IMAGE_TOKENS, USUAL_IMAGE_TOKENS);
  }
}
