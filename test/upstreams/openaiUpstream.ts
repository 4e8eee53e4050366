import { type Answer, answerTo, limitOf } from "./answer.ts";
import { openaiModels, servedBy } from "./models.ts";
import { createBatchRoutes } from "./openaiBatchRoutes.ts";
import { openaiError, openaiErrorEvent } from "./openaiError.ts";
import { mediaRoute } from "./openaiMediaRoutes.ts";
import { createResponses } from "./openaiResponsesRoute.ts";
import { textRoute } from "./openaiTextRoutes.ts";
import { createImplicitCache, type ImplicitCache } from "./promptCache.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { errorBody, plain, type Reply, retryAfterOf, withErrorAfter } from "./reply.ts";
import type { Behaviour } from "./script.ts";
import { chatPrompt, chatPromptTokens, isJson, type Json } from "./tokens.ts";
import { type Handler, startUpstream, type Upstream, type UpstreamOptions } from "./upstreamServer.ts";
import { hexId, padding, wireId } from "./wireId.ts";

/** The simulated OpenAI: chat completions, responses and models, with the bytes the real one was recorded to send. */
export const startOpenaiUpstream = (options?: UpstreamOptions): Promise<Upstream> =>
  startUpstream(openaiHandler(), "/v1", options);

const sse = "text/event-stream; charset=utf-8";
const rateLimit = { requests: 10_000, tokens: 2_000_000 };

export const openaiHandler = (): Handler => {
  const cache = createImplicitCache();
  const responses = createResponses(cache);
  const batches = createBatchRoutes();
  return (request, script) => {
    const chatCall = (): Reply => {
      const body = request.body ?? {};
      const behaviour = script.take(body);
      return { ...chat(body, behaviour, cache), behaviour };
    };
    const others = (): Reply | undefined =>
      textRoute(request, script) ?? mediaRoute(request, script) ?? batches(request);
    const reply = route(request, chatCall, () => responses(request, script), others);
    return { ...reply, headers: { ...commonHeaders(request), ...reply.headers } };
  };
};

const route = (
  request: ReceivedRequest,
  chatCall: () => Reply,
  responsesCall: () => Reply,
  others: () => Reply | undefined,
): Reply => {
  const keyFault = checkKey(request);
  if (keyFault) return keyFault;
  const { method, path } = request;
  if (method === "GET" && path === "/v1/models") return modelList();
  if (method === "GET" && path.startsWith("/v1/models/")) return oneModel(path.slice("/v1/models/".length));
  if (/^\/v1\/responses(\/|$)/.test(path)) return responsesCall();
  if (method === "POST" && path === "/v1/chat/completions") {
    return request.body ? chatCall() : openaiError(400, "We could not parse the JSON body of your request.");
  }
  return others() ?? openaiError(404, `Invalid URL (${method} ${path})`);
};

const checkKey = ({ headers }: ReceivedRequest): Reply | undefined => {
  const key = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (key === undefined) {
    return openaiError(
      401,
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.",
    );
  }
  if (!key.includes("wrong")) return undefined;
  const shown = key.length > 8 ? `${key.slice(0, 4)}${"*".repeat(key.length - 8)}${key.slice(-4)}` : key;
  return openaiError(401, `Incorrect API key provided: ${shown}.`, { code: "invalid_api_key" });
};

/** Only model calls carry the rate limits. */
const commonHeaders = (request: ReceivedRequest): Record<string, string> => ({
  "access-control-expose-headers": "X-Request-ID",
  "openai-organization": "simulated-org",
  "openai-processing-ms": String(Math.max(1, Date.now() - request.receivedAt)),
  "openai-project": "proj_simulated",
  "openai-version": "2020-10-01",
  "x-request-id": hexId("req_", 32),
});

const limitHeaders = (promptTokens: number): Record<string, string> => ({
  "x-ratelimit-limit-requests": String(rateLimit.requests),
  "x-ratelimit-limit-tokens": String(rateLimit.tokens),
  "x-ratelimit-remaining-requests": String(rateLimit.requests - 1),
  "x-ratelimit-remaining-tokens": String(Math.max(0, rateLimit.tokens - promptTokens)),
  "x-ratelimit-reset-requests": "6ms",
  "x-ratelimit-reset-tokens": "1ms",
});

const modelCard = (id: string): Json => ({ id, object: "model", created: 1_743_465_600, owned_by: "system" });

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const modelList = (): Reply => {
  const names = new Set([...Object.keys(openaiModels), ...Object.values(openaiModels)]);
  return plain(200, json({ object: "list", data: [...names].map(modelCard) }), "application/json");
};

const oneModel = (name: string): Reply =>
  servedBy(openaiModels, name) ? plain(200, json(modelCard(name)), "application/json") : noModel(name, "model");

const noModel = (name: unknown, param: string | null): Reply =>
  openaiError(404, `The model \`${name}\` does not exist or you do not have access to it.`, {
    param,
    code: "model_not_found",
  });

