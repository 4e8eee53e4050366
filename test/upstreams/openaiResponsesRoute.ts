import { limitOf } from "./answer.ts";
import { openaiModels, servedBy } from "./models.ts";
import { openaiError } from "./openaiError.ts";
import { asChat, envelope, eventsOf, type Responded, respond, responsesPrompt } from "./openaiResponsesAnswer.ts";
import type { ImplicitCache } from "./promptCache.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { errorBody, plain, type Reply, retryAfterOf, withErrorAfter } from "./reply.ts";
import type { Script } from "./script.ts";
import { countTokens, isJson, type Json } from "./tokens.ts";

/** A response that is kept; one in the background is done when it has been asked for so often. */
type Kept = Responded & { body: Json; asksLeft: number; status: "background" | "done" | "cancelled" };

const asksUntilDone = 2;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const ok = (value: unknown): Reply => plain(200, json(value), "application/json");
const missing = (id: string): Reply => openaiError(404, `Response with id '${id}' not found.`);

const errorEvent = `event: error\ndata: ${JSON.stringify({
  type: "error",
  code: "server_error",
  message: "The server had an error while processing your request.",
  param: null,
  sequence_number: 99,
})}\n\n`;

/** The simulated OpenAI's responses: made, kept, gone on from, fetched, cancelled, counted. */
export const createResponses = (cache: ImplicitCache): ((request: ReceivedRequest, script: Script) => Reply) => {
  const kept = new Map<string, Kept>();

  const create = (body: Json, script: Script): Reply => {
    const behaviour = script.take(asChat(body));
    if (behaviour.error) {
      const { error } = behaviour;
      const usual = openaiError(error.status, undefined, { retryAfterSeconds: retryAfterOf(error) });
      return { ...usual, content: errorBody(error, String(usual.content)), behaviour };
    }
    const wrong = faultOf(body);
    if (wrong) return wrong;
    const before = typeof body.previous_response_id === "string" ? kept.get(body.previous_response_id) : undefined;
    if (typeof body.previous_response_id === "string" && !before) {
      return openaiError(400, `Previous response with id '${body.previous_response_id}' not found.`, {
        param: "previous_response_id",
        code: "previous_response_not_found",
      });
    }
    const model = behaviour.servedModel ?? servedBy(openaiModels, body.model) ?? "";
    const done = respond(body, behaviour, model, before?.prompt ?? "", (prompt) =>
      cache.look(String(body.model), prompt),
    );
    const isBackground = body.background === true;
    kept.set(String(done.response.id), {
      ...done,
      body,
      asksLeft: asksUntilDone,
      status: isBackground ? "background" : "done",
    });
    if (body.stream === true)
      return { ...streamOf(done, body, 0), behaviour, content: cutShort(done, body, behaviour) };
    if (isBackground) return { ...ok(underWay(done, body, "queued")), behaviour };
    return { ...ok(done.response), behaviour };
  };

  const fetchOne = (id: string, query: URLSearchParams): Reply => {
    const one = kept.get(id);
    if (!one) return missing(id);
    if (query.get("stream") === "true") {
      one.status = one.status === "background" ? "done" : one.status;
      return streamOf(one, one.body, Number(query.get("starting_after") ?? -1) + 1);
    }
    if (one.status === "background") {
      one.asksLeft -= 1;
      one.status = one.asksLeft <= 0 ? "done" : one.status;
    }
    return ok(shown(one));
  };

  const cancel = (id: string): Reply => {
    const one = kept.get(id);
    if (!one) return missing(id);
    if (one.status === "background") one.status = "cancelled";
    return ok(shown(one));
  };

  return ({ method, path, query, body }, script) => {
    if (method === "POST" && path === "/v1/responses") {
      return body ? create(body, script) : openaiError(400, "We could not parse the JSON body of your request.");
    }
    if (method === "POST" && path === "/v1/responses/input_tokens" && body) {
      const before = typeof body.previous_response_id === "string" ? kept.get(body.previous_response_id) : undefined;
      const input_tokens = countTokens((before?.prompt ?? "") + responsesPrompt(body));
      return ok({ object: "response.input_tokens", input_tokens });
    }
    const [, id = "", rest = ""] = /^\/v1\/responses\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (method === "GET" && rest === "") return fetchOne(id, query);
    if (method === "POST" && rest === "/cancel") return cancel(id);
    if (method === "GET" && rest === "/input_items") return ok({ object: "list", data: [], has_more: false });
    if (method === "DELETE" && rest === "") {
      return kept.delete(id) ? ok({ id, object: "response", deleted: true }) : missing(id);
    }
    return openaiError(404, `Invalid URL (${method} ${path})`);
  };
};

const underWay = ({ response }: Responded, body: Json, status: string): Json => ({
  ...envelope(body, String(response.model)),
  id: response.id,
  status,
});

const shown = (one: Kept): Json => {
  if (one.status === "done") return one.response;
  return underWay(one, one.body, one.status === "cancelled" ? "cancelled" : "in_progress");
};

const streamOf = (done: Responded, body: Json, from: number): Reply => ({
  status: 200,
  headers: { "content-type": "text/event-stream; charset=utf-8" },
  content: eventsOf(done, body).slice(from),
  behaviour: {},
});

const cutShort = (done: Responded, body: Json, behaviour: Reply["behaviour"]): string[] =>
  withErrorAfter(eventsOf(done, body), behaviour, errorEvent);

const faultOf = (body: Json): Reply | undefined => {
  if (!servedBy(openaiModels, body.model)) {
    return openaiError(400, `The requested model '${body.model}' does not exist.`, {
      param: "model",
      code: "model_not_found",
    });
  }
  const limit = body.max_output_tokens;
  if (typeof limit === "number" && (limitOf(limit) ?? 0) < 16) {
    return openaiError(
      400,
      `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${limit} instead.`,
      { param: "max_output_tokens", code: "integer_below_min_value" },
    );
  }
  if (isJson(body.stream_options) && "include_usage" in body.stream_options) {
    return openaiError(400, "Unknown parameter: 'stream_options.include_usage'.", {
      param: "stream_options.include_usage",
      code: "unknown_parameter",
    });
  }
  return undefined;
};
