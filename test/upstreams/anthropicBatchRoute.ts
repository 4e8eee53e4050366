import { anthropicError } from "./anthropicError.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { plain, type Reply } from "./reply.ts";
import type { Behaviour, Script } from "./script.ts";
import { isJson, type Json, listOf } from "./tokens.ts";
import { wireId } from "./wireId.ts";

/** A batch that is kept. It has ended when it has been asked for so often. */
type Kept = { id: string; results: Json[]; asksLeft: number; canceled: boolean };

const asksUntilEnd = 2;
const createdAt = "2026-11-20T08:00:00Z";
const ok = (value: unknown): Reply => plain(200, JSON.stringify(value), "application/json");
const missing = (id: string): Reply => anthropicError(404, `No batch with the ID "${id}" was found.`);

/**
 * The simulated Anthropic's batches: made, fetched, listed, cancelled, deleted, and their results. Each request is answered as
 * a message of its own; one that would be answered with an error is `errored`, one that would hang has `expired`.
 */
export const createBatches = (
  answer: (params: Json, behaviour: Behaviour) => Reply,
): ((request: ReceivedRequest, script: Script) => Reply) => {
  const kept = new Map<string, Kept>();

  const resultOf = (params: Json, behaviour: Behaviour): Json => {
    if (behaviour.hang === true) return { type: "expired" };
    const { status, content } = answer(params, { ...behaviour, serviceTier: "batch" });
    const body = JSON.parse(String(content)) as Json;
    return status < 400 ? { type: "succeeded", message: body } : { type: "errored", error: body };
  };

  const create = (body: Json, script: Script): Reply => {
    const { behaviour, requests } = { behaviour: script.take({}), requests: listOf(body.requests) };
    if (behaviour.error) return anthropicError(behaviour.error.status);
    const wrong = requests.find((one) => !isJson(one.params) || typeof one.custom_id !== "string");
    if (requests.length === 0 || wrong) return anthropicError(400, "requests: Input should be a valid list");
    const results = requests.map(({ custom_id, params }) => {
      const asked = params as Json;
      return { custom_id, result: resultOf(asked, script.take(asked)) };
    });
    const id = wireId("msgbatch_01", 22);
    kept.set(id, { id, results, asksLeft: asksUntilEnd, canceled: false });
    return { ...ok(shown(kept.get(id) as Kept, "")), behaviour };
  };

  const cancel = (one: Kept, host: string): Reply => {
    if (one.asksLeft > 0 && !one.canceled) {
      one.canceled = true;
      one.results = one.results.map((result) => ({ ...result, result: { type: "canceled" } }));
    }
    return ok(shown(one, host));
  };

  const results = (one: Kept): Reply => {
    if (one.asksLeft > 0) return anthropicError(404, `Batch ${one.id} has no results yet.`);
    const lines = one.results.map((result) => `${JSON.stringify(result)}\n`);
    return { ...plain(200, lines.join(""), "application/x-jsonl"), behaviour: {} };
  };

  return ({ method, path, headers, body }, script) => {
    const host = headers.host ?? "";
    const [, id, rest = ""] = /^\/v1\/messages\/batches(?:\/([^/]+)(\/\w+)?)?$/.exec(path) ?? [];
    if (id === undefined) {
      if (method === "POST") return body ? create(body, script) : anthropicError(400);
      const data = [...kept.values()].map((one) => shown(one, host));
      return ok({ data, has_more: false, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null });
    }
    const one = kept.get(id);
    if (!one) return missing(id);
    if (method === "GET" && rest === "") {
      one.asksLeft = Math.max(0, one.asksLeft - 1);
      return ok(shown(one, host));
    }
    if (method === "GET" && rest === "/results") return results(one);
    if (method === "POST" && rest === "/cancel") return cancel(one, host);
    if (method === "DELETE" && rest === "") {
      kept.delete(id);
      return ok({ id, type: "message_batch_deleted" });
    }
    return anthropicError(404, "Not Found");
  };
};

/** The batch as it stands. The address of its results is whole, at the host that was asked. */
const shown = (one: Kept, host: string): Json => {
  const hasEnded = one.asksLeft === 0;
  const count = (type: string): number =>
    hasEnded ? one.results.filter(({ result }) => isJson(result) && result.type === type).length : 0;
  return {
    id: one.id,
    type: "message_batch",
    processing_status: hasEnded ? "ended" : one.canceled ? "canceling" : "in_progress",
    request_counts: {
      processing: hasEnded ? 0 : one.results.length,
      succeeded: count("succeeded"),
      errored: count("errored"),
      canceled: count("canceled"),
      expired: count("expired"),
    },
    ended_at: hasEnded ? createdAt : null,
    created_at: createdAt,
    expires_at: "2026-11-21T08:00:00Z",
    archived_at: null,
    cancel_initiated_at: one.canceled ? createdAt : null,
    results_url: hasEnded ? `http://${host}/v1/messages/batches/${one.id}/results` : null,
  };
};
