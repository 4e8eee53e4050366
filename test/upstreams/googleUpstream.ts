import { type Answer, answerTo, inPieces, limitOf, longText } from "./answer.ts";
import { googleError, googleErrorBody, retryInfo } from "./googleError.ts";
import { configOf, googleFault, largestLimit } from "./googleFault.ts";
import { asMessages, googlePrompt, googlePromptTokens, namedCacheTokens } from "./googlePrompt.ts";
import { googleEmbeddingModels, googleModels, servedBy } from "./models.ts";
import { createImplicitCache, type ImplicitCache } from "./promptCache.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { errorBody, plain, type Reply, retryAfterOf, withErrorAfter } from "./reply.ts";
import type { Behaviour } from "./script.ts";
import { countTokens, isJson, type Json, listOf } from "./tokens.ts";
import { type Handler, startUpstream, type Upstream, type UpstreamOptions } from "./upstreamServer.ts";
import { wireId } from "./wireId.ts";

/** The simulated Google: Gemini's content, embeddings, token counts and models, as the real one was recorded to answer. */
export const startGoogleUpstream = (options?: UpstreamOptions): Promise<Upstream> =>
  startUpstream(googleHandler(), "", options);

const jsonType = "application/json; charset=UTF-8";
const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const json = (value: unknown): Reply => plain(200, pretty(value), jsonType);

const googleHandler = (): Handler => {
  const cache = createImplicitCache();
  return (request, script) => {
    const modelCall = (answer: (body: Json, behaviour: Behaviour) => Reply): Reply => {
      const body = request.body ?? {};
      const behaviour = script.take(asMessages(body));
      return { ...(scriptedError(behaviour) ?? answer(body, behaviour)), behaviour };
    };
    const reply = checkKey(request) ?? route(request, modelCall, cache);
    return {
      ...reply,
      headers: { vary: "Origin, X-Origin, Referer", "x-content-type-options": "nosniff", ...reply.headers },
    };
  };
};

/** The key comes in a header or in the query. */
const checkKey = ({ headers, query }: ReceivedRequest): Reply | undefined => {
  const key = headers["x-goog-api-key"] ?? query.get("key") ?? headers.authorization;
  if (!key) return googleError(403);
  return String(key).includes("wrong")
    ? googleError(400, "API key not valid. Please pass a valid API key.")
    : undefined;
};

type ModelCall = (answer: (body: Json, behaviour: Behaviour) => Reply) => Reply;

const route = (request: ReceivedRequest, modelCall: ModelCall, cache: ImplicitCache): Reply => {
  const { method, path, query, body } = request;
  const [, name, called] = /^\/v1(?:beta|alpha)?\/models(?:\/([^/:]+))?(?::(\w+))?$/.exec(path) ?? [];
  if (method === "GET" && path.endsWith("/models")) return json({ models: Object.keys(googleModels).map(modelCard) });
  if (method === "GET" && name !== undefined) {
    return servedBy(googleModels, name) ? json(modelCard(name)) : noModel(name, "getModel");
  }
  if (method !== "POST" || name === undefined || called === undefined) return googleError(404);
  if (!body) return googleError(400, "Invalid JSON payload received. Unexpected token.");
  const models = /embed/i.test(called) ? googleEmbeddingModels : googleModels;
  if (!servedBy(models, name)) return noModel(name, called);
  switch (called) {
    case "generateContent":
      return modelCall((asked, behaviour) => googleFault(asked, name) ?? json(whole(asked, name, behaviour, cache)));
    case "streamGenerateContent":
      return modelCall(
        (asked, behaviour) => googleFault(asked, name) ?? stream(asked, name, behaviour, cache, query.get("alt")),
      );
    case "countTokens":
      return countOf(body, name);
    case "embedContent":
      return modelCall(() => json({ embedding: embedding() }));
    case "batchEmbedContents":
      return modelCall((asked) => json({ embeddings: listOf(asked.requests).map(embedding) }));
    default:
      return googleError(404);
  }
};

/** Counts a whole request, given under a name, or contents alone; the latter with nothing beside them. */
const countOf = (body: Json, model: string): Reply => {
  const asked = isJson(body.generateContentRequest) ? body.generateContentRequest : body;
  if (asked !== body && asked.model !== `models/${model}`) {
    return googleError(400, "* CountTokensRequest.generate_content_request.model: must be the model of the path");
  }
  const refused = googleFault(asked, model);
  if (refused) return refused;
  const totalTokens = googlePromptTokens(asked);
  const cached = namedCacheTokens(asked) ?? 0;
  return json({
    totalTokens,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    promptTokensDetails: textTokens(totalTokens),
  });
};

const embedding = (): Json => ({ values: [-0.0397, 0.0071, 0.0471] });

const modelCard = (name: string): Json => ({
  name: `models/${name}`,
  version: "001",
  displayName: name.replaceAll("-", " ").replace("gemini", "Gemini"),
  inputTokenLimit: 1_048_576,
  outputTokenLimit: largestLimit,
  supportedGenerationMethods: ["generateContent", "countTokens"],
});

const noModel = (name: string, method: string): Reply =>
  googleError(
    404,
    `models/${name} is not found for API version v1beta, or is not supported for ${method}. Call ModelService.ListModels to see the list of available models and their supported methods.`,
  );

const scriptedError = ({ error }: Behaviour): Reply | undefined => {
  if (!error) return undefined;
  const seconds = retryAfterOf(error);
  const usual = googleError(error.status, undefined, seconds === undefined ? [] : [retryInfo(seconds)]);
  return { ...usual, content: errorBody(error, String(usual.content)) };
};

