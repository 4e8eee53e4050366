import { contextLimitOf } from "../prices/modelLimits.ts";
import { BadRequestError, NO_CONTEXT, type RequestContext, type RequestFacts } from "../protocol.ts";
import { addMediaOf } from "./googleMedia.ts";
import { itemsOf, memberOf, objectMembers, wholeOf } from "./googleMembers.ts";
import { bareModel, googlePathOf } from "./googlePath.ts";
import { type ToolBounds, toolBoundsOf } from "./googleTools.ts";
import { parseOutline } from "./jsonOutline.ts";
import { type JsonObject, textMember, textOf } from "./jsonValue.ts";
import { PromptSize } from "./promptSize.ts";

/** What stands around a prompt, at most. */
const FRAME_TOKENS = 200;
/** No model writes more; keeps products safe. */
const LARGEST_LIMIT = 1_000_000_000;
/** Google takes 8. */
const MOST_CANDIDATES = 1_000;

/** Reads a `generateContent` request, whose model stands in its path. @throws BadRequestError */
export function readGenerateRequest(body: Buffer, context: RequestContext = NO_CONTEXT): RequestFacts {
  const request = parseOutline(body);
  if (itemsOf(request.contents).length === 0) {
    throw new BadRequestError('"contents" must be a list of at least one content');
  }
  const called = googlePathOf(context.path);
  const model = called?.model ?? bareModel(textMember(request, "model") ?? "");
  const configs = objectMembers(request, "generationConfig");
  const candidates = candidatesOf(configs);
  const limit = greatest(configs, "maxOutputTokens");
  // Read only to refuse here what a rewrite could not lower.
  const thinking = configs.flatMap((config) => objectMembers(config, "thinkingConfig"));
  greatest(thinking, "thinkingBudget");
  const tools = toolBoundsOf(request.tools, model);
  const isCached = (memberOf(request, "cachedContent") ?? null) !== null;
  const size = new PromptSize(body.length, context.textTokens);
  addMediaOf(size, request.contents);
  addMediaOf(size, memberOf(request, "systemInstruction"));
  return {
    model,
    stream: called?.method === "streamGenerateContent",
    inputBoundTokens: inputBound(context.promptTokens ?? size.mostTokens, tools, model),
    hiddenInput: tools.hiddenInput || (isCached && context.promptTokens === undefined),
    countable: !tools.hiddenInput && !(isCached && called?.publisher !== null),
    outputLimitTokens: limit === null || limit <= 0 ? null : Math.min(LARGEST_LIMIT, limit) * candidates,
    choices: candidates,
    webSearchBound: tools.searches,
    promptBytes: size.textBytes,
    hasMedia: size.hasMedia,
    members: new Set(Object.keys(request)),
    usageAsked: true,
    cacheWrites: "none",
    serviceTier: tierOf(request, context),
  };
}

function greatest(objects: readonly JsonObject[], name: string): number | null {
  const given = objects.map((object) => wholeOf(object, name)).filter((number) => number !== null);
  return given.length === 0 ? null : Math.max(...given);
}

function candidatesOf(configs: readonly JsonObject[]): number {
  const count = greatest(configs, "candidateCount") ?? 1;
  if (count > MOST_CANDIDATES) {
    throw new BadRequestError(`"candidateCount" must be at most ${MOST_CANDIDATES}`);
  }
  return Math.max(1, count);
}

/**
 * One round reads the prompt once, and no prompt is longer than the model's context. Tools that Google runs itself make
 * further rounds within the call, each of which reads the prompt again with the results so far.
 */
function inputBound(promptTokens: number, tools: ToolBounds, model: string): number {
  const perRound = Math.min(contextLimitOf(model, null), promptTokens) + FRAME_TOKENS + tools.instructionTokens;
  const { rounds } = tools;
  return perRound * (1 + rounds) + tools.resultTokens * ((rounds * (rounds + 1)) / 2);
}

/** Vertex takes the tier from headers, AI Studio from the body. */
const TIER_HEADER = "x-vertex-ai-llm-shared-request-type";

/** `standard` is the usual tier; what has another name, the price book knows or takes for dear. */
function tierOf(request: JsonObject, { headers }: RequestContext): string | null {
  const inBody = textOf(memberOf(request, "serviceTier"));
  const header = headers?.[TIER_HEADER];
  const tier = (inBody ?? (typeof header === "string" ? header : (header?.[0] ?? "")))
    .toLowerCase()
    .replace(/^service_tier_/, "");
  return ["", "standard", "unspecified"].includes(tier) ? null : tier;
}
