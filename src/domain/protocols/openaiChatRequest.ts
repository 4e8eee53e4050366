import { BadRequestError, type RequestContext, type RequestFacts } from "../protocol.ts";
import { isOldAzureVersion, modelAsked } from "./azureDeployment.ts";
import { parseOutline } from "./jsonOutline.ts";
import {
  bytesOf,
  flagMember,
  isObject,
  type JsonObject,
  jsonText,
  listOf,
  objectOf,
  textOf,
  wholeMember,
} from "./jsonValue.ts";
import type { ChatDialect, LimitName } from "./openaiChatDialect.ts";
import { addDocument, addImage, addSound, askedTier } from "./openaiParts.ts";
import { dataUrlLength, LARGEST_DOCUMENT_TOKENS, PromptSize, USUAL_DOCUMENT_TOKENS } from "./promptSize.ts";

/** What chat templates put before a prompt by themselves: gpt-oss 70 tokens, Llama 3 about 35, Qwen 25. */
const TEMPLATE_TOKENS = 200;
/** What they add to explain tools, at most: Hermes and Qwen templates about 200, Claude behind this API about 500. */
const TOOLS_TOKENS = 800;
/** What a provider's own web search puts into the prompt (OpenAI bills a block of 8,000 tokens at most). */
const SEARCH_TOKENS = 16_000;
/** xAI's live search reads this many sources where the client names no number; each is billed. */
const LIVE_SEARCH_SOURCES = 20;
/** No host takes more; keeps products safe. */
export const LARGEST_LIMIT = 1_000_000_000;
/** OpenAI takes 128. */
export const MOST_CHOICES = 100_000;

/** @throws BadRequestError */
export function readChatRequest(body: Buffer, dialect: ChatDialect, context?: RequestContext): RequestFacts {
  const request = parseOutline(body, ["prediction"]);
  if (!Array.isArray(request.messages)) {
    throw new BadRequestError('"messages" must be a list');
  }
  const model = modelAsked(request, context);
  const choices = Math.max(choicesOf(request, "n"), choicesOf(request, "best_of"));
  const limit = outputLimitOf(request, dialect);
  const size = new PromptSize(body.length, context?.textTokens);
  for (const message of request.messages) {
    addMessageMedia(size, message, model);
  }
  addPrediction(size, request.prediction);
  const webSearchBound = webSearchBoundOf(request, model);
  const hasTools = listOf(request.tools).length > 0 || listOf(request.functions).length > 0;
  return {
    model,
    stream: flagMember(request, "stream"),
    inputBoundTokens:
      size.mostTokens +
      TEMPLATE_TOKENS +
      (hasTools ? TOOLS_TOKENS : 0) +
      (webSearchBound > 0 ? SEARCH_TOKENS * Math.max(1, Math.ceil(webSearchBound / LIVE_SEARCH_SOURCES)) : 0),
    outputLimitTokens: limit === null ? null : limit * choices,
    choices,
    webSearchBound,
    promptBytes: size.textBytes,
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: !asksForUsage(request, dialect, context),
    serviceTier: askedTier(request),
  };
}

/**
 * Whether a stream has to be asked for its usage in the client's stead. A host that would refuse it, or tells it unasked, is
 * left alone; then there is nothing to be kept from the client either.
 */
export function asksForUsage(request: JsonObject, dialect: ChatDialect, context: RequestContext | undefined): boolean {
  const isAsked = objectOf(request.stream_options).include_usage === true;
  return !isAsked && dialect.asksForUsage && !isOldAzureVersion(context);
}

/** Answers asked for under this name. @throws BadRequestError */
export function choicesOf(request: JsonObject, name: string): number {
  const count = wholeMember(request, name) ?? 1;
  if (count > MOST_CHOICES) {
    throw new BadRequestError(`"${name}" must be at most ${MOST_CHOICES}`);
  }
  return Math.max(1, count);
}

/** The greatest limit among those that this host obeys; null where there is none, or only one that means "no limit". */
function outputLimitOf(request: JsonObject, { limitNames }: ChatDialect): number | null {
  const given = (["max_completion_tokens", "max_tokens"] as const).map((name): [LimitName, number | null] => [
    name,
    wholeMember(request, name),
  ]);
  const obeyed = given.flatMap(([name, limit]) => (limit !== null && limitNames.includes(name) ? [limit] : []));
  return obeyed.length === 0 || obeyed.some((limit) => limit <= 0)
    ? null
    : Math.min(LARGEST_LIMIT, Math.max(...obeyed));
}

function webSearchBoundOf(request: JsonObject, model: string): number {
  const live = request.search_parameters;
  if (isObject(live) && live.mode !== "off") {
    const { max_search_results: most } = live;
    return typeof most === "number" && most > 0 ? Math.min(1_000, Math.ceil(most)) : LIVE_SEARCH_SOURCES;
  }
  const plugin = listOf(request.plugins).some((plugin) => objectOf(plugin).id === "web");
  const searches = isObject(request.web_search_options) || plugin || /-search-(preview|api)|:online\b/.test(model);
  return searches ? 1 : 0;
}

/** The parts of a predicted answer that turn out wrong are billed as output, which costs at most 6 times what input does. */
function addPrediction(size: PromptSize, prediction: unknown): void {
  if (isObject(prediction)) {
    size.addMedia(0, 6 * bytesOf(jsonText(prediction)), 0);
  }
}

/** Pictures, sound and documents in a message's content. */
export function addMessageMedia(size: PromptSize, message: unknown, model: string): void {
  const { content, audio } = objectOf(message);
  if (isObject(audio)) {
    // An earlier spoken answer, named by its id: at most some ten minutes of it.
    size.addMedia(0, 20_000, 1_000);
  }
  for (const part of listOf(content)) {
    if (isObject(part)) {
      addPart(size, part, model);
    }
  }
}

function addPart(size: PromptSize, part: JsonObject, model: string): void {
  switch (part.type) {
    case "image_url": {
      const { url, detail } = addressOf(part.image_url);
      addImage(size, model, dataUrlLength(url), detail);
      return;
    }
    case "input_audio":
      addSound(size, textOf(objectOf(part.input_audio).data) ?? "");
      return;
    case "audio_url":
    case "video_url": {
      const { url } = addressOf(part[part.type]);
      const length = dataUrlLength(url);
      const most = length > 0 ? length + 32_000 : LARGEST_DOCUMENT_TOKENS;
      size.addMedia(length, most, USUAL_DOCUMENT_TOKENS);
      return;
    }
    case "file":
    case "document_url": {
      const data = textOf(objectOf(part.file).file_data) ?? addressOf(part.document_url).url;
      const isHere = part.type === "file" ? data !== "" : dataUrlLength(data) > 0;
      addDocument(size, isHere ? data : null);
      return;
    }
  }
}

/** Hosts take `{url, detail}`; Mistral also the bare address. */
function addressOf(value: unknown): { readonly url: string; readonly detail: string | null } {
  if (typeof value === "string") {
    return { url: value, detail: null };
  }
  const { url, detail } = objectOf(value);
  return { url: textOf(url) ?? "", detail: textOf(detail) };
}