const textTokens = (tokenCount: number): Json[] => [{ modality: "TEXT", tokenCount }];

/** The usage as far as so many tokens of the answer have been given. */
const usageAt = (body: Json, cached: number, thoughts: number, said: number, tier: string): Json => {
  const prompt = googlePromptTokens(body);
  return {
    promptTokenCount: prompt,
    ...(said > 0 && { candidatesTokenCount: said }),
    totalTokenCount: prompt + thoughts + said,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    promptTokensDetails: textTokens(prompt),
    ...(cached > 0 && { cacheTokensDetails: textTokens(cached) }),
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
    serviceTier: tier,
  };
};

const answerOf = (body: Json, behaviour: Behaviour): Answer =>
  answerTo(asMessages(body), behaviour, limitOf(configOf(body).maxOutputTokens));

const candidates = (body: Json): number[] =>
  Array.from({ length: limitOf(configOf(body).candidateCount) ?? 1 }, (_, index) => index);

const finishOf = (answer: Answer): string => (answer.cut ? "MAX_TOKENS" : "STOP");

const signature = Buffer.from("thoughts that only their maker can read").toString("base64");

/** A chunk of an answer: what it adds, and what has come by then, in tokens. */
type Piece = { text: string; isThought: boolean; thoughts: number; said: number; finish: string | undefined };

const chunkOf = (body: Json, piece: Piece, usageMetadata: Json | undefined, shared: Json): Json => {
  const { text, isThought, thoughts, finish } = piece;
  const isSigned = finish !== undefined && thoughts > 0;
  return {
    candidates: candidates(body).map((index) => ({
      content: {
        parts: [{ text, ...(isThought && { thought: true }), ...(isSigned && { thoughtSignature: signature }) }],
        role: "model",
      },
      ...(finish !== undefined && { finishReason: finish }),
      index,
    })),
    ...(usageMetadata && { usageMetadata }),
    ...shared,
  };
};

/** The chunks of an answer; each repeats the usage. */
const chunksOf = (body: Json, model: string, behaviour: Behaviour, cache: ImplicitCache, pieces: Piece[]): Json[] => {
  const cached = namedCacheTokens(body) || cache.look(model, googlePrompt(body));
  const count = candidates(body).length;
  const tier = body.serviceTier === "flex" || body.serviceTier === "priority" ? body.serviceTier : "standard";
  const shared = {
    modelVersion: behaviour.servedModel ?? servedBy(googleModels, model),
    responseId: wireId("", 23),
  };
  return pieces.map((piece) => {
    const usual = usageAt(body, cached, piece.thoughts * count, piece.said * count, behaviour.serviceTier ?? tier);
    return chunkOf(body, piece, behaviour.omitUsage ? undefined : (behaviour.usage ?? usual), shared);
  });
};

const whole = (body: Json, model: string, behaviour: Behaviour, cache: ImplicitCache): Json => {
  const answer = answerOf(body, behaviour);
  const { text, reasoningTokens: thoughts } = answer;
  const piece = { text, isThought: false, thoughts, said: countTokens(text), finish: finishOf(answer) };
  return chunksOf(body, model, behaviour, cache, [piece])[0] ?? {};
};

/** Thoughts are shown only to those who ask for them; counted they are always. */
const piecesOf = (body: Json, answer: Answer): Piece[] => {
  const { thinkingConfig } = configOf(body);
  const shows = isJson(thinkingConfig) && thinkingConfig.includeThoughts === true;
  const pieces: Piece[] = [];
  let text = "";
  const add = (piece: string, isThought: boolean): void => {
    text += piece;
    const thoughts = isThought ? countTokens(text) : answer.reasoningTokens;
    pieces.push({ text: piece, isThought, thoughts, said: isThought ? 0 : countTokens(text), finish: undefined });
  };
  for (const piece of shows ? inPieces(longText(answer.reasoningTokens)) : []) add(piece, true);
  text = "";
  for (const piece of answer.pieces.length === 0 ? [""] : answer.pieces) add(piece, false);
  return pieces.map((piece, index) => (index === pieces.length - 1 ? { ...piece, finish: finishOf(answer) } : piece));
};

/** With `alt=sse` each chunk is an event, without it an element of one array that is sent over time. */
const stream = (body: Json, model: string, behaviour: Behaviour, cache: ImplicitCache, alt: string | null): Reply => {
  const chunks = chunksOf(body, model, behaviour, cache, piecesOf(body, answerOf(body, behaviour)));
  const error = googleErrorBody(500);
  const { errorAfter } = behaviour;
  const content =
    alt === "sse"
      ? withErrorAfter(chunks.map(event), behaviour, event(error))
      : inArray(errorAfter === undefined ? chunks : [...chunks.slice(0, errorAfter), error]);
  return {
    status: 200,
    headers: { "content-type": alt === "sse" ? "text/event-stream" : jsonType },
    content,
    behaviour,
  };
};

const event = (chunk: Json): string => `data: ${JSON.stringify(chunk)}\r\n\r\n`;

/** The array's last element comes with its closing bracket, which Google sends apart. */
const inArray = (chunks: Json[]): string[] => [
  ...chunks.map((chunk, index) => `${index === 0 ? "[" : ",\r\n"}${JSON.stringify(chunk, null, 2)}\n`),
  "]\n",
];
