import { NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { isObject, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";
import { chatReportOf } from "./openaiChatUsage.ts";
import { readingOf } from "./openaiResponsesReading.ts";
import { tokenReportOf } from "./openaiTokenReport.ts";
import { ResultLines } from "./resultLines.ts";

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

/**
 * A reader of a batch's results: JSON lines of `{custom_id, response: {status_code, body}, error}`, each body as its own route
 * would have answered. They tell nothing where an answer does not name its model.
 */
export function openaiResultLines(fileId: string): ResultLines {
  return new ResultLines({
    deferredId: fileId,
    read(result) {
      if (!("custom_id" in result) || !("response" in result || "error" in result)) {
        return undefined;
      }
      const answer = objectOf(result.response).body;
      const reading = isObject(answer) ? readResult(answer) : null;
      return reading === null ? null : reading.model === null ? undefined : { ...reading, serviceTier: "batch" };
    },
    // Answers and failures stand in files of their own.
    noneBilled: null,
  });
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
