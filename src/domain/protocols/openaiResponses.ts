import {
  type Collected,
  NO_CONTEXT,
  NOTHING_READ,
  type Protocol,
  type Reading,
  type RequestFacts,
  type Rewrite,
} from "../protocol.ts";
import { forModelOrDeployment } from "./azureDeployment.ts";
import { openaiErrors } from "./errorShapes.ts";
import { membersOf, withMembers } from "./jsonEdit.ts";
import { isObject, type JsonObject, listOf, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { readingOf } from "./openaiResponsesReading.ts";
import { readResponsesRequest } from "./openaiResponsesRequest.ts";
import { OpenaiResponsesStream } from "./openaiResponsesStream.ts";
import { itemBytes } from "./openaiResponsesUsage.ts";
import { isEventStream, SseSplitter, sseData } from "./sse.ts";

/** `…/responses/<id>`, and what cancels it. */
const ONE_RESPONSE = /(?:^|\/)responses\/([^/]+)(\/cancel)?\/?$/;
/** What OpenAI's count of input tokens takes. */
const COUNTED = [
  ...["model", "input", "instructions", "previous_response_id", "conversation", "tools", "tool_choice"],
  ...["parallel_tool_calls", "reasoning", "text", "truncation"],
];
const COMPACTION = /(^|\/)responses\/compact\/?$/;

/** OpenAI's Responses, as OpenAI and the hosts that took it over speak it. */
export const openaiResponses: Protocol = {
  name: "openai-responses",
  recognise(method, path) {
    if (method === "POST" && /(^|\/)responses\/?$/.test(path)) {
      return "metered";
    }
    const [, id, cancels] = ONE_RESPONSE.exec(path) ?? [];
    const isTold =
      id !== undefined && (method === "GET" ? cancels === undefined : method === "POST" && cancels !== undefined);
    return isTold ? "collect" : null;
  },
  countRoute: "/responses/input_tokens",
  countedMembers: COUNTED,
  forModel: forModelOrDeployment,
  read: (body, context = NO_CONTEXT) => readResponsesRequest(body, context),
  isStream: isEventStream,
  rewrite: (body, facts, changes) => withMembers(body, facts.members, changedMembers(body, facts, changes)),
  readJson,
  readStream: (facts) => new OpenaiResponsesStream(facts),
  readCollected,
  ...openaiErrors,
  breakOff,
};

/**
 * The compaction of a conversation into one item: it reads and writes as a response does, but takes no limit for what it
 * writes, and never streams.
 */
export const openaiCompaction: Protocol = {
  ...openaiResponses,
  recognise: (method, path) => (method === "POST" && COMPACTION.test(path) ? "metered" : null),
  read: (body, context = NO_CONTEXT) => ({
    ...readResponsesRequest(body, context),
    outputLimitTokens: null,
    clampable: false,
    stream: false,
  }),
  countRoute: null,
  rewrite: (body) => body,
};

/**
 * OpenAI takes no limit below 16 and refuses the call, which costs nothing; a higher one than was held might cost more. A
 * limit on the calls of its own tools is the only way to know how often the prompt will be read.
 */
function changedMembers(
  body: Buffer,
  facts: RequestFacts,
  { outputLimitTokens, toolCalls }: Rewrite,
): Record<string, string> {
  const limits = { max_output_tokens: outputLimitTokens, max_tool_calls: toolCalls };
  const given = membersOf(body, facts.members, Object.keys(limits));
  const members: Record<string, string> = {};
  for (const [name, limit] of Object.entries(limits)) {
    const before = given.get(name);
    if (limit !== undefined && !(typeof before === "number" && before > 0 && before <= limit)) {
      members[name] = String(limit);
    }
  }
  return members;
}

function readJson(status: number, body: Buffer, facts: RequestFacts): Reading {
  const answer = parseOrUndefined(body);
  if (!isObject(answer)) {
    const trouble = status < 400 ? "The answer is not a JSON object" : null;
    return { ...NOTHING_READ, errorType: status < 400 ? null : `http_${status}`, trouble };
  }
  const reading = wholeReading(answer, facts);
  return { ...reading, errorType: reading.errorType ?? (status < 400 ? null : `http_${status}`) };
}

function wholeReading(response: JsonObject, facts: RequestFacts | null): Reading {
  const items = listOf(response.output);
  const textBytes = items.reduce<number>((sum, item) => sum + itemBytes(objectOf(item)), 0);
  return readingOf(
    { response, state: isUnderWay(response) ? "goes-on" : "ended", items, textBytes, errorType: null },
    facts,
  );
}

function isUnderWay({ status }: JsonObject): boolean {
  return status === "queued" || status === "in_progress";
}

/** A response fetched by its id, as JSON or as the stream of its events. What a cancelled one cost, nobody may tell. */
function readCollected(path: string, status: number, body: Buffer): Collected | null {
  const deferredId = ONE_RESPONSE.exec(path)?.[1];
  const whole = parseOrUndefined(body);
  const response = isObject(whole) ? whole : lastResponseIn(body);
  if (status >= 400 || deferredId === undefined || response === null || textOf(response.id) === null) {
    return null;
  }
  if (isUnderWay(response)) {
    return { deferredId, readings: [], alsoKnownAs: [] };
  }
  return { deferredId, readings: [wholeReading(response, null)], alsoKnownAs: [] };
}

/** The response as the last event of a stream tells it; null where none does. */
function lastResponseIn(stream: Buffer): JsonObject | null {
  let last: JsonObject | null = null;
  const splitter = new SseSplitter({
    event(raw) {
      if (raw.includes('response":')) {
        const { response } = objectOf(parseOrUndefined(sseData(raw)));
        last = isObject(response) ? response : last;
      }
    },
    unread() {},
  });
  splitter.push(stream);
  splitter.end();
  return last;
}

/**
 * A failed response with this code stops Codex, which takes other codes for a reason to try again or for one of its own
 * texts; the error beside it ends the stream of OpenAI's own clients, to which a failed response alone is an event like others.
 */
function breakOff(code: string, message: string): string {
  const response = {
    id: "resp_tollgate",
    object: "response",
    created_at: 0,
    status: "failed",
    error: { code: "invalid_prompt", message },
    incomplete_details: null,
    output: [],
    usage: null,
  };
  const error = { message, type: "billing_error", param: null, code };
  const event = { type: "response.failed", sequence_number: 0, response, error };
  return `event: response.failed\ndata: ${JSON.stringify(event)}\n\n`;
}
