import { NOTHING_READ, type Reading } from "../protocol.ts";
import type { Usage } from "../usage.ts";
import { answerMembers } from "./answerMembers.ts";
import { type JsonObject, textOf } from "./jsonValue.ts";
import { chatErrorOf } from "./openaiChatUsage.ts";
import type { TokenReport } from "./openaiTokenReport.ts";

/** What of a whole answer is looked at, whatever else it holds. */
const MEMBERS = ["model", "service_tier", "usage", "error"] as const;

/** How the whole answers of one route are read. */
export interface AnswerReader {
  /** Names of more members that `report` looks at. */
  readonly members?: readonly string[];
  /** What the answer reports, null where it reports nothing. */
  report(answer: JsonObject): TokenReport | null;
  /** What an answer without a report is taken to have cost. */
  estimate(answer: JsonObject | null): Usage;
  /** Whether a good answer may be something else than JSON, as sound and subtitles are. */
  readonly anyForm?: boolean;
}

/** Reads a whole answer of a route that reports tokens as OpenAI's do. Never throws. */
export function readAnswer(status: number, body: Buffer, reader: AnswerReader): Reading {
  const answer = answerMembers(body, [...MEMBERS, ...(reader.members ?? [])]);
  const errorType = answer === null ? null : chatErrorOf(answer);
  if (status >= 400) {
    return { ...NOTHING_READ, errorType: errorType ?? `http_${status}` };
  }
  const trouble = answer === null && reader.anyForm !== true ? "The answer is not a JSON object" : null;
  const report = answer === null ? null : reader.report(answer);
  const reading: Reading = {
    ...NOTHING_READ,
    model: textOf(answer?.model) || null,
    serviceTier: textOf(answer?.service_tier),
    reportedCostUsd: report?.costUsd ?? null,
    errorType,
    trouble,
  };
  if (report !== null) {
    return { ...reading, usage: report.usage, basis: "reported" };
  }
  return errorType === null ? { ...reading, usage: reader.estimate(answer), basis: "estimated" } : reading;
}
