import { BadRequestError, type RequestContext, type RequestFacts } from "../protocol.ts";
import { isOwn, LARGEST_LIMIT, MOST_ROUNDS, otherModelsOf } from "./anthropicOtherModels.ts";
import { parseOutline } from "./jsonOutline.ts";
import {
  countOf,
  flagMember,
  isObject,
  type JsonObject,
  listOf,
  objectOf,
  textMember,
  textOf,
  wholeMember,
} from "./jsonValue.ts";
import {
  documentTokens,
  LARGEST_DOCUMENT_TOKENS,
  PromptSize,
  USUAL_DOCUMENT_TOKENS,
  USUAL_IMAGE_TOKENS,
} from "./promptSize.ts";

/** What Anthropic adds to every prompt and what thinking adds, at most. */
const FRAME_TOKENS = 200;
/** The instructions that come with tools: 346 to 530 by model and `tool_choice`. */
const TOOLS_TOKENS = 800;
/** The definition of one of Anthropic's own tools; the largest documented is 735, code execution shows about 2,000. */
const OWN_TOOL_TOKENS = 3_000;
const MOST_SEARCHES = 20;
const DEEPEST = 4;

/** @throws BadRequestError */
export function readMessagesRequest(
  body: Buffer,
  { textTokens, earlierTokens }: Pick<RequestContext, "textTokens" | "earlierTokens"> = {},
): RequestFacts {
  const request = parseOutline(body);
  if (!Array.isArray(request.messages)) {
    throw new BadRequestError('"messages" must be a list');
  }
  const model = textMember(request, "model") ?? "";
  const limit = wholeMember(request, "max_tokens");
  if (limit !== null && limit < 0) {
    throw new BadRequestError('"max_tokens" must not be negative');
  }
  const size = new PromptSize(body.length, textTokens);
  addMedia(size, request.system, model, DEEPEST);
  for (const message of request.messages) {
    addMedia(size, objectOf(message).content, model, DEEPEST);
  }
  const tools = listOf(request.tools).map(objectOf);
  const turns = earlierTurnsOf(request);
  const { total: inputBoundTokens, rounds } = inputBound(
    size,
    tools,
    listOf(request.mcp_servers).length,
    turns === null ? 0 : (earlierTokens ?? 0),
  );
  const outputLimitTokens = limit === null ? null : Math.min(LARGEST_LIMIT, Math.max(1, limit));
  const others = otherModelsOf(request, { model, inputBoundTokens, outputLimitTokens });
  const endUser = textOf(objectOf(request.metadata).user_id);
  return {
    model,
    stream: flagMember(request, "stream"),
    inputBoundTokens,
    ...(others.length === 0 ? {} : { otherModels: others }),
    outputLimitTokens,
    choices: 1,
    webSearchBound: tools
      .filter((tool) => isOwn(tool, "web_search_"))
      .reduce((sum, tool) => sum + Math.min(1_000, countOf(tool.max_uses) ?? MOST_SEARCHES), 0),
    promptBytes: size.textBytes + (turns === null ? 0 : (earlierTokens ?? USUAL_EARLIER_TOKENS) * BYTES_PER_TOKEN),
    hasMedia: size.hasMedia,
    ...(turns === null ? { cacheWrites: cacheWritesOf(body) } : { countable: false }),
    ...(turns !== null && earlierTokens === undefined ? { hiddenInput: true, hiddenReads: 1 + rounds } : {}),
    ...(turns?.id == null ? {} : { continues: turns.id }),
    ...(endUser === null ? {} : { endUser }),
    members: new Set(Object.keys(request)),
    usageAsked: true,
    serviceTier: tierOf(request),
  };
}

/**
 * Only what is marked is written into the cache. Marks can stand on any block, so the bytes are asked; where escapes may
 * hide the word, the dearest is taken.
 */
export function cacheWritesOf(body: Buffer, marks: readonly string[] = ['"cache_control"']): "none" | "5m" | "1h" {
  if (body.includes("\\u00")) {
    return "1h";
  }
  return marks.some((mark) => body.includes(mark)) ? (body.includes('"1h"') ? "1h" : "5m") : "none";
}

/** Fast mode and inference kept to one country cost more; the tiers `auto` and `standard_only` do not. */
function tierOf(request: JsonObject): string | null {
  return tierName(null, request.speed, request.inference_geo);
}

