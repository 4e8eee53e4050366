import { billsSearchByPrompt } from "../prices/searchFees.ts";
import { itemsOf } from "./googleMembers.ts";
import { objectOf } from "./jsonValue.ts";

/** What the tools that a request offers can add to what is billed. */
export interface ToolBounds {
  readonly any: boolean;
  /** Searches billed by count. */
  readonly searches: number;
  /** Times that the model reads its prompt again, with results of tools that Google runs. */
  readonly rounds: number;
  /** Tokens that the result of one round adds at most. */
  readonly resultTokens: number;
  /** Whether a tool brings in documents of any length. */
  readonly hiddenInput: boolean;
  /** Tokens of the instructions that come with the tools. */
  readonly instructionTokens: number;
}

/** Google's loop over its own tools; its documents name five rounds, for code that the model corrects. */
const MOST_ROUNDS = 5;
/** Results of searches and of code are short: recorded ones have 100 to 800 tokens. */
const RESULT_TOKENS = 8_000;
/** Newer models are billed by the search, of which one answer makes a few. */
const MOST_SEARCHES = 20;
const TOOLS_TOKENS = 800;
const OWN_TOOL_TOKENS = 3_000;

const SEARCHES = new Set(["googlesearch", "googlesearchretrieval", "enterprisewebsearch", "googlemaps"]);
/** Tools of the client's own, whose results come with its next request. */
const OF_THE_CLIENT = new Set(["functiondeclarations", "computeruse"]);

/** What the tools of a request can cost, for the given model. Tools that are not known can bring in anything. */
export function toolBoundsOf(tools: unknown, model: string): ToolBounds {
  const names = itemsOf(tools)
    .flatMap((tool) => Object.entries(objectOf(tool)))
    .filter(([, value]) => value !== null)
    .map(([name]) => name.replaceAll("_", "").toLowerCase());
  const own = names.filter((name) => !OF_THE_CLIENT.has(name));
  const searches = own.filter((name) => SEARCHES.has(name)).length;
  return {
    any: names.length > 0,
    searches: searches === 0 ? 0 : billsSearchByPrompt(model) ? searches : MOST_SEARCHES,
    rounds: own.length > 0 ? MOST_ROUNDS : 0,
    resultTokens: own.length > 0 ? RESULT_TOKENS : 0,
    hiddenInput: own.some((name) => !SEARCHES.has(name) && name !== "codeexecution"),
    instructionTokens: names.length === 0 ? 0 : TOOLS_TOKENS + own.length * OWN_TOOL_TOKENS,
  };
}
