import { type Answer, answerTo, inPieces, limitOf, longText } from "./answer.ts";
import { createBatches } from "./anthropicBatchRoute.ts";
import { anthropicError } from "./anthropicError.ts";
import { anthropicPromptTokens, breakpointsOf, inputUsage } from "./anthropicPrompt.ts";
import { anthropicModels, servedBy } from "./models.ts";
import { createMarkedCache, type MarkedCache } from "./promptCache.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { errorBody, plain, type Reply, retryAfterOf, withErrorAfter } from "./reply.ts";
import type { Behaviour } from "./script.ts";
import { isJson, type Json } from "./tokens.ts";
import { type Handler, startUpstream, type Upstream, type UpstreamOptions } from "./upstreamServer.ts";
import { padding, wireId } from "./wireId.ts";

/** The simulated Anthropic: messages, their batches, count_tokens and models, with the bytes the real one was recorded to send. */
export const startAnthropicUpstream = (options?: UpstreamOptions): Promise<Upstream> =>
  startUpstream(anthropicHandler(), "", options);

const limits = { requests: 4000, input: 2_000_000, output: 400_000 };

const anthropicHandler = (): Handler => {
  const cache = createMarkedCache();
  const batches = createBatches((body, behaviour) => messages(body, behaviour, cache));
  return (request, script) => {
    const isBatch = request.path.startsWith("/v1/messages/batches");
    const batchCall = () => checkHeaders(request) ?? batches(request, script);
    const messagesCall = () => {
      const body = request.body ?? {};
      const behaviour = script.take(body);
      return { ...messages(body, behaviour, cache), behaviour };
    };
    const reply = isBatch ? batchCall() : route(request, messagesCall);
    const common = { "anthropic-organization-id": "00000000-0000-4000-8000-000000000000" };
    return { ...reply, headers: { "request-id": wireId("req_011C", 20), ...common, ...reply.headers } };
  };
};

const route = (request: ReceivedRequest, messagesCall: () => Reply): Reply => {
  const refused = checkHeaders(request);
  if (refused) return refused;
  const { method, path, body } = request;
  if (method === "GET" && path === "/v1/models") return modelList();
  if (method !== "POST" || (path !== "/v1/messages" && path !== "/v1/messages/count_tokens")) {
    return anthropicError(404, "Not Found");
  }
  if (!body) return anthropicError(400, "The request body is not valid JSON.");
  if (path === "/v1/messages") return messagesCall();
  return fault(body) ?? plain(200, JSON.stringify({ input_tokens: anthropicPromptTokens(body) }), "application/json");
};

const checkHeaders = ({ headers }: ReceivedRequest): Reply | undefined => {
  const apiKey = headers["x-api-key"];
  const key = typeof apiKey === "string" ? apiKey : /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (!key) return anthropicError(401, "x-api-key header is required");
  if (key.includes("wrong")) return anthropicError(401, apiKey ? "invalid x-api-key" : "Invalid bearer token");
  if (!headers["anthropic-version"]) return anthropicError(400, "anthropic-version: header is required");
  return undefined;
};

const modelList = (): Reply => {
  const data = Object.values(anthropicModels).map((id) => ({
    type: "model",
    id,
    display_name: id
      .replace(/-\d{8}$/, "")
      .replace(/^claude/, "Claude")
      .replaceAll("-", " "),
    created_at: "2025-09-29T00:00:00Z",
  }));
  const list = { data, has_more: false, first_id: data.at(0)?.id, last_id: data.at(-1)?.id };
  return plain(200, JSON.stringify(list), "application/json");
};

const fault = (body: Json): Reply | undefined => {
  if (typeof body.model !== "string") return anthropicError(400, "model: Field required");
  if (!servedBy(anthropicModels, body.model)) return anthropicError(404, `model: ${body.model}`);
  if (!Array.isArray(body.messages)) return anthropicError(400, "messages: Field required");
  if (body.messages.length === 0) return anthropicError(400, "messages: at least one message is required");
  return undefined;
};

