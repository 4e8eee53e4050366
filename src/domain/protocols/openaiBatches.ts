import { type Collected, NOTHING_READ, type Protocol, type Reading, type RequestFacts } from "../protocol.ts";
import { openaiErrors } from "./errorShapes.ts";
import { isObject, type JsonObject, parseOrUndefined, parseRequest, textOf } from "./jsonValue.ts";
import { openaiResultLines } from "./openaiBatchResults.ts";
import { chatErrorOf } from "./openaiChatUsage.ts";
import { tokenReportOf } from "./openaiTokenReport.ts";
import { collectedFrom } from "./resultLines.ts";
import { isEventStream } from "./sse.ts";
import { UsageEventStream } from "./usageEventStream.ts";

/** What ends a batch; no more of it is billed then. */
const ENDED: ReadonlySet<unknown> = new Set(["completed", "expired", "cancelled", "failed"]);

/** Anthropic's `messages/batches` are none of these. */
const BATCHES = /(?:^|\/)(?<!messages\/)batches\/?$/;
const ONE_BATCH = /(?:^|\/)(?<!messages\/)batches\/([^/]+)\/?$/;
const CANCELLING = /(?:^|\/)(?<!messages\/)batches\/[^/]+\/cancel\/?$/;
const FILE_CONTENT = /(?:^|\/)files\/([^/]+)\/content\/?$/;

/**
 * OpenAI's batches, as Azure, Groq and Together take them too: requests stand in a file of the provider's, so nobody can
 * tell here how many there are, and results are fetched hours later. What they cost is learned then: from the batch itself,
 * or from the file of its results.
 */
export const openaiBatches: Protocol = {
  name: "openai-batches",
  recognise(method, path) {
    if (BATCHES.test(path)) {
      return method === "POST" ? "metered" : null;
    }
    if (method === "GET") {
      return ONE_BATCH.test(path) || FILE_CONTENT.test(path) ? "collect" : null;
    }
    return method === "POST" && CANCELLING.test(path) ? "free" : null;
  },
  countRoute: null,
  read: readBatchRequest,
  rewrite: (body) => body,
  isStream: isEventStream,
  readJson: readBatch,
  readStream: () =>
    new UsageEventStream({
      report: ({ usage }) => tokenReportOf(usage),
      isLast: () => false,
      textBytes: () => 0,
      estimate: () => NOTHING_READ.usage,
    }),
  readCollected,
  collectLines(path, status) {
    const fileId = FILE_CONTENT.exec(path)?.[1];
    return status >= 300 || fileId === undefined ? null : openaiResultLines(fileId);
  },
  ...openaiErrors,
};

/** @throws BadRequestError */
function readBatchRequest(body: Buffer): RequestFacts {
  const request = parseRequest(body);
  return {
    model: textOf(request.model) ?? "",
    stream: false,
    inputBoundTokens: 0,
    boundless: true,
    outputLimitTokens: null,
    clampable: false,
    choices: 1,
    webSearchBound: 0,
    promptBytes: 0,
    members: new Set(Object.keys(request)),
    hasMedia: false,
    usageAsked: true,
    serviceTier: null,
  };
}

function readBatch(status: number, body: Buffer): Reading {
  const batch = parseOrUndefined(body);
  if (!isObject(batch)) {
    const trouble = status < 400 ? "The answer is not a JSON object" : null;
    return { ...NOTHING_READ, errorType: status < 400 ? null : `http_${status}`, trouble };
  }
  const errorType = chatErrorOf(batch) ?? (status < 400 ? null : `http_${status}`);
  const deferredId = errorType === null ? textOf(batch.id) : null;
  return { ...NOTHING_READ, model: textOf(batch.model), errorType, deferredId };
}

/** A batch that is fetched, or the file of its results. Never throws. */
function readCollected(path: string, status: number, body: Buffer): Collected | null {
  if (status >= 300) {
    return null;
  }
  const fileId = FILE_CONTENT.exec(path)?.[1];
  if (fileId !== undefined) {
    return collectedFrom(body, openaiResultLines(fileId));
  }
  const batch = parseOrUndefined(body);
  const id = ONE_BATCH.exec(path)?.[1];
  if (!isObject(batch) || id === undefined) {
    return null;
  }
  const reading = ENDED.has(batch.status) ? wholeReading(batch) : null;
  const alsoKnownAs = [batch.output_file_id, batch.error_file_id].filter((file) => typeof file === "string");
  return { deferredId: textOf(batch.id) ?? id, readings: reading === null ? [] : [reading], alsoKnownAs };
}

/** Newer batches tell the usage of all their answers together, and the one model that gave them. */
function wholeReading(batch: JsonObject): Reading | null {
  const report = tokenReportOf(batch.usage);
  const model = textOf(batch.model);
  if (report === null || model === null) {
    return null;
  }
  const { usage, costUsd } = report;
  return { ...NOTHING_READ, usage, basis: "reported", model, serviceTier: "batch", reportedCostUsd: costUsd };
}
