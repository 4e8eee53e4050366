import type { NanoUsd } from "../money.ts";
import { containerNanoUsd, FILE_SEARCH_NANO_USD, IMAGE_NANO_USD, previewSearchNanoUsd } from "../prices/toolFees.ts";
import { countOf, isObject, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";

/** What the tools of a request add to it. Tokens and calls are the most there can be. */
export interface HostedTools {
  /** Tokens that explain the tools to the model, each time it reads the prompt. */
  readonly definitionTokens: number;
  /** Calls of tools that the provider runs itself; null where it runs none. */
  readonly calls: number | null;
  /** Tokens that one call leaves in the context: its result, and what the model wrote to come to it. */
  readonly resultTokens: number;
  readonly webSearches: number;
  readonly feesNanoUsd: NanoUsd;
}

/** What is added to explain tools at all, and what a tool of OpenAI's own takes. */
const TOOLS_TOKENS = 800;
const OWN_TOOL_TOKENS = 5_000;
/** The tools of a remote server are listed in the prompt. */
const SERVER_TOKENS = 20_000;

/**
 * How many calls are taken for the most where the client sets no limit: there is none that is stated. A search by a
 * reasoning model was seen to take 13; research models go on for longer.
 */
const MOST_CALLS = 20;
const MOST_RESEARCH_CALLS = 100;

/** Tools that the client runs: they end the response, and their results come with the next request. */
const RUN_BY_CLIENT = /^(function|custom|namespace|local_shell|apply_patch|computer(_use_preview)?)$/;
const SEARCHES = /search_preview|^(openrouter:)?(web|x)_search/;

/** Results whose size nobody limits; some 2,000 tokens a search were measured, and 8,000 are billed for the small models. */
const RESULT_TOKENS = 10_000;
/** What a file search gives unless it is told otherwise, and the largest piece a file can be stored in. */
const FILE_PIECES = 20;
const MOST_FILE_PIECES = 50;
const FILE_PIECE_TOKENS = 4_096;

/**
 * Bounds the tools of a request, in its `tools` and in its input. Those that the provider runs itself may be called again
 * and again within one response; `max_tool_calls` limits all of them together.
 */
export function hostedToolsOf(request: JsonObject, model: string, allowedCalls: number | undefined): HostedTools {
  const tools = [request, ...listOf(request.input)].flatMap((holder) => listOf(objectOf(holder).tools)).map(objectOf);
  // A prompt that the provider keeps may bring tools of its own.
  const hosted = [...tools.filter((tool) => !isRunByClient(tool)), ...(isObject(request.prompt) ? [{}] : [])];
  const isOff = request.tool_choice === "none";
  const calls = hosted.length === 0 || isOff ? 0 : callsOf(request, model, allowedCalls);
  return {
    definitionTokens:
      (tools.length > 0 || hosted.length > 0 ? TOOLS_TOKENS : 0) +
      hosted.reduce<number>((sum, { type }) => sum + (type === "mcp" ? SERVER_TOKENS : OWN_TOOL_TOKENS), 0),
    calls: calls === 0 ? null : calls,
    resultTokens: Math.max(0, ...hosted.map(resultTokensOf)),
    webSearches: hosted.some(({ type }) => type === undefined || SEARCHES.test(textOf(type) ?? "")) ? calls : 0,
    feesNanoUsd:
      calls * Math.max(0, ...hosted.map((tool) => feeOf(tool, model))) +
      hosted.reduce<number>((sum, tool) => sum + containerFeeOf(tool), 0),
  };
}

function isRunByClient(tool: JsonObject): boolean {
  const type = textOf(tool.type) ?? "function";
  if (type === "shell") {
    const { environment } = tool;
    return !isObject(environment) || environment.type === "local";
  }
  return RUN_BY_CLIENT.test(type) || (type === "tool_search" && tool.execution === "client");
}

function callsOf(request: JsonObject, model: string, allowedCalls = Number.POSITIVE_INFINITY): number {
  const most = /deep-research/.test(model) ? MOST_RESEARCH_CALLS : MOST_CALLS;
  return Math.max(1, Math.min(countOf(request.max_tool_calls) ?? most, allowedCalls, MOST_RESEARCH_CALLS));
}

function resultTokensOf(tool: JsonObject): number {
  if (tool.type === "file_search") {
    return Math.min(countOf(tool.max_num_results) ?? FILE_PIECES, MOST_FILE_PIECES) * FILE_PIECE_TOKENS;
  }
  return tool.search_context_size === "high" || tool.type === "mcp" ? 2 * RESULT_TOKENS : RESULT_TOKENS;
}

/** What one call costs beside tokens. */
function feeOf({ type }: JsonObject, model: string): NanoUsd {
  switch (type) {
    case "file_search":
      return FILE_SEARCH_NANO_USD;
    case "image_generation":
    case undefined:
      return IMAGE_NANO_USD;
    default:
      return previewSearchNanoUsd(textOf(type) ?? "", model);
  }
}

/**
 * What a tool's container costs. One that is made for the request is billed whether code runs in it or not, so this is what
 * is charged too; of one that was there before, the memory is not known, and the smallest is taken.
 */
export function containerFeeOf(tool: JsonObject): NanoUsd {
  const container = tool.type === "code_interpreter" ? tool.container : tool.type === "shell" ? tool.environment : null;
  if (isObject(container)) {
    return container.type === "local" ? 0 : containerNanoUsd(textOf(container.memory_limit));
  }
  return tool.type === "code_interpreter" ? containerNanoUsd(null) : 0;
}
