import { type Answer, answerTo, limitOf } from "./answer.ts";
import { vllmModel } from "./models.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { errorBody, plain, type Reply, withErrorAfter } from "./reply.ts";
import type { Behaviour } from "./script.ts";
import { chatPromptTokens, countTokens, isJson, type Json } from "./tokens.ts";
import { type Handler, startUpstream, type Upstream, type UpstreamOptions } from "./upstreamServer.ts";
import { type VllmMeters, vllmMetrics } from "./vllmMetrics.ts";
import { hexId } from "./wireId.ts";

/**
 * The simulated vLLM server with what only it has: its meters, whose start time a test may move. Restarted, it is another
 * process: it has started just now, and its counters begin anew.
 */
export type VllmUpstream = Upstream & { readonly meters: VllmMeters };

const maxModelLen = 32_768;
const version = "0.14.0";

/** The simulated vLLM: the OpenAI chat wire in vLLM's dialect, without a key. */
export const startVllmUpstream = async (options?: UpstreamOptions): Promise<VllmUpstream> => {
  const meters = newMeters();
  const upstream = await startUpstream(vllmHandler(meters), "/v1", options);
  const restart = async () => {
    Object.assign(meters, newMeters());
    await upstream.restart();
  };
  return { ...upstream, meters, restart };
};

/** Those of a process that has just started. */
const newMeters = (): VllmMeters => ({
  processStartSeconds: Date.now() / 1000,
  promptTokens: 0,
  generationTokens: 0,
  running: 0,
  waiting: 0,
  prefillSeconds: 0,
  decodeSeconds: 0,
  succeeded: { stop: 0, length: 0, abort: 0 },
});

/** What a token takes when nothing else is under way, in seconds: a written one is twenty times as slow as one that is read. */
const prefillSecondsPerToken = 0.0005;
const decodeSecondsPerToken = 0.01;

const vllmHandler =
  (meters: VllmMeters): Handler =>
  (request, script) => {
    const reply = route(request, meters, () => {
      const body = request.body ?? {};
      const behaviour = script.take(body);
      return { ...chat(request, body, behaviour, meters), behaviour };
    });
    return { ...reply, headers: { server: "uvicorn", ...reply.headers } };
  };

const route = (request: ReceivedRequest, meters: VllmMeters, chatCall: () => Reply): Reply => {
  switch (`${request.method} ${request.path}`) {
    case "GET /health":
      return plain(200, "", "text/plain; charset=utf-8");
    case "GET /version":
      return plain(200, JSON.stringify({ version }), "application/json");
    case "GET /metrics":
      return plain(200, vllmMetrics(meters, vllmModel), "text/plain; version=0.0.4; charset=utf-8");
    case "GET /v1/models":
      return plain(200, JSON.stringify({ object: "list", data: [modelCard(meters)] }), "application/json");
    case "POST /v1/chat/completions":
      return request.body ? chatCall() : vllmError(400, "JSON decode error", "Bad Request");
    default:
      return plain(404, JSON.stringify({ detail: "Not Found" }), "application/json");
  }
};

/** vLLM's error: OpenAI's shape with a type named as an exception and the status as its code. */
const vllmError = (status: number, message: string, type: string, param: string | null = null): Reply =>
  plain(status, JSON.stringify({ error: { message, type, param, code: status } }), "application/json");

const usualError = (status: number): Reply => {
  if (status === 429) return vllmError(status, "Too many requests.", "RateLimitError");
  if (status < 500) return vllmError(status, "The request is invalid.", "BadRequestError");
  return vllmError(status, "EngineCore encountered an issue.", "InternalServerError");
};

const modelCard = (meters: VllmMeters): Json => ({
  id: vllmModel,
  object: "model",
  created: Math.floor(meters.processStartSeconds),
  owned_by: "vllm",
  root: vllmModel,
  parent: null,
  max_model_len: maxModelLen,
  permission: [],
});

const fault = (body: Json): Reply | undefined => {
  if (body.model !== undefined && body.model !== vllmModel) {
    return vllmError(404, `The model \`${body.model}\` does not exist.`, "NotFoundError", "model");
  }
  if (!Array.isArray(body.messages)) return vllmError(400, "messages: Field required", "Bad Request");
  if (body.stream_options && body.stream !== true) {
    return vllmError(400, "Stream options can only be defined when `stream=True`.", "Bad Request");
  }
  const prompt = chatPromptTokens(body);
  if (prompt >= maxModelLen) {
    return vllmError(
      400,
      `This model's maximum context length is ${maxModelLen} tokens. However, your request has ${prompt} input tokens.`,
      "BadRequestError",
    );
  }
  return undefined;
};

