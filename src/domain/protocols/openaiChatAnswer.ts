import { NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { NO_USAGE } from "../usage.ts";
import { isObject, parseOrUndefined, textOf } from "./jsonValue.ts";
import { answerBytes, chatErrorOf, chatReportOf } from "./openaiChatUsage.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

/** Reads a whole chat answer, or one of the older completions, which have the same shape. Never throws. */
export function readChatAnswer(status: number, body: Buffer, facts: RequestFacts): Reading {
  const answer = parseOrUndefined(body);
  if (!isObject(answer)) {
    const trouble = status < 400 ? "The answer is not a JSON object" : null;
    return { ...NOTHING_READ, errorType: status < 400 ? null : `http_${status}`, trouble };
  }
  const errorType = chatErrorOf(answer) ?? (status < 400 ? null : `http_${status}`);
  const report = chatReportOf(answer, facts);
  const said = estimatedTokens(answerBytes(answer));
  const reading = {
    ...NOTHING_READ,
    model: textOf(answer.model) || null,
    serviceTier: textOf(answer.service_tier),
    reportedCostUsd: report?.costUsd ?? null,
    errorType,
  };
  if (report !== null) {
    const { usage, inputReported, outputReported } = report;
    return inputReported && outputReported
      ? { ...reading, usage, basis: "reported" }
      : { ...reading, usage: outputReported ? usage : { ...usage, outputTokens: said }, basis: "estimated" };
  }
  if (errorType !== null) {
    return reading;
  }
  const { webSearchBound: webSearches } = facts;
  const usage = { ...NO_USAGE, inputTokens: estimatedInput(facts), outputTokens: said, webSearches };
  return { ...reading, usage, basis: "estimated", trouble: null };
}