/** A limit must be there, be positive, and leave room beside what may be thought (at least 1024). */
const limitFault = (body: Json): Reply | undefined => {
  if (body.max_tokens === undefined) return anthropicError(400, "max_tokens: Field required");
  const limit = limitOf(body.max_tokens);
  if (!limit) return anthropicError(400, "max_tokens: Input should be greater than or equal to 1");
  const budget = isJson(body.thinking) && body.thinking.type === "enabled" ? body.thinking.budget_tokens : undefined;
  if (typeof budget !== "number") return undefined;
  if (budget < 1024) {
    return anthropicError(400, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  }
  return budget < limit
    ? undefined
    : anthropicError(400, "`max_tokens` must be greater than `thinking.budget_tokens`.");
};

const messages = (body: Json, behaviour: Behaviour, cache: MarkedCache): Reply => {
  if (behaviour.error) {
    const { error } = behaviour;
    const usual = anthropicError(error.status, undefined, retryAfterOf(error));
    return { ...usual, content: errorBody(error, String(usual.content)) };
  }
  const refused = fault(body) ?? limitFault(body);
  if (refused) return refused;
  const answer = answerTo(body, behaviour, limitOf(body.max_tokens));
  const input = inputUsage(body, cache.look(String(body.model), breakpointsOf(body)));
  const tier = { service_tier: behaviour.serviceTier ?? "standard", inference_geo: "not_available" };
  const shared = {
    model: behaviour.servedModel ?? servedBy(anthropicModels, body.model),
    id: wireId("msg_01", 22),
    type: "message",
    role: "assistant",
  };
  const headers = limitHeaders(anthropicPromptTokens(body));
  if (body.stream !== true) {
    const usage = behaviour.usage ?? {
      ...input,
      output_tokens: answer.outputTokens,
      ...tier,
      ...thinkingDetails(answer),
    };
    const whole = {
      ...shared,
      content: [...thinkingBlock(answer), { type: "text", text: answer.text }],
      ...stopOf(answer),
      ...(behaviour.omitUsage ? {} : { usage }),
    };
    return plain(200, JSON.stringify(whole), "application/json", headers);
  }
  const { cache_creation: _, ...counts } = input;
  const atStart = behaviour.usageAtStart ?? { ...input, output_tokens: Math.min(1, answer.outputTokens), ...tier };
  const atEnd = behaviour.usage ?? { ...counts, output_tokens: answer.outputTokens, ...thinkingDetails(answer) };
  const events = streamEvents(
    { ...shared, content: [], stop_reason: null, stop_sequence: null, stop_details: null },
    answer,
    behaviour.omitUsage ? undefined : { atStart, atEnd },
  );
  const overloaded = event({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
  return {
    status: 200,
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", ...headers },
    content: withErrorAfter(events, behaviour, overloaded),
    behaviour,
  };
};

const stopOf = (answer: Answer): Json => ({
  stop_reason: answer.cut ? "max_tokens" : "end_turn",
  stop_sequence: null,
  stop_details: null,
});

const thinkingDetails = ({ reasoningTokens }: Answer): Json =>
  reasoningTokens === 0 ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } };

const signature = Buffer.from("a signature that only its maker can read").toString("base64");

const thinkingBlock = ({ reasoningTokens }: Answer): Json[] =>
  reasoningTokens === 0 ? [] : [{ type: "thinking", thinking: longText(reasoningTokens), signature }];

/** What is left resets at the next full minute. */
const limitHeaders = (inputTokens: number): Record<string, string> => {
  const reset = `${new Date(Math.ceil(Date.now() / 60_000) * 60_000).toISOString().slice(0, 19)}Z`;
  const left = { requests: limits.requests - 1, input: Math.max(0, limits.input - inputTokens), output: limits.output };
  const headers: Record<string, string> = {};
  const set = (name: string, limit: number, remaining: number): void => {
    headers[`anthropic-ratelimit-${name}-limit`] = String(limit);
    headers[`anthropic-ratelimit-${name}-remaining`] = String(remaining);
    headers[`anthropic-ratelimit-${name}-reset`] = reset;
  };
  set("requests", limits.requests, left.requests);
  set("input-tokens", limits.input, left.input);
  set("output-tokens", limits.output, left.output);
  set("tokens", limits.input + limits.output, left.input + left.output);
  return headers;
};

/** One event. The real ones pad with spaces before the last brace, so that only a real JSON parser reads them; the ping has one. */
const event = (data: Json): string => {
  const text = JSON.stringify(data);
  const padded = data.type === "ping" ? '{"type": "ping"}' : `${text.slice(0, -1)}${" ".repeat(padding(text).length)}}`;
  return `event: ${data.type}\ndata: ${padded}\n\n`;
};

const streamEvents = (message: Json, answer: Answer, usage: { atStart: Json; atEnd: Json } | undefined): string[] => {
  const events = [event({ type: "message_start", message: { ...message, ...(usage && { usage: usage.atStart }) } })];
  const blocks: { start: Json; deltas: Json[] }[] = [];
  if (answer.reasoningTokens > 0) {
    const thoughts = inPieces(longText(answer.reasoningTokens)).map((thinking) => ({
      type: "thinking_delta",
      thinking,
    }));
    blocks.push({
      start: { type: "thinking", thinking: "", signature: "" },
      deltas: [...thoughts, { type: "signature_delta", signature }],
    });
  }
  blocks.push({
    start: { type: "text", text: "" },
    deltas: answer.pieces.map((text) => ({ type: "text_delta", text })),
  });
  blocks.forEach(({ start, deltas }, index) => {
    events.push(event({ type: "content_block_start", index, content_block: start }));
    if (index === 0) events.push(event({ type: "ping" }));
    for (const delta of deltas) events.push(event({ type: "content_block_delta", index, delta }));
    events.push(event({ type: "content_block_stop", index }));
  });
  events.push(event({ type: "message_delta", delta: stopOf(answer), ...(usage && { usage: usage.atEnd }) }));
  events.push(event({ type: "message_stop" }));
  return events;
};
