import { googleError } from "./googleError.ts";
import { namedCacheTokens } from "./googlePrompt.ts";
import type { Reply } from "./reply.ts";
import { isJson, type Json, listOf } from "./tokens.ts";

/** The most output tokens that any model here gives. */
export const largestLimit = 65_536;

/** What each model may be told to think, in tokens; -1 leaves it to the model. */
const thinkingBudgets: readonly (readonly [model: RegExp, least: number, most: number, canBeOff: boolean])[] = [
  [/flash-lite/, 512, 24_576, true],
  [/flash/, 1, 24_576, true],
  [/pro/, 128, 32_768, false],
];

export const configOf = (body: Json): Json => (isJson(body.generationConfig) ? body.generationConfig : {});

/** What Google would not take of a request. */
export const googleFault = (body: Json, model: string): Reply | undefined => {
  if (listOf(body.contents).length === 0)
    return googleError(400, "* GenerateContentRequest.contents: contents is not specified");
  if (namedCacheTokens(body) === undefined) return googleError(403, "CachedContent not found (or permission denied)");
  const { maxOutputTokens: limit, thinkingConfig } = configOf(body);
  if (limit !== undefined && !(typeof limit === "number" && limit >= 1 && limit <= largestLimit)) {
    return googleError(
      400,
      `Unable to submit request because it has a maxOutputTokens value of ${limit} but the supported range is from 1 (inclusive) to ${largestLimit + 1} (exclusive). Update the value and try again.`,
    );
  }
  const budget = isJson(thinkingConfig) ? thinkingConfig.thinkingBudget : undefined;
  if (typeof budget !== "number" || budget === -1) return undefined;
  const [, least, most, canBeOff] = thinkingBudgets.find(([pattern]) => pattern.test(model)) ?? [
    /./,
    0,
    largestLimit,
    true,
  ];
  if (budget === 0) {
    return canBeOff ? undefined : googleError(400, "Budget 0 is invalid. This model only works in thinking mode.");
  }
  return budget >= least && budget <= most
    ? undefined
    : googleError(400, `The thinking budget ${budget} is invalid. Please choose a value between ${least} and ${most}.`);
};
