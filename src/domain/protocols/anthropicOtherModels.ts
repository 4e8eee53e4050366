import type { RequestFacts } from "../protocol.ts";
import { countOf, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";

type OtherModels = NonNullable<RequestFacts["otherModels"]>;
type Asked = Pick<RequestFacts, "model" | "inputBoundTokens" | "outputLimitTokens">;

/** Anthropic's loop over its own tools ends after this many rounds. */
export const MOST_ROUNDS = 10;
/** No model writes more; keeps sums safe. */
export const LARGEST_LIMIT = 1_000_000_000;
/** What an advisor usually writes at most where the request does not limit it: recorded ones took up to 4,000 tokens. */
const ADVICE_TOKENS = 8_000;
/** An allowance for a summary of what came before: nothing in the request limits it. */
const SUMMARY_TOKENS = 16_000;
/** From so many tokens on, the prompt is summarized, where the request does not name another number. */
const SUMMARY_TRIGGER_TOKENS = 150_000;
/** An allowance for a model that does not say how much it writes where the request does not either. */
const USUAL_LIMIT = 64_000;

/** Whether Anthropic runs a tool itself, by what its type begins with. */
export function isOwn(tool: JsonObject, prefix: string): boolean {
  return textOf(tool.type)?.startsWith(prefix) === true;
}

/** What else is billed within one call: advice, further models that try where the first declines, and summaries. */
export function otherModelsOf(request: JsonObject, asked: Asked): OtherModels {
  return [...advisorsOf(request, asked), ...fallbacksOf(request, asked), ...summariesOf(request, asked)];
}

/** Another model that is asked for advice reads no more than the call itself, each time anew, and is billed at its own rates. */
function advisorsOf({ tools }: JsonObject, { inputBoundTokens }: Asked): OtherModels {
  return listOf(tools).flatMap((value) => {
    const tool = objectOf(value);
    const model = textOf(tool.model);
    if (!isOwn(tool, "advisor_") || model === null) {
      return [];
    }
    const uses = Math.min(countOf(tool.max_uses) ?? MOST_ROUNDS, MOST_ROUNDS);
    const advice = Math.min(LARGEST_LIMIT, countOf(tool.max_tokens) ?? ADVICE_TOKENS);
    return [{ model, inputTokens: inputBoundTokens, outputTokens: uses * advice }];
  });
}

/**
 * Each model that tries in turn reads the prompt and what the one before it wrote until it declined, which is billed, too.
 * Which models Anthropic tries by default is not stated: one at the same rates is taken for them.
 */
function fallbacksOf({ fallbacks }: JsonObject, { model, inputBoundTokens, outputLimitTokens }: Asked): OtherModels {
  const tried = fallbacks === "default" ? [{ model }] : listOf(fallbacks).map(objectOf);
  let written = outputLimitTokens ?? USUAL_LIMIT;
  return tried.flatMap((entry) => {
    const name = textOf(entry.model);
    if (name === null) {
      return [];
    }
    const inputTokens = inputBoundTokens + written;
    const outputTokens = Math.min(LARGEST_LIMIT, countOf(entry.max_tokens) ?? outputLimitTokens ?? USUAL_LIMIT);
    written += outputTokens;
    return [{ model: name, inputTokens, outputTokens }];
  });
}

/** A prompt that has grown so long that the request wants it summarized is read once more for that, by the same model. */
function summariesOf({ context_management }: JsonObject, { model, inputBoundTokens }: Asked): OtherModels {
  const edit = listOf(objectOf(context_management).edits)
    .map(objectOf)
    .find(({ type }) => textOf(type)?.startsWith("compact_") === true);
  const trigger = countOf(objectOf(edit?.trigger).value) ?? SUMMARY_TRIGGER_TOKENS;
  return edit === undefined || inputBoundTokens < trigger
    ? []
    : [{ model, inputTokens: inputBoundTokens, outputTokens: SUMMARY_TOKENS }];
}
