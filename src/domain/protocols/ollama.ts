import { NOTHING_READ, type Protocol, type Reading, type RequestFacts } from "../protocol.ts";
import { ollamaErrors } from "./errorShapes.ts";
import { withMemberAt } from "./jsonPath.ts";
import { isObject, parseOrUndefined, parseRequest } from "./jsonValue.ts";
import { forModelInBody } from "./modelInBody.ts";
import { isNdjson } from "./ndjson.ts";
import { ollamaBytes, ollamaErrorOf, ollamaReading } from "./ollamaAnswer.ts";
import { outputLimitOf, readOllamaEmbedding, readOllamaRequest } from "./ollamaRequest.ts";
import { OllamaStream } from "./ollamaStream.ts";

/** A base URL may end in `/api` or before it. */
const CHAT = /^(\/api)?\/chat\/?$/;
const GENERATE = /^(\/api)?\/generate\/?$/;
/** `/embeddings` alone is OpenAI's. */
const EMBED = /^(\/api)?\/embed\/?$|^\/api\/embeddings\/?$/;

const writing: Omit<Protocol, "name" | "recognise"> = {
  countRoute: null,
  read: readOllamaRequest,
  rewrite(body, _facts, { outputLimitTokens: limit }) {
    const given = limit === undefined ? null : outputLimitOf(parseRequest(body));
    return limit === undefined || (given !== null && given <= limit)
      ? body
      : withMemberAt(body, ["options", "num_predict"], String(limit));
  },
  isStream: isNdjson,
  readJson,
  readStream: (facts) => new OllamaStream(facts),
  ...ollamaErrors,
};

/** Ollama's own chat: JSON lines, unless the client asks for one object. */
export const ollamaChat: Protocol = {
  ...writing,
  name: "ollama-chat",
  forModel: forModelInBody,
  recognise: (method, path) => (method === "POST" && CHAT.test(path) ? "metered" : null),
};

/** Ollama's completion of one prompt. */
export const ollamaGenerate: Protocol = {
  ...writing,
  name: "ollama-generate",
  forModel: forModelInBody,
  recognise: (method, path) => (method === "POST" && GENERATE.test(path) ? "metered" : null),
};

/** Ollama's embeddings; the older route reports no tokens. */
export const ollamaEmbed: Protocol = {
  ...writing,
  name: "ollama-embed",
  recognise: (method, path) => (method === "POST" && EMBED.test(path) ? "metered" : null),
  read: readOllamaEmbedding,
  rewrite: (body) => body,
};

function readJson(status: number, body: Buffer, facts: RequestFacts): Reading {
  const answer = parseOrUndefined(body);
  if (status >= 400) {
    return { ...NOTHING_READ, errorType: `http_${status}` };
  }
  if (!isObject(answer)) {
    return { ...NOTHING_READ, trouble: "The answer is not a JSON object" };
  }
  const errorType = ollamaErrorOf(answer);
  return errorType === null ? ollamaReading(answer, ollamaBytes(answer), facts) : { ...NOTHING_READ, errorType };
}