/** One name for all that changes the rates, as the price book takes it: `fast`, `us`, `batch+us`. */
export function tierName(tier: unknown, speed: unknown, geo: unknown): string | null {
  const parts = [
    textOf(tier),
    speed === "fast" ? "fast" : null,
    textOf(geo)?.toLowerCase() === "us" ? "us" : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join("+");
}

/** What the result of one round of a tool that Anthropic runs itself can add to the prompt, in tokens. */
const RESULT_TOKENS: ReadonlyArray<readonly [prefix: string, tokens: number]> = [
  ["web_search_", 8_000],
  ["web_fetch_", 50_000],
  ["code_execution_", 4_000],
  ["tool_search_", 1_000],
  ["advisor_", 4_000],
];

/**
 * One round reads the prompt once. Tools that Anthropic runs itself make further rounds within the call, each of which
 * reads the prompt again with the results so far; what a result can hold is an allowance, for there is no stated limit.
 */
function inputBound(
  size: PromptSize,
  tools: readonly JsonObject[],
  mcpServers: number,
  earlierTokens: number,
): { readonly total: number; readonly rounds: number } {
  let perRound =
    size.mostTokens + earlierTokens + FRAME_TOKENS + (tools.length > 0 || mcpServers > 0 ? TOOLS_TOKENS : 0);
  let rounds = mcpServers > 0 ? MOST_ROUNDS : 0;
  let result = mcpServers > 0 ? 10_000 : 0;
  perRound += mcpServers * 20_000;
  for (const tool of tools) {
    const type = textOf(tool.type);
    if (type !== null && type !== "custom") {
      perRound += OWN_TOOL_TOKENS;
      const own = RESULT_TOKENS.find(([prefix]) => type.startsWith(prefix));
      if (own !== undefined) {
        rounds += countOf(tool.max_uses) ?? MOST_ROUNDS;
        result = Math.max(result, countOf(tool.max_content_tokens) ?? own[1]);
      }
    }
  }
  rounds = Math.min(rounds, MOST_ROUNDS);
  return { total: perRound * (1 + rounds) + result * ((rounds * (rounds + 1)) / 2), rounds };
}

/**
 * The turns that Anthropic keeps and puts before the prompt, where the request goes on with a thread: by the id of the
 * answer that they end with. Null where all of the prompt is in the body.
 */
function earlierTurnsOf({ thread }: JsonObject): { readonly id: string | null } | null {
  return isObject(thread) && thread.type !== "create" ? { id: textOf(thread.previous_message_id) } : null;
}

/** What is taken for earlier turns of unknown length where an estimate is needed, in tokens. */
const USUAL_EARLIER_TOKENS = 20_000;
const BYTES_PER_TOKEN = 4;

function addMedia(size: PromptSize, content: unknown, model: string, depth: number): void {
  for (const value of listOf(content)) {
    const block = objectOf(value);
    const source = objectOf(block.source);
    const dataLength = textOf(source.data)?.length ?? 0;
    if (block.type === "image") {
      size.addMedia(dataLength, imageTokens(model), USUAL_IMAGE_TOKENS);
    } else if (block.type === "document" && isObject(block.source)) {
      addDocument(size, source, dataLength);
      if (depth > 0) {
        addMedia(size, source.content, model, depth - 1);
      }
    } else if (block.type === "container_upload") {
      size.addMedia(0, USUAL_DOCUMENT_TOKENS, USUAL_DOCUMENT_TOKENS);
    } else if (depth > 0) {
      addMedia(size, block.content, model, depth - 1);
    }
  }
}

function addDocument(size: PromptSize, source: JsonObject, dataLength: number): void {
  if (source.type === "base64") {
    size.addMedia(dataLength, documentTokens(dataLength), USUAL_DOCUMENT_TOKENS);
  } else if (source.type === "url" || source.type === "file") {
    size.addMedia(0, LARGEST_DOCUMENT_TOKENS, USUAL_DOCUMENT_TOKENS);
  }
}

/** An image is scaled down to about 1,600 tokens by older models, to 4,784 by those since Opus 4.7. */
export function imageTokens(model: string): number {
  return /claude-(3|(opus|sonnet|haiku)-4(-[0-6])?(-\d{8}|@|$))/.test(model) ? 1_640 : 5_000;
}
