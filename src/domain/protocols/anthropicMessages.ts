import { NOTHING_READ, type Protocol, type Reading, type RequestFacts, type Rewrite } from "../protocol.ts";
import { readMessagesRequest } from "./anthropicRequest.ts";
import { AnthropicStream } from "./anthropicStream.ts";
import {
  answerIdOf,
  anthropicErrorOf,
  blockBytes,
  estimatedUsage,
  isWhole,
  mergedCounts,
  servedModels,
  usageOfCounts,
} from "./anthropicUsage.ts";
import { anthropicErrors } from "./errorShapes.ts";
import { membersOf, withMembers } from "./jsonEdit.ts";
import { countOf, isObject, jsonText, listOf, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { forModelInBody } from "./modelInBody.ts";
import { estimatedTokens } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";

/** The least that Anthropic takes as `thinking.budget_tokens`; it must also be below `max_tokens`. */
const LEAST_THINKING = 1_024;

/** Anthropic's Messages. */
export const anthropicMessages: Protocol = {
  name: "anthropic-messages",
  recognise(method, path) {
    return method === "POST" && /(^|\/)messages\/?$/.test(path) ? "metered" : null;
  },
  countRoute: "/messages/count_tokens",
  countedMembers: ["model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers"],
  read: (body, context) => readMessagesRequest(body, context),
  forModel: forModelInBody,
  isStream: isEventStream,
  rewrite: (body, facts, changes) => withMembers(body, facts.members, changedMembers(body, facts, changes)),
  readJson,
  readStream: (facts) => new AnthropicStream(facts),
  ...anthropicErrors,
};

function changedMembers(
  body: Buffer,
  facts: RequestFacts,
  { outputLimitTokens: limit }: Rewrite,
): Record<string, string> {
  if (limit === undefined) {
    return {};
  }
  const members = membersOf(body, facts.members, ["max_tokens", "thinking", "context_management"]);
  const given = members.get("max_tokens");
  return typeof given === "number" && given <= limit
    ? {}
    : { max_tokens: String(limit), ...changedThinking(members, limit) };
}

/**
 * Thinking keeps four fifths of a lowered limit at most, so that an answer follows it. Where the limit is too low for the
 * least budget it is turned off, and with it the edits of old thoughts, which Anthropic takes only with thinking on.
 */
export function changedThinking(members: ReadonlyMap<string, unknown>, maxTokens: number): Record<string, string> {
  const thinking = members.get("thinking");
  const budget = isObject(thinking) && thinking.type === "enabled" ? countOf(thinking.budget_tokens) : null;
  if (!isObject(thinking) || budget === null || budget < maxTokens) {
    return {};
  }
  if (maxTokens > LEAST_THINKING) {
    const lowered = Math.max(LEAST_THINKING, Math.floor(maxTokens * 0.8));
    return { thinking: jsonText({ ...thinking, budget_tokens: lowered }) };
  }
  const management = members.get("context_management");
  const edits = listOf(objectOf(management).edits);
  const kept = edits.filter((edit) => textOf(objectOf(edit).type)?.startsWith("clear_thinking") !== true);
  return {
    thinking: jsonText({ type: "disabled" }),
    ...(kept.length === edits.length ? {} : { context_management: jsonText({ ...objectOf(management), edits: kept }) }),
  };
}

function readJson(status: number, body: Buffer, facts: RequestFacts): Reading {
  const answer = parseOrUndefined(body);
  if (!isObject(answer)) {
    const trouble = status < 400 ? "The answer is not a JSON object" : null;
    return { ...NOTHING_READ, errorType: status < 400 ? null : `http_${status}`, trouble };
  }
  const counts = mergedCounts(null, answer.usage);
  const errorType = anthropicErrorOf(answer) ?? (status < 400 ? null : `http_${status}`);
  const reading = {
    ...NOTHING_READ,
    ...servedModels(textOf(answer.model) || null, counts),
    serviceTier: counts?.serviceTier ?? null,
    reportedCostUsd: counts?.costUsd ?? null,
    ...answerIdOf(answer, facts),
    errorType,
  };
  if (counts !== null && isWhole(counts)) {
    return { ...reading, usage: usageOfCounts(counts), basis: "reported" };
  }
  if (errorType !== null) {
    return reading;
  }
  const said = listOf(answer.content).reduce<number>((sum, block) => sum + blockBytes(block), 0);
  return { ...reading, usage: estimatedUsage(counts, facts, estimatedTokens(said)), basis: "estimated" };
}
