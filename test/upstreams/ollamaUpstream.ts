import { type Answer, answerTo, inPieces, limitOf, longText } from "./answer.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { errorBody, plain, type Reply, withErrorAfter } from "./reply.ts";
import type { Behaviour } from "./script.ts";
import { contentText, countTokens, isJson, type Json, listOf, mediaTokens } from "./tokens.ts";
import { type Handler, startUpstream, type Upstream, type UpstreamOptions } from "./upstreamServer.ts";

/** The models of the simulated Ollama: one that chats, one that embeds. */
export const ollamaModel = "qwen3:0.6b";
export const ollamaEmbedder = "nomic-embed-text:latest";

/** The simulated Ollama: its own API, without a key. A prompt that was seen before comes without its count, as from a cache. */
export const startOllamaUpstream = (options?: UpstreamOptions): Promise<Upstream> =>
  startUpstream(ollamaHandler(), "", options);

const json = "application/json; charset=utf-8";
const version = "0.14.2";
const dimensions = 4;

const ollamaHandler = (): Handler => {
  const cached = new Set<string>();
  return (request, script) =>
    route(request, (write) => {
      const body = request.body ?? {};
      const behaviour = script.take(body);
      return { ...write(body, behaviour, cached), behaviour };
    });
};

type Write = (body: Json, behaviour: Behaviour, cached: Set<string>) => Reply;

const route = (request: ReceivedRequest, call: (write: Write) => Reply): Reply => {
  switch (`${request.method} ${request.path}`) {
    case "GET /":
    case "HEAD /":
      return plain(200, "Ollama is running", "text/plain; charset=utf-8");
    case "GET /api/version":
      return plain(200, JSON.stringify({ version }), json);
    case "GET /api/tags":
    case "GET /api/ps":
      return plain(200, JSON.stringify({ models: [ollamaModel, ollamaEmbedder].map(modelCard) }), json);
    case "POST /api/show":
      return plain(
        200,
        JSON.stringify({ details: modelCard(ollamaModel).details, capabilities: ["completion"] }),
        json,
      );
    case "POST /api/pull":
      return request.body?.stream === false
        ? plain(200, JSON.stringify({ status: "success" }), json)
        : events(200, [{ status: "pulling manifest" }, { status: "success" }]);
    case "DELETE /api/delete":
      return plain(200, "", json);
    case "POST /api/chat":
      return request.body ? call(write(promptOfChat, inMessage)) : failed(400, "missing request body");
    case "POST /api/generate":
      return request.body ? call(write(promptOfGenerate, inResponse)) : failed(400, "missing request body");
    case "POST /api/embed":
      return request.body ? call(embed) : failed(400, "missing request body");
    case "POST /api/embeddings":
      return plain(200, JSON.stringify({ embedding: vector() }), json);
    default:
      return plain(404, "404 page not found", "text/plain");
  }
};

const modelCard = (name: string): Json => ({
  name,
  model: name,
  modified_at: "2026-11-01T08:00:00Z",
  size: 522_653_767,
  digest: "7df6b6e09427a769808717c0a93cee99bc4d6b3c27f6f9e2e3e8f3ed9ee7c3a1",
  details: { format: "gguf", family: "qwen3", parameter_size: "751.63M", quantization_level: "Q4_K_M" },
});

const failed = (status: number, error: string): Reply => plain(status, JSON.stringify({ error }), json);

const events = (status: number, lines: Json[], behaviour: Behaviour = {}): Reply => ({
  status,
  headers: { "content-type": "application/x-ndjson" },
  content: lines.map((line) => `${JSON.stringify(line)}\n`),
  behaviour,
});

/** What the prompt counts: texts, images at a flat rate, tools as JSON. */
const promptOfChat = (body: Json): string =>
  [
    Array.isArray(body.tools) ? JSON.stringify(body.tools) : "",
    ...listOf(body.messages).map((message) => contentText(message.content) + pictures(message.images)),
  ].join("");

const promptOfGenerate = (body: Json): string =>
  [body.system, body.prompt].map((text) => (typeof text === "string" ? text : "")).join("") + pictures(body.images);

const pictures = (images: unknown): string =>
  Array.isArray(images) ? "#".repeat(images.length * mediaTokens * 4) : "";

/** One piece of an answer in the shape of a route: what is said, and what is thought before it. */
type Shape = (said: string, thought?: string) => Json;

const inMessage: Shape = (content, thinking) => ({
  message: { role: "assistant", content, ...(thinking === undefined ? {} : { thinking }) },
});

const inResponse: Shape = (response, thinking) => ({ response, ...(thinking === undefined ? {} : { thinking }) });

const write =
  (promptOf: (body: Json) => string, shape: Shape): Write =>
  (body, behaviour, cached) => {
    if (behaviour.error) {
      const { error } = behaviour;
      const usual = failed(error.status, "an error was encountered while running the model");
      return { ...usual, content: errorBody(error, String(usual.content)) };
    }
    if (body.model !== ollamaModel) return failed(404, `model '${String(body.model)}' not found`);
    const envelope = { model: behaviour.servedModel ?? ollamaModel, created_at: new Date().toISOString() };
    const prompt = promptOf(body);
    if (prompt === "") {
      const loaded = { ...envelope, ...shape(""), done_reason: "load", done: true };
      return body.stream === false ? plain(200, JSON.stringify(loaded), json) : events(200, [loaded]);
    }
    const options = isJson(body.options) ? body.options : {};
    const answer = answerTo(withQuestion(body), behaviour, limitOf(options.num_predict));
    const last = {
      done: true,
      done_reason: answer.cut ? "length" : "stop",
      ...durations,
      ...(behaviour.omitUsage ? {} : (behaviour.usage ?? counts(prompt, answer, cached))),
    };
    const thought = answer.reasoningTokens > 0 ? longText(answer.reasoningTokens) : undefined;
    if (body.stream === false) {
      return plain(200, JSON.stringify({ ...envelope, ...shape(answer.text, thought), ...last }), json);
    }
    const lines = [
      ...inPieces(thought ?? "").map((piece) => ({ ...envelope, ...shape("", piece), done: false })),
      ...answer.pieces.map((piece) => ({ ...envelope, ...shape(piece), done: false })),
      { ...envelope, ...shape(""), ...last },
    ];
    const reply = events(200, lines, behaviour);
    const fault = `${JSON.stringify({ error: "an error was encountered while running the model" })}\n`;
    return { ...reply, content: withErrorAfter(reply.content as string[], behaviour, fault) };
  };

/** A completion's prompt takes the place of the last user message, whose magic words the script reads. */
const withQuestion = (body: Json): Json =>
  typeof body.prompt === "string" ? { messages: [{ role: "user", content: body.prompt }] } : body;

const durations = { total_duration: 4_883_583_458, load_duration: 1_334_875, eval_duration: 4_535_599_000 };

/** Counts of 0 are left out; that of the prompt too where it has been read before. */
const counts = (prompt: string, answer: Answer, cached: Set<string>): Json => {
  const seen = cached.has(prompt);
  cached.add(prompt);
  return {
    ...(seen ? {} : { prompt_eval_count: countTokens(prompt) }),
    ...(answer.outputTokens === 0 ? {} : { eval_count: answer.outputTokens }),
  };
};

const vector = (): number[] => Array.from({ length: dimensions }, (_, index) => (index + 1) / 10);

const embed: Write = (body) => {
  const texts = Array.isArray(body.input) ? body.input.map(String) : [String(body.input)];
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const whole = { model: body.model, embeddings: texts.map(vector), total_duration: 1, prompt_eval_count: tokens };
  return plain(200, JSON.stringify(whole), json);
};
