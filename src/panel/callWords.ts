import type { Call } from "../domain/call.ts";

export type CallTone = "good" | "bad" | "warning" | "muted";

export interface CallWords {
  readonly word: string;
  readonly tone: CallTone;
  /** More of it, for whoever asks. */
  readonly detail: string;
}

/** A call on a route that Tollgate does not know names no model. */
export function modelName(model: string): string {
  return model === "" ? "(unknown route)" : model;
}

/** The model of a call, with what was asked for where that is another one. */
export function modelWords({ model, requestedModel, standsInFor }: Call): string {
  if (standsInFor !== undefined) {
    const { why, budget } = standsInFor;
    const reason = why === "failure" ? "which did not answer" : `since the ${budget} budget is spent so far`;
    return `${model}, in place of ${standsInFor.model} (${standsInFor.provider}), ${reason}`;
  }
  return requestedModel === model ? modelName(model) : `${modelName(model)}, asked for as ${requestedModel}`;
}

/** How a call ended, in words. */
export function callWords(call: Call): CallWords {
  switch (call.status) {
    case "ok":
      return { word: "OK", tone: "good", detail: call.attempt > 1 ? `OK at attempt ${call.attempt}` : "OK" };
    case "refused":
      return { word: "Refused", tone: "bad", detail: `Refused before it was sent: ${refusalReason(call.errorType)}` };
    case "cancelled":
      return {
        word: "Cancelled",
        tone: "muted",
        detail: "Cancelled by the caller; what had passed by then is charged",
      };
    case "interrupted":
      return {
        word: "Interrupted",
        tone: "warning",
        detail: "Nothing was heard of this call's end, so it is booked at the amount that was held for it",
      };
    case "error":
      return { word: errorWord(call), tone: "bad", detail: errorDetail(call) };
  }
}

/** The reasons are those of a refusal, or a limit of requests or tokens, as booked in `errorType`. */
function refusalReason(reason: string | null): string {
  switch (reason) {
    case "unpriced":
      return "the model's price is not known, so no budget could be kept";
    case "boundless":
      return "how much work it orders cannot be known, so no budget could be kept";
    case "unmetered":
      return "what it would cost cannot be metered";
    case "no-ledger":
      return "the ledger could not be written";
    case "rate_limited":
      return "a limit of requests or tokens a minute was reached";
    default:
      return "it did not fit into the budget";
  }
}

function errorWord({ httpStatus, errorType }: Call): string {
  switch (errorType) {
    case "upstream_unreachable":
      return "Unreachable";
    case "upstream_closed":
      return "Cut off";
    case "upstream_silent":
      return "Timed out";
  }
  switch (httpStatus) {
    case 401:
      return "Wrong or missing key";
    case 403:
      return "Not permitted";
    case 404:
      return "Not found";
    case 408:
    case 504:
      return "Timed out";
    case 413:
      return "Too long";
    case 429:
      return errorType === "insufficient_quota" ? "Provider quota used up" : "Rate limited";
    case 529:
      return "Provider overloaded";
  }
  if (httpStatus !== null && httpStatus >= 500) {
    return "Provider error";
  }
  if (httpStatus !== null && httpStatus >= 400) {
    return "Bad request";
  }
  return errorType === null ? "Failed" : inWords(errorType);
}

function errorDetail(call: Call): string {
  return withType(call.httpStatus === null ? "No answer" : `HTTP ${call.httpStatus}`, call.errorType);
}

function withType(text: string, type: string | null): string {
  return type === null ? text : `${text}: ${type}`;
}

/** `stream_cut` and `streamCut` as `Stream cut`. */
function inWords(type: string): string {
  const text = type
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
