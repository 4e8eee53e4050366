import { BadRequestError, type Protocol, type RequestContext, type RequestFacts } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { modelAsked } from "./azureDeployment.ts";
import { openaiErrors } from "./errorShapes.ts";
import { isObject, type JsonObject, parseRequest, textOf } from "./jsonValue.ts";
import { readAnswer } from "./openaiAnswerReading.ts";
import { addMessageMedia } from "./openaiChatRequest.ts";
import { addImage, askedTier } from "./openaiParts.ts";
import { addTokenList, isTokenList } from "./openaiTokenLists.ts";
import { tokenReportOf } from "./openaiTokenReport.ts";
import { dataUrlLength, estimatedInput, PromptSize } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";
import { UsageEventStream } from "./usageEventStream.ts";

/** What hosts put around each text by themselves: two marks as a rule, an instruction of a few words at most. */
const FRAME_TOKENS = 32;

/** OpenAI's embeddings, as Mistral, Together, Voyage, vLLM and others speak them too: vectors out, so only input costs. */
export const openaiEmbeddings: Protocol = {
  name: "openai-embeddings",
  recognise: (method, path) => (method === "POST" && /(^|\/)embeddings\/?$/.test(path) ? "metered" : null),
  countRoute: null,
  read: readEmbeddingsRequest,
  rewrite: (body) => body,
  isStream: isEventStream,
  readJson: (status, body, facts) =>
    readAnswer(status, body, {
      report: ({ usage }) => tokenReportOf(usage),
      estimate: () => ({ ...NO_USAGE, inputTokens: estimatedInput(facts) }),
    }),
  readStream: (facts) =>
    new UsageEventStream({
      report: ({ usage }) => tokenReportOf(usage),
      isLast: () => false,
      textBytes: () => 0,
      estimate: () => ({ ...NO_USAGE, inputTokens: estimatedInput(facts) }),
    }),
  ...openaiErrors,
};

/** @throws BadRequestError */
function readEmbeddingsRequest(body: Buffer, context?: RequestContext): RequestFacts {
  const request = parseRequest(body);
  const input = request.input ?? request.messages;
  if (typeof input !== "string" && !Array.isArray(input)) {
    throw new BadRequestError('"input" must be a text, or a list of texts or tokens');
  }
  const model = modelAsked(request, context);
  const size = new PromptSize(body.length, context?.textTokens);
  const inputs = typeof input === "string" || isTokenList(input) ? [input] : input;
  for (const one of inputs) {
    addInput(size, one, model);
  }
  return {
    model,
    stream: false,
    inputBoundTokens: size.mostTokens + FRAME_TOKENS * inputs.length,
    outputLimitTokens: 0,
    clampable: false,
    choices: 1,
    webSearchBound: 0,
    promptBytes: size.textBytes,
    members: new Set(Object.keys(request)),
    hasMedia: size.hasMedia,
    usageAsked: true,
    serviceTier: askedTier(request),
  };
}

/** A text counts by its bytes, a list of tokens by its length; some hosts take pictures as well. */
function addInput(size: PromptSize, input: unknown, model: string): void {
  if (isObject(input)) {
    addPicture(size, input, model);
    addMessageMedia(size, Array.isArray(input.content) ? input : { content: [input] }, model);
  } else {
    addTokenList(size, input);
  }
}

/** Jina's `{image: address}`. */
function addPicture(size: PromptSize, input: JsonObject, model: string): void {
  const address = textOf(input.image);
  if (address !== null) {
    addImage(size, model, dataUrlLength(address), null);
  }
}
