import type { RequestFacts } from "../protocol.ts";
import { snakeCase, wholeOf } from "./googleMembers.ts";
import { membersOf } from "./jsonEdit.ts";
import { withMemberAt } from "./jsonPath.ts";
import { type JsonObject, objectOf } from "./jsonValue.ts";

/**
 * Puts a lower output limit, for each candidate, into `generationConfig`, and a budget for thinking that fits it. All
 * other bytes stay as they are.
 */
export function withOutputLimit(body: Buffer, { members, model }: RequestFacts, limit: number): Buffer {
  const configs = membersOf(body, members, spellings("generationConfig"));
  let changed = body;
  for (const [configName, value] of configs.size === 0 ? [["generationConfig", {}] as const] : configs) {
    const config = objectOf(value);
    const given = wholeOf(config, "maxOutputTokens");
    const most = given !== null && given > 0 ? Math.min(given, limit) : limit;
    for (const name of spelledIn(config, "maxOutputTokens")) {
      changed = withMemberAt(changed, [configName, name], String(most));
    }
    for (const thinkingName of spelledIn(config, "thinkingConfig")) {
      const thinking = objectOf(config[thinkingName]);
      const budget = changedThinking(thinking, most, model);
      for (const name of budget === null ? [] : spelledIn(thinking, "thinkingBudget")) {
        changed = withMemberAt(changed, [configName, thinkingName, name], String(budget));
      }
    }
  }
  return changed;
}

/** The least budgets that models take, other than none: Gemini 2.5 Flash-Lite 512, Pro 128, which cannot do without. */
function leastThinking(model: string): { readonly tokens: number; readonly canBeOff: boolean } {
  return /flash/.test(model)
    ? { tokens: /flash-lite/.test(model) ? 512 : 1, canBeOff: true }
    : { tokens: 128, canBeOff: false };
}

/** Thinking is part of the output: it keeps four fifths of a lowered limit at most, so that an answer follows it. */
function changedThinking(thinking: JsonObject, limit: number, model: string): number | null {
  const budget = wholeOf(thinking, "thinkingBudget");
  const most = Math.floor(limit * 0.8);
  if (budget === null || budget <= most) {
    return null;
  }
  const { tokens, canBeOff } = leastThinking(model);
  return most >= tokens ? most : canBeOff ? 0 : Math.min(budget, tokens);
}

/** The names under which an object holds a member; its usual one where it holds none. */
function spelledIn(object: JsonObject, name: string): readonly string[] {
  const used = spellings(name).filter((spelled) => Object.hasOwn(object, spelled));
  return used.length === 0 ? [name] : used;
}

function spellings(name: string): readonly string[] {
  return [name, snakeCase(name)];
}
