import { type Collected, NOTHING_READ, type Protocol, type Reading } from "../protocol.ts";
import { readMessageBatch } from "./anthropicBatchRequest.ts";
import { anthropicMessages } from "./anthropicMessages.ts";
import { tierName } from "./anthropicRequest.ts";
import { anthropicErrorOf, isWhole, mergedCounts, servedModels, usageOfCounts } from "./anthropicUsage.ts";
import { countOf, isObject, type JsonObject, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { collectedFrom, ResultLines } from "./resultLines.ts";

const BATCHES = /(?:^|\/)messages\/batches\/?$/;
const ONE_BATCH = /(?:^|\/)messages\/batches\/([^/]+)(\/cancel)?\/?$/;
const RESULTS = /(?:^|\/)messages\/batches\/([^/]+)\/results\/?$/;

/** Requests that fail, expire or are cancelled are not billed. */
const NONE_BILLED: Reading = { ...NOTHING_READ, basis: "reported" };

/**
 * Anthropic's batches of messages: answered within a day at half the price. What they cost stands in their results, which
 * a client fetches later; the batch itself tells only how many of its requests succeeded.
 */
export const anthropicBatches: Protocol = {
  ...anthropicMessages,
  name: "anthropic-batches",
  recognise(method, path) {
    if (BATCHES.test(path)) {
      return method === "POST" ? "metered" : method === "GET" ? "collect" : null;
    }
    const [, id, cancels] = ONE_BATCH.exec(path) ?? [];
    if (id !== undefined) {
      const isTold = method === "GET" ? cancels === undefined : method === "POST" && cancels !== undefined;
      return isTold ? "collect" : method === "DELETE" && cancels === undefined ? "free" : null;
    }
    return method === "GET" && RESULTS.test(path) ? "collect" : null;
  },
  read: (body, context) => readMessageBatch(body, context?.textTokens),
  countRoute: null,
  rewrite: (body) => body,
  isStream: () => false,
  readJson: readBatch,
  readCollected,
  collectLines(path, status) {
    const id = RESULTS.exec(path)?.[1];
    return status >= 300 || id === undefined ? null : resultLines(id);
  },
  readdress: (path, base) => (RESULTS.test(path) ? null : (body) => resultsFetchedAt(body, path, base)),
};

function readBatch(status: number, body: Buffer): Reading {
  const batch = parseOrUndefined(body);
  if (!isObject(batch)) {
    const trouble = status < 400 ? "The answer is not a JSON object" : null;
    return { ...NOTHING_READ, errorType: status < 400 ? null : `http_${status}`, trouble };
  }
  const errorType = anthropicErrorOf(batch) ?? (status < 400 ? null : `http_${status}`);
  return { ...NOTHING_READ, errorType, deferredId: errorType === null ? textOf(batch.id) : null };
}

/** A batch that is fetched or cancelled, or its results. Never throws. */
function readCollected(path: string, status: number, body: Buffer): Collected | null {
  if (status >= 300) {
    return null;
  }
  const withResults = RESULTS.exec(path)?.[1];
  if (withResults !== undefined) {
    return collectedFrom(body, resultLines(withResults));
  }
  const deferredId = ONE_BATCH.exec(path)?.[1];
  const batch = parseOrUndefined(body);
  if (deferredId === undefined || !isObject(batch)) {
    return null;
  }
  const succeeded = countOf(objectOf(batch.request_counts).succeeded);
  const isForNothing = batch.processing_status === "ended" && succeeded === 0;
  return { deferredId, readings: isForNothing ? [NONE_BILLED] : [], alsoKnownAs: [] };
}

/** Lines of `{custom_id, result: {type, message}}`; only those of type `succeeded` have a message, with its usage. */
function resultLines(id: string): ResultLines {
  return new ResultLines({
    deferredId: id,
    read: (line) => ("custom_id" in line && isObject(line.result) ? readResult(line.result) : undefined),
    noneBilled: NONE_BILLED,
  });
}

function readResult({ type, message }: JsonObject): Reading | null | undefined {
  if (type !== "succeeded") {
    return null;
  }
  const { model, usage } = objectOf(message);
  const counts = mergedCounts(null, usage);
  if (counts === null || !isWhole(counts)) {
    return undefined;
  }
  const { speed, inference_geo } = objectOf(usage);
  return {
    ...NOTHING_READ,
    usage: usageOfCounts(counts),
    basis: "reported",
    ...servedModels(textOf(model) || null, counts),
    serviceTier: tierName("batch", speed, inference_geo),
  };
}

/**
 * Anthropic's clients fetch results at the whole address that the batch names, which is the provider's own: past the gateway,
 * so that nobody would learn what the batch cost. The same results are at the same path here.
 */
function resultsFetchedAt(body: Buffer, path: string, base: string): Buffer {
  const above = path.slice(0, path.lastIndexOf("/messages/batches"));
  const text = body.toString("latin1");
  const changed = text.replace(
    /("results_url"\s*:\s*")https?:\/\/[^"\\?#]*(\/messages\/batches\/[^"\\?#/]+\/results")/g,
    (_, name: string, results: string) => `${name}${base}${above}${results}`,
  );
  return changed === text ? body : Buffer.from(changed, "latin1");
}