const chat = (request: ReceivedRequest, body: Json, behaviour: Behaviour, meters: VllmMeters): Reply => {
  if (behaviour.error) {
    const { error } = behaviour;
    const usual = usualError(error.status);
    const retry = error.retryAfterSeconds === undefined ? {} : { "retry-after": String(error.retryAfterSeconds) };
    return {
      ...usual,
      headers: { ...usual.headers, ...retry },
      content: errorBody(error, String(usual.content)),
    };
  }
  const refused = fault(body);
  if (refused) return refused;

  const prompt = chatPromptTokens(body);
  // Without a limit of its own an answer may fill the rest of the context.
  const limit = limitOf(body.max_completion_tokens) ?? limitOf(body.max_tokens) ?? maxModelLen - prompt;
  const answer = answerTo(body, behaviour, limit);
  const finish = answer.cut ? "length" : "stop";
  meters.running++;
  void request.ended.then((outcome) => {
    const whole = outcome === "answered";
    const pieces = answer.pieces.slice(0, Math.max(0, request.eventsSent - 1));
    meters.running--;
    meters.promptTokens += prompt;
    const written = whole ? answer.outputTokens : countTokens(pieces.join(""));
    meters.generationTokens += written;
    meters.prefillSeconds += prompt * prefillSecondsPerToken;
    meters.decodeSeconds += written * decodeSecondsPerToken;
    meters.succeeded[whole ? finish : "abort"]++;
  });

  const usageAt = (output: number): Json | undefined =>
    behaviour.omitUsage
      ? undefined
      : (behaviour.usage ?? { prompt_tokens: prompt, total_tokens: prompt + output, completion_tokens: output });
  const envelope = {
    id: hexId("chatcmpl-", 32),
    created: Math.floor(Date.now() / 1000),
    model: behaviour.servedModel ?? vllmModel,
  };
  if (body.stream !== true) {
    const whole = completion(envelope, answer, finish, usageAt(answer.outputTokens));
    return plain(200, JSON.stringify(whole), "application/json");
  }
  const events = streamEvents(body, envelope, answer, finish, usageAt);
  const failed = `data: ${JSON.stringify({ error: { message: "EngineCore encountered an issue.", type: "InternalServerError", param: null, code: 500 } })}\n\n`;
  return {
    status: 200,
    headers: { "content-type": "text/event-stream; charset=utf-8" },
    content: withErrorAfter(events, behaviour, failed),
    behaviour,
  };
};

type Envelope = { id: string; created: number; model: string };

const completion = (envelope: Envelope, answer: Answer, finish: string, usage: Json | undefined): Json => ({
  id: envelope.id,
  object: "chat.completion",
  created: envelope.created,
  model: envelope.model,
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: answer.text,
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        tool_calls: [],
        reasoning_content: null,
      },
      logprobs: null,
      finish_reason: finish,
      stop_reason: null,
      token_ids: null,
    },
  ],
  service_tier: null,
  system_fingerprint: null,
  ...(usage && { usage }),
  prompt_logprobs: null,
  prompt_token_ids: null,
  kv_transfer_params: null,
});

/** Usage comes in a last chunk if asked for, and on every chunk with `continuous_usage_stats`; else the field is absent. */
const streamEvents = (
  body: Json,
  envelope: Envelope,
  answer: Answer,
  finish: string,
  usageAt: (output: number) => Json | undefined,
): string[] => {
  const options = isJson(body.stream_options) ? body.stream_options : {};
  const asked = options.include_usage === true;
  const always = asked && options.continuous_usage_stats === true;
  const chunk = (choices: Json[], usage: Json | undefined, more: Json = {}): string =>
    `data: ${JSON.stringify({
      id: envelope.id,
      object: "chat.completion.chunk",
      created: envelope.created,
      model: envelope.model,
      choices,
      ...(usage && { usage }),
      ...more,
    })}\n\n`;
  const choice = (delta: Json, end: string | null): Json => ({
    index: 0,
    delta,
    logprobs: null,
    finish_reason: end,
    ...(end && { stop_reason: null }),
  });
  let sent = "";
  const at = (): Json | undefined => (always ? usageAt(countTokens(sent)) : undefined);
  const events = [chunk([choice({ role: "assistant", content: "" }, null)], at(), { prompt_token_ids: null })];
  for (const piece of answer.pieces) {
    sent += piece;
    events.push(chunk([{ ...choice({ content: piece }, null), token_ids: null }], at()));
  }
  events.push(chunk([{ ...choice({ content: "" }, finish), token_ids: null }], at()));
  const total = usageAt(answer.outputTokens);
  if (asked && total) events.push(chunk([], total));
  events.push("data: [DONE]\n\n");
  return events;
};
