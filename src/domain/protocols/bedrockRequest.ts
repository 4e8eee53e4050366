import { BadRequestError, NO_CONTEXT, type RequestContext, type RequestFacts } from "../protocol.ts";
import { cacheWritesOf } from "./anthropicRequest.ts";
import { addBlocks } from "./bedrockContent.ts";
import { bedrockCallOf } from "./bedrockPath.ts";
import { bedrockTier, headerOf } from "./bedrockUsage.ts";
import { parseOutline } from "./jsonOutline.ts";
import { isObject, type JsonObject, jsonText, listOf, objectOf, wholeMember } from "./jsonValue.ts";
import { PromptSize } from "./promptSize.ts";

/** What Bedrock and the models' templates put around a prompt. */
export const FRAME_TOKENS = 200;
/** What explains tools to a model: Claude up to 530 tokens. */
export const TOOLS_TOKENS = 800;
export const LARGEST_LIMIT = 1_000_000_000;
/** Names of limits in a model's own words, which Bedrock passes on beside its own. */
const OWN_LIMITS = /"(max_?(new_?|output_?|completion_?)?tokens?(_to_sample)?|max_gen_len|max_?token_?count)"\s*:/i;

/** @throws BadRequestError */
export function readConverse(body: Buffer, context: RequestContext = NO_CONTEXT): RequestFacts {
  const request = parseOutline(body, ["additionalModelRequestFields"]);
  const call = bedrockCallOf(context.path);
  const model = call?.model ?? "";
  const isStored = /:prompt\//.test(model);
  if (!Array.isArray(request.messages) && !(isStored && request.messages === undefined)) {
    throw new BadRequestError('"messages" must be a list');
  }
  const size = new PromptSize(body.length, context.textTokens);
  addBlocks(size, request.system, model);
  for (const message of listOf(request.messages)) {
    addBlocks(size, objectOf(message).content, model);
  }
  const tools = listOf(objectOf(request.toolConfig).tools).map(objectOf);
  const ownFields = objectOf(request.additionalModelRequestFields);
  const hasOwnLimit = OWN_LIMITS.test(jsonText(ownFields));
  const limit = hasOwnLimit ? null : converseLimitOf(request);
  const tier = bedrockTier(objectOf(request.serviceTier).type, objectOf(request.performanceConfig).latency);
  return {
    model,
    stream: call?.stream ?? false,
    inputBoundTokens: size.mostTokens + FRAME_TOKENS + (tools.length > 0 ? TOOLS_TOKENS : 0),
    // A prompt that is kept at Amazon stands nowhere in the request.
    hiddenInput: isStored,
    // Tools that Amazon runs are called any number of times, for a fee of their own.
    boundless: tools.some((tool) => isObject(tool.systemTool)),
    outputLimitTokens: limit,
    clampable: !isSigned(context) && !hasOwnLimit && !refusesLimit(ownFields.reasoningConfig),
    choices: 1,
    webSearchBound: 0,
    promptBytes: size.textBytes,
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: true,
    serviceTier: tier === "default" ? null : tier,
    ...(/anthropic|claude/.test(model)
      ? { cacheWrites: cacheWritesOf(body, ['"cachePoint"', '"cache_control"']) }
      : {}),
  };
}

/** The client's limit, in tokens; null where it sets none. */
export function converseLimitOf(request: JsonObject): number | null {
  const config = request.inferenceConfig ?? null;
  if (config !== null && !isObject(config)) {
    throw new BadRequestError('"inferenceConfig" must be an object');
  }
  const limit = config === null ? null : wholeMember(config, "maxTokens");
  return limit === null || limit <= 0 ? null : Math.min(LARGEST_LIMIT, limit);
}

/**
 * A signature (SigV4) covers host, path and body: a signed request reaches Bedrock as the client made it, or not at all.
 */
export function isSigned({ headers, search }: RequestContext): boolean {
  return /^AWS4-/.test(headerOf(headers, "authorization") ?? "") || /[?&]X-Amz-Signature=/i.test(search);
}

/** Amazon's Nova thinks hardest only where no limit is set. */
export function refusesLimit(reasoningConfig: unknown): boolean {
  const { type, maxReasoningEffort } = objectOf(reasoningConfig);
  return type === "enabled" && maxReasoningEffort === "high";
}
