import { NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { type JsonObject, objectOf, textOf } from "./jsonValue.ts";
import { billedSearches, responsesErrorOf, responsesReportOf, toolFeesOf } from "./openaiResponsesUsage.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

/** What is known of a response, whole or cut off. */
export interface Answered {
  readonly response: JsonObject;
  /** `goes-on`: the provider works on it in the background; `cut`: more of it was to come. */
  readonly state: "ended" | "goes-on" | "cut";
  /** Items of its output as far as they are known. */
  readonly items: readonly unknown[];
  /** Bytes of what the model wrote, as far as it was seen. */
  readonly textBytes: number;
  readonly errorType: string | null;
}

/** Calls of tools that the provider ran within the response: after each, the model read the prompt again. */
const RAN = /^(web_search|file_search|code_interpreter|image_generation|mcp|tool_search)_call$/;
/** What the result of one usually adds to the prompt, in tokens. */
const USUAL_RESULT_TOKENS = 4_000;

/** The reading of a response by the provider's report, else by what was seen of it. Without `facts` nothing is estimated. */
export function readingOf(answered: Answered, facts: RequestFacts | null): Reading {
  const { response, state, items, textBytes } = answered;
  const report = state === "ended" ? responsesReportOf(response) : null;
  const id = textOf(response.id);
  const reading = {
    ...NOTHING_READ,
    model: textOf(response.model) || null,
    serviceTier: textOf(response.service_tier),
    reportedCostUsd: report?.costUsd ?? null,
    errorType: answered.errorType ?? responsesErrorOf(response),
    deferredId: state === "goes-on" ? id : null,
    ...(state === "ended" && id !== null ? { answerId: id } : {}),
  };
  const isReported = report?.inputReported === true && report.outputReported;
  const isFailedAtOnce = reading.errorType !== null && textBytes === 0;
  const isQueued = state === "goes-on" && textBytes === 0;
  if (!isReported && (isFailedAtOnce || isQueued || facts === null)) {
    // A response that failed before it wrote anything names no usage because none is billed.
    return { ...reading, basis: response.status === "failed" && isFailedAtOnce ? "reported" : "none" };
  }
  const toolFees = toolFeesOf(response, items);
  const read = { ...reading, ...(toolFees > 0 ? { toolFeesNanoUsd: toolFees } : {}) };
  return isReported
    ? { ...read, usage: report.usage, basis: "reported" }
    : { ...read, usage: estimated(answered, facts as RequestFacts, report?.usage ?? NO_USAGE), basis: "estimated" };
}

/** What was reported, filled up where something is missing. */
function estimated({ items, textBytes }: Answered, facts: RequestFacts, reported: Usage): Usage {
  const calls = items.filter((item) => RAN.test(textOf(objectOf(item).type) ?? "")).length;
  const once = facts.hiddenInput === true ? estimatedTokens(facts.promptBytes) : estimatedInput(facts);
  return {
    ...reported,
    inputTokens: reported.inputTokens > 0 ? reported.inputTokens : once * (1 + calls) + calls * USUAL_RESULT_TOKENS,
    outputTokens: Math.max(reported.outputTokens, estimatedTokens(textBytes)),
    webSearches: Math.max(reported.webSearches, billedSearches(items)),
  };
}
