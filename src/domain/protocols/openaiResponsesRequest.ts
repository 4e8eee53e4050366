import { BadRequestError, type RequestContext, type RequestFacts } from "../protocol.ts";
import { parseOutline } from "./jsonOutline.ts";
import {
  flagMember,
  isObject,
  type JsonObject,
  listOf,
  objectOf,
  textMember,
  textOf,
  wholeMember,
} from "./jsonValue.ts";
import { addDocument, addImage, addSound, askedTier } from "./openaiParts.ts";
import { hostedToolsOf } from "./openaiResponsesTools.ts";
import { dataUrlLength, PromptSize } from "./promptSize.ts";

/** What chat templates put before a prompt by themselves: gpt-oss 70 tokens, OpenAI's own models less. */
const TEMPLATE_TOKENS = 200;
/** What is taken for earlier turns of unknown length where an estimate is needed, in tokens. */
const USUAL_EARLIER_TOKENS = 20_000;
const BYTES_PER_TOKEN = 4;
/** No host takes more; keeps sums safe. */
const LARGEST_LIMIT = 1_000_000_000;
/** Parts stand in messages and results of tools, results in items: no deeper than this. */
const DEEPEST = 4;

/**
 * The model reads the prompt once, and once more after each call of a tool that the provider runs itself: usage counts all
 * of them, the results so far included (13 searches over a prompt of 5,000 tokens were billed as 243,000).
 * @throws BadRequestError
 */
export function readResponsesRequest(body: Buffer, context: RequestContext): RequestFacts {
  const request = parseOutline(body, ["prompt"]);
  const { input } = request;
  if (typeof input !== "string" && !Array.isArray(input) && (input ?? null) !== null) {
    throw new BadRequestError('"input" must be a string or a list');
  }
  const model = textMember(request, "model") ?? "";
  const limit = wholeMember(request, "max_output_tokens");
  const size = new PromptSize(body.length, context.textTokens);
  addMedia(size, input, model, DEEPEST);
  addMedia(size, Object.values(objectOf(objectOf(request.prompt).variables)), model, DEEPEST);
  const tools = hostedToolsOf(request, model, context.toolCalls);
  const calls = tools.calls ?? 0;
  const continues = textMember(request, "previous_response_id");
  const { earlierTokens } = context;
  const keepsTurns = continues !== null || keepsMore(request);
  const onceTokens =
    size.mostTokens + TEMPLATE_TOKENS + tools.definitionTokens + (keepsTurns ? (earlierTokens ?? 0) : 0);
  const usualEarlier = keepsTurns ? (earlierTokens ?? USUAL_EARLIER_TOKENS) : 0;
  const isHidden = keepsTurns && earlierTokens === undefined;
  return {
    model,
    stream: flagMember(request, "stream"),
    inputBoundTokens: onceTokens * (1 + calls) + tools.resultTokens * ((calls * (calls + 1)) / 2),
    outputLimitTokens: limit === null || limit <= 0 ? null : Math.min(LARGEST_LIMIT, limit),
    choices: 1,
    webSearchBound: tools.webSearches,
    promptBytes: size.textBytes + usualEarlier * BYTES_PER_TOKEN,
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: true,
    serviceTier: askedTier(request),
    ...(request.background === true ? { goesOn: true } : {}),
    ...(isHidden ? { hiddenInput: true, hiddenReads: 1 + calls } : {}),
    // Only the turns of one answer are known to stay as they were.
    ...(continues !== null && !keepsMore(request) ? { continues } : {}),
    ...(isObject(request.prompt) ? { countable: false } : {}),
    ...(tools.calls === null ? {} : { toolCalls: tools.calls }),
    ...(tools.feesNanoUsd > 0 ? { toolFeesBoundNanoUsd: tools.feesNanoUsd } : {}),
  };
}

/** Whether the provider adds a conversation, a prompt, or items that it keeps under a name. */
function keepsMore(request: JsonObject): boolean {
  return (
    (request.conversation ?? null) !== null ||
    isObject(request.prompt) ||
    listOf(request.input).some((item) => {
      const { type, role, id } = objectOf(item);
      return type === "item_reference" || (type === undefined && role === undefined && id !== undefined);
    })
  );
}

/** Images, sound and documents in a list of items or parts, and in the lists within them. */
function addMedia(size: PromptSize, values: unknown, model: string, depth: number): void {
  for (const value of listOf(values)) {
    const part = objectOf(value);
    switch (part.type) {
      case "input_image":
      case "computer_screenshot":
        addImage(size, model, dataUrlLength(textOf(part.image_url) ?? ""), textOf(part.detail));
        break;
      case "image_generation_call":
        addImage(size, model, textOf(part.result)?.length ?? 0, null);
        break;
      case "input_audio":
        addSound(size, textOf(objectOf(part.input_audio).data) ?? "");
        break;
      case "input_file":
        addDocument(size, textOf(part.file_data));
        break;
      default:
        if (depth > 0) {
          addMedia(size, part.content, model, depth - 1);
          addMedia(size, part.output, model, depth - 1);
          addMedia(size, isObject(part.output) ? [part.output] : [], model, depth - 1);
        }
    }
  }
}
