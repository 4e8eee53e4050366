import type { Protocol, RequestFacts, Rewrite } from "../protocol.ts";
import { forModelOrDeployment } from "./azureDeployment.ts";
import { openaiErrors } from "./errorShapes.ts";
import { membersOf, withMembers } from "./jsonEdit.ts";
import { jsonText, objectOf } from "./jsonValue.ts";
import { readChatAnswer } from "./openaiChatAnswer.ts";
import { ANY_HOST, type ChatDialect } from "./openaiChatDialect.ts";
import { readChatRequest } from "./openaiChatRequest.ts";
import { OpenaiChatStream } from "./openaiChatStream.ts";
import { isEventStream } from "./sse.ts";

/**
 * OpenAI's Chat Completions, as OpenAI and the many hosts that took it over speak it. What some have below `/async` answers
 * later, with another shape.
 */
export function openaiChatProtocol(dialect: ChatDialect): Protocol {
  return {
    name: "openai-chat",
    recognise(method, path) {
      return method === "POST" && /(^|\/)(?<!async\/)chat\/completions\/?$/.test(path) ? "metered" : null;
    },
    countRoute: null,
    forModel: forModelOrDeployment,
    read: (body, context) => readChatRequest(body, dialect, context),
    isStream: isEventStream,
    rewrite: (body, facts, changes) => withMembers(body, facts.members, changedMembers(body, facts, changes, dialect)),
    readJson: readChatAnswer,
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
  const members: Record<string, string> = askedUsage(body, facts);
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
  return members;
}

/** The member by which a stream is asked for its usage, where the client did not and the host has to be asked. */
export function askedUsage(body: Buffer, facts: RequestFacts): Record<string, string> {
  if (!facts.stream || facts.usageAsked) {
    return {};
  }
  const options = objectOf(membersOf(body, facts.members, ["stream_options"]).get("stream_options"));
  return { stream_options: jsonText({ ...options, include_usage: true }) };
}
