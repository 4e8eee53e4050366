import { BadRequestError, NO_CONTEXT, type RequestContext, type RequestFacts } from "../protocol.ts";
import { readMessagesRequest } from "./anthropicRequest.ts";
import { addBlocks } from "./bedrockContent.ts";
import { bedrockCallOf } from "./bedrockPath.ts";
import { FRAME_TOKENS, isSigned, LARGEST_LIMIT, refusesLimit, TOOLS_TOKENS } from "./bedrockRequest.ts";
import { bedrockTier, headerOf } from "./bedrockUsage.ts";
import { parseOutline } from "./jsonOutline.ts";
import { isObject, type JsonObject, listOf, objectOf, parseRequest, textOf, wholeMember } from "./jsonValue.ts";
import { PromptSize } from "./promptSize.ts";

/** Where a model's own request has its output limit. */
export type LimitPath = readonly [string, ...string[]];

/** The limits that each maker's models obey, the usual one first. The first maker that matches holds. */
const LIMITS: ReadonlyArray<readonly [model: RegExp, paths: readonly LimitPath[]]> = [
  [
    /amazon\.nova/,
    [
      ["inferenceConfig", "maxTokens"],
      ["inferenceConfig", "max_new_tokens"],
    ],
  ],
  [/amazon\.titan/, [["textGenerationConfig", "maxTokenCount"]]],
  [/meta\.llama/, [["max_gen_len"]]],
  [/openai\./, [["max_completion_tokens"], ["max_tokens"]]],
  [/ai21\.j2/, [["maxTokens"]]],
  [/(mistral|cohere|ai21|deepseek|qwen|writer|google|nvidia|moonshotai|moonshot|minimax|zai)\./, [["max_tokens"]]],
];

export const EMBEDS = /embed/;

const NO_LIMITS: readonly LimitPath[] = [];

export function limitPathsOf(model: string): readonly LimitPath[] {
  return LIMITS.find(([pattern]) => pattern.test(model))?.[1] ?? NO_LIMITS;
}

/** Whether the body is one of Anthropic's Messages: Bedrock takes them only with their version. */
export function isAnthropic(facts: Pick<RequestFacts, "members">): boolean {
  return facts.members.has("anthropic_version");
}

/** @throws BadRequestError */
export function readInvoke(body: Buffer, context: RequestContext = NO_CONTEXT): RequestFacts {
  const isMessages = Object.hasOwn(parseOutline(body), "anthropic_version");
  const call = bedrockCallOf(context.path);
  const model = call?.model ?? "";
  const own = isMessages
    ? { ...readMessagesRequest(body, context), clampable: !isSigned(context) }
    : readAnyModel(body, model, context);
  const tier = bedrockTier(
    headerOf(context.headers, "x-amzn-bedrock-service-tier"),
    headerOf(context.headers, "x-amzn-bedrock-performanceconfig-latency"),
  );
  return {
    ...own,
    model,
    stream: call?.stream ?? false,
    serviceTier: tier === null || tier === "default" ? own.serviceTier : tier,
  };
}

function readAnyModel(body: Buffer, model: string, context: RequestContext): RequestFacts {
  const request = parseRequest(body);
  const size = new PromptSize(body.length, context.textTokens);
  addBlocks(size, request.system, model);
  for (const message of listOf(request.messages)) {
    addBlocks(size, objectOf(message).content, model);
  }
  for (const image of listOf(request.images)) {
    addBlocks(size, [{ image: { source: { bytes: image } } }], model);
  }
  const hasTools = listOf(request.tools).length > 0 || isObject(request.toolConfig);
  const systemTools = listOf(objectOf(request.toolConfig).tools).some((tool) => isObject(objectOf(tool).systemTool));
  const choices = choicesOf(request);
  const limit = EMBEDS.test(model) ? 0 : invokeLimitOf(request, model);
  const paths = limitPathsOf(model);
  return {
    model,
    stream: false,
    inputBoundTokens: size.mostTokens + FRAME_TOKENS + (hasTools ? TOOLS_TOKENS : 0),
    boundless: systemTools,
    outputLimitTokens: limit === null ? null : limit * choices,
    clampable: limit !== 0 && paths.length > 0 && !isSigned(context) && !refusesLimit(request.reasoningConfig),
    choices,
    webSearchBound: 0,
    promptBytes: size.textBytes,
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: true,
    serviceTier: textOf(request.service_tier),
  };
}

/** The greatest of the limits that the model obeys; null where the client sets none, or nobody knows where it would. */
export function invokeLimitOf(request: JsonObject, model: string): number | null {
  const given = limitPathsOf(model).flatMap((path) => {
    const limit = limitAt(request, path);
    return limit === null ? [] : [limit];
  });
  return given.length === 0 ? null : Math.min(LARGEST_LIMIT, Math.max(...given));
}

/** Null where there is none. @throws BadRequestError */
export function limitAt(request: JsonObject, [name, inner]: LimitPath): number | null {
  if (inner !== undefined && !isObject(request[name] ?? {})) {
    throw new BadRequestError(`"${name}" must be an object`);
  }
  const limit = inner === undefined ? wholeMember(request, name) : wholeMember(objectOf(request[name]), inner);
  return limit === null || limit <= 0 ? null : limit;
}

/** No maker takes more than 16; keeps products safe. */
const MOST_CHOICES = 1_000;

function choicesOf(request: JsonObject): number {
  const counts = ["n", "num_generations", "numResults"].map((name) => wholeMember(request, name) ?? 1);
  return Math.min(MOST_CHOICES, Math.max(1, ...counts));
}
