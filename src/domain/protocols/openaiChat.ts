import { NOTHING_READ, type Protocol, type Reading, type RequestFacts, type Rewrite } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { openaiErrors } from "./errorShapes.ts";
import { membersOf, withMembers } from "./jsonEdit.ts";
import { isObject, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { ANY_HOST, type ChatDialect } from "./openaiChatDialect.ts";
import { readChatRequest } from "./openaiChatRequest.ts";
import { OpenaiChatStream } from "./openaiChatStream.ts";
import { answerBytes, chatErrorOf, chatReportOf } from "./openaiChatUsage.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";

/** OpenAI's Chat Completions, as OpenAI and the many hosts that took it over speak it. */
export function openaiChatProtocol(dialect: ChatDialect): Protocol {
  return {
    name: "openai-chat",
    recognise(method, path) {
      return method === "POST" && /(^|\/)chat\/completions\/?$/.test(path) ? "metered" : null;
    },
    countRoute: null,
    read: (body, context) => readChatRequest(body, dialect, context?.textTokens),
    isStream: isEventStream,
    rewrite: (body, facts, changes) => withMembers(body, facts.members, changedMembers(body, facts, changes, dialect)),
    readJson,
    readStream: (facts) => new OpenaiChatStream(facts),
    ...openaiErrors,
  };
}

export const openaiChat: Protocol = openaiChatProtocol(ANY_HOST);

function changedMembers(
  body: Buffer,
  facts: RequestFacts,
  { outputLimitTokens: limit }: Rewrite,
  dialect: ChatDialect,
): Record<string, string> {
  const members: Record<string, string> = {};
  if (limit !== undefined) {
    for (const [name, given] of membersOf(body, facts.members, ["max_completion_tokens", "max_tokens"])) {
      if (typeof given === "number") {
        members[name] = String(given > 0 ? Math.min(given, limit) : limit);
      }
    }
    if (!dialect.limitNames.some((name) => name in members)) {
      members[dialect.limitToAdd(facts.model)] = String(limit);
    }
  }
  if (facts.stream && !facts.usageAsked && dialect.asksForUsage) {
    const options = objectOf(membersOf(body, facts.members, ["stream_options"]).get("stream_options"));
    members.stream_options = JSON.stringify({ ...options, include_usage: true });
  }
  return members;
}

function readJson(status: number, body: Buffer, facts: RequestFacts): Reading {
  const answer = parseOrUndefined(body);
  if (!isObject(answer)) {
    const trouble = status < 400 ? "The answer is not a JSON object" : null;
    return { ...NOTHING_READ, errorType: status < 400 ? null : `http_${status}`, trouble };
  }
  const errorType = chatErrorOf(answer) ?? (status < 400 ? null : `http_${status}`);
  const report = chatReportOf(answer, facts);
  const said = estimatedTokens(answerBytes(answer));
  const reading = {
    ...NOTHING_READ,
    model: textOf(answer.model) || null,
    serviceTier: textOf(answer.service_tier),
    reportedCostUsd: report?.costUsd ?? null,
    errorType,
  };
  if (report !== null) {
    const { usage, inputReported, outputReported } = report;
    return inputReported && outputReported
      ? { ...reading, usage, basis: "reported" }
      : { ...reading, usage: outputReported ? usage : { ...usage, outputTokens: said }, basis: "estimated" };
  }
  if (errorType !== null) {
    return reading;
  }
  const { webSearchBound: webSearches } = facts;
  const usage = { ...NO_USAGE, inputTokens: estimatedInput(facts), outputTokens: said, webSearches };
  return { ...reading, usage, basis: "estimated", trouble: null };
}
