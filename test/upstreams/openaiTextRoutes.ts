import { answerTo, limitOf } from "./answer.ts";
import { openaiError, openaiErrorEvent } from "./openaiError.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { errorBody, plain, type Reply, withErrorAfter } from "./reply.ts";
import type { Behaviour, Script } from "./script.ts";
import { countTokens, isJson, type Json } from "./tokens.ts";
import { wireId } from "./wireId.ts";

/** Length of the simulated vectors. */
const dimensions = 8;
/** What `max_tokens` is where a completion's request names none. */
const completionTokens = 16;

export const json = (value: unknown): Reply => plain(200, `${JSON.stringify(value, null, 2)}\n`, "application/json");

/** A stream's reply of events. */
export const stream = (events: string[], behaviour: Behaviour): Reply => ({
  status: 200,
  headers: { "content-type": "text/event-stream; charset=utf-8" },
  content: withErrorAfter(events, behaviour, openaiErrorEvent),
  behaviour,
});

/** An error that the script asks for. */
export const scripted = ({ error }: Behaviour): Reply | undefined => {
  if (!error) return undefined;
  const usual = openaiError(error.status);
  return { ...usual, content: errorBody(error, String(usual.content)) };
};

/** Embeddings and the older completions; undefined for any other route. */
export const textRoute = (request: ReceivedRequest, script: Script): Reply | undefined => {
  const { method, path, body } = request;
  if (method !== "POST" || !/^\/v1\/(embeddings|completions)$/.test(path)) return undefined;
  if (!body) return openaiError(400, "We could not parse the JSON body of your request.");
  const behaviour = script.take(body);
  const reply =
    scripted(behaviour) ?? (path === "/v1/embeddings" ? embeddings(body, behaviour) : completions(body, behaviour));
  return { ...reply, behaviour };
};

/** Tokens of one input or prompt: a text, or a list of tokens. */
const inputTokens = (input: unknown): number => (Array.isArray(input) ? input.length : countTokens(String(input)));

/** A text or a list of tokens is one input, a list of these are several. */
export const inputsOf = (input: unknown): unknown[] =>
  Array.isArray(input) && input.some((one) => typeof one !== "number") ? input : [input];

const embeddings = (body: Json, behaviour: Behaviour): Reply => {
  const inputs = inputsOf(body.input);
  const tokens = inputs.reduce<number>((sum, input) => sum + inputTokens(input), 0);
  const data = inputs.map((input, index) => {
    const vector = Array.from({ length: dimensions }, (_, at) => Math.fround(Math.sin(inputTokens(input) + at)));
    const packed = Buffer.from(new Float32Array(vector).buffer).toString("base64");
    return { object: "embedding", index, embedding: body.encoding_format === "base64" ? packed : vector };
  });
  const usage = behaviour.usage ?? { prompt_tokens: tokens, total_tokens: tokens };
  const model = behaviour.servedModel ?? body.model;
  return json({ object: "list", data, model, ...(behaviour.omitUsage ? {} : { usage }) });
};

const completions = (body: Json, behaviour: Behaviour): Reply => {
  const prompts = inputsOf(body.prompt);
  const count = prompts.length * (limitOf(body.n) ?? 1);
  const limit = limitOf(body.max_tokens) ?? completionTokens;
  const answer = answerTo({ messages: [{ role: "user", content: String(prompts[0]) }] }, behaviour, limit);
  const prompt = prompts.reduce<number>((sum, one) => sum + inputTokens(one), 0);
  const output = answer.outputTokens * count;
  const usage = behaviour.usage ?? { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output };
  const shared = {
    id: wireId("cmpl-", 29),
    object: "text_completion",
    created: Math.floor(Date.now() / 1000),
    model: behaviour.servedModel ?? body.model,
  };
  const choice = (index: number, text: string, finish: string | null) => ({
    text,
    index,
    logprobs: null,
    finish_reason: finish,
  });
  const finish = answer.cut ? "length" : "stop";
  if (body.stream !== true) {
    const choices = Array.from({ length: count }, (_, index) => choice(index, answer.text, finish));
    return json({ ...shared, choices, ...(behaviour.omitUsage ? {} : { usage }) });
  }
  const asked = isJson(body.stream_options) && body.stream_options.include_usage === true;
  const events: string[] = [];
  const emit = (choices: unknown[], more: Json = {}) =>
    events.push(`data: ${JSON.stringify({ ...shared, choices, ...more })}\n\n`);
  const none = asked ? { usage: null } : {};
  for (const piece of answer.pieces) {
    for (let index = 0; index < count; index += 1) emit([choice(index, piece, null)], none);
  }
  for (let index = 0; index < count; index += 1) emit([choice(index, "", finish)], none);
  if (asked && !behaviour.omitUsage) emit([], { usage });
  return stream([...events, "data: [DONE]\n\n"], behaviour);
};
