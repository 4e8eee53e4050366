import { NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { isObject, type JsonObject, listOf, objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { chatReportOf } from "./openaiChatUsage.ts";
import { readingOf } from "./openaiResponsesReading.ts";
import { tokenReportOf } from "./openaiTokenReport.ts";

/** Of the requests nothing is known here: what an answer does not report is not made up. */
const NO_FACTS: RequestFacts = {
  model: "",
  stream: false,
  inputBoundTokens: 0,
  outputLimitTokens: null,
  choices: 1,
  webSearchBound: 0,
  promptBytes: 0,
  members: new Set(),
  hasMedia: false,
  usageAsked: true,
  serviceTier: null,
};

const LF = 0x0a;

/**
 * The readings of a batch's results, one for each answer that was made: JSON lines of `{custom_id, response: {status_code,
 * body}, error}`, each body as its own route would have answered. Null where the file is none of results, is cut off, or
 * holds an answer that does not name its model: part of the results is not what they cost.
 */
export function readBatchResults(file: Buffer): Reading[] | null {
  const readings: Reading[] = [];
  for (let at = 0; at < file.length; ) {
    const lf = file.indexOf(LF, at);
    const end = lf === -1 ? file.length : lf;
    const line = file.subarray(at, end);
    at = end + 1;
    if (line.toString("latin1").trim() === "") {
      continue;
    }
    const result = parseOrUndefined(line);
    if (!isObject(result) || !("custom_id" in result) || !("response" in result || "error" in result)) {
      return null;
    }
    const answer = objectOf(result.response).body;
    const reading = isObject(answer) ? readResult(answer) : null;
    if (reading?.model === null) {
      return null;
    }
    if (reading !== null) {
      readings.push({ ...reading, serviceTier: "batch" });
    }
  }
  return readings;
}

/** The reading of one answer, null where it reports nothing: a request that failed is not billed. */
function readResult(answer: JsonObject): Reading | null {
  if (answer.object === "response") {
    const items = listOf(answer.output);
    const reading = readingOf({ response: answer, state: "ended", items, textBytes: 0, errorType: null }, null);
    return reading.basis === "reported" ? reading : null;
  }
  const { input_tokens: isNewer } = objectOf(answer.usage);
  const report = isNewer === undefined ? chatReportOf(answer, NO_FACTS) : tokenReportOf(answer.usage);
  if (report === null) {
    return null;
  }
  const { usage, costUsd } = report;
  return { ...NOTHING_READ, usage, basis: "reported", model: textOf(answer.model) || null, reportedCostUsd: costUsd };
}