/** o- and gpt-5-style models think before they answer, and refuse the old name of the output limit. */
const reasons = (model: string): boolean => /^(o\d|gpt-[5-9])/.test(model);

const fault = (body: Json): Reply | undefined => {
  if (body.model === undefined) return openaiError(400, "you must provide a model parameter");
  const served = servedBy(openaiModels, body.model);
  if (!served) return noModel(body.model, null);
  if (!Array.isArray(body.messages)) {
    return openaiError(400, "Missing required parameter: 'messages'.", {
      param: "messages",
      code: "missing_required_parameter",
    });
  }
  if (body.stream_options && body.stream !== true) {
    return openaiError(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", {
      param: "stream_options",
    });
  }
  if (reasons(served) && typeof body.max_tokens === "number") {
    return openaiError(
      400,
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      { param: "max_tokens", code: "unsupported_parameter" },
    );
  }
  return undefined;
};

const chat = (body: Json, behaviour: Behaviour, cache: ImplicitCache): Reply => {
  if (behaviour.error) {
    const { error } = behaviour;
    const usual = openaiError(error.status, undefined, { retryAfterSeconds: retryAfterOf(error) });
    return { ...usual, content: errorBody(error, String(usual.content)) };
  }
  const refused = fault(body);
  if (refused) return refused;
  const answer = answerTo(body, behaviour, limitOf(body.max_completion_tokens) ?? limitOf(body.max_tokens));
  const usage = behaviour.omitUsage ? undefined : (behaviour.usage ?? usageOf(body, answer, cache));
  const tier = body.service_tier === "flex" || body.service_tier === "priority" ? body.service_tier : "default";
  const envelope: Envelope = {
    id: wireId("chatcmpl-", 29),
    created: Math.floor(Date.now() / 1000),
    model: behaviour.servedModel ?? servedBy(openaiModels, body.model) ?? "",
    service_tier: behaviour.serviceTier ?? tier,
    system_fingerprint: "fp_51e1d0c3f2",
  };
  const headers = limitHeaders(chatPromptTokens(body));
  if (body.stream !== true) {
    return plain(200, json(completion(body, answer, usage, envelope)), "application/json", headers);
  }
  const events = streamEvents(body, answer, usage, envelope);
  return {
    status: 200,
    headers: { "content-type": sse, ...headers },
    content: withErrorAfter(events, behaviour, openaiErrorEvent),
    behaviour,
  };
};

const usageOf = (body: Json, answer: Answer, cache: ImplicitCache): Json => {
  const prompt = chatPromptTokens(body);
  const output = answer.outputTokens * choices(body);
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: cache.look(String(body.model), chatPrompt(body)), audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: answer.reasoningTokens * choices(body),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
};

type Envelope = {
  id: string;
  created: number;
  model: string;
  service_tier: string;
  system_fingerprint: string;
};

const choices = (body: Json): number => limitOf(body.n) ?? 1;
const indexes = (body: Json): number[] => Array.from({ length: choices(body) }, (_, index) => index);
const finishOf = (answer: Answer): string => (answer.cut ? "length" : "stop");

const completion = (body: Json, answer: Answer, usage: Json | undefined, envelope: Envelope): Json => {
  const { id, created, model, ...rest } = envelope;
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: indexes(body).map((index) => ({
      index,
      message: { role: "assistant", content: answer.text, refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: finishOf(answer),
    })),
    ...(usage && { usage }),
    ...rest,
  };
};

/**
 * Each chunk is one event. With `include_usage` all chunks say `usage: null` but an additional last one, which has no
 * choices; without it none has the field. Every chunk is padded (`obfuscation`) unless the request declines.
 */
const streamEvents = (body: Json, answer: Answer, usage: Json | undefined, envelope: Envelope): string[] => {
  const options = isJson(body.stream_options) ? body.stream_options : {};
  const asked = options.include_usage === true && usage !== undefined;
  const events: string[] = [];
  const { id, ...rest } = envelope;
  const emit = (chunkChoices: Json[], chunkUsage: Json | null): void => {
    const chunk = {
      id,
      object: "chat.completion.chunk",
      ...rest,
      choices: chunkChoices,
      ...(asked && { usage: chunkUsage }),
      ...(options.include_obfuscation !== false && { obfuscation: padding(`${answer.text.length} ${events.length}`) }),
    };
    events.push(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const delta = (change: Json, finish: string | null): void => {
    for (const index of indexes(body)) emit([{ index, delta: change, logprobs: null, finish_reason: finish }], null);
  };
  delta({ role: "assistant", content: "", refusal: null }, null);
  for (const piece of answer.pieces) delta({ content: piece }, null);
  delta({}, finishOf(answer));
  if (asked) emit([], usage);
  events.push("data: [DONE]\n\n");
  return events;
};
