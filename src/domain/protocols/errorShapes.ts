import type { Refusal } from "../events.ts";
import type { ErrorAnswer, Protocol } from "../protocol.ts";
import { frameOf } from "./eventFrames.ts";
import { isEventStream } from "./sse.ts";

/** How a family of providers words its errors. */
export type ErrorShape = Pick<Protocol, "refuse" | "fail" | "breakOff">;

/**
 * 402 with `x-should-retry: false` and no `retry-after` is what makes every client stop at once and show the message.
 * Clients of ours find the whole refusal, as URI-encoded JSON, in `x-tollgate-refusal`, and only there: Anthropic's SDK shows
 * the whole body as the message, and opencode calls again where it finds digits such as those of status 502 anywhere in it.
 */
function refused(refusal: Refusal, body: object): ErrorAnswer {
  const headers = {
    "content-type": "application/json",
    "x-should-retry": "false",
    "x-tollgate-refusal": encodeURIComponent(JSON.stringify(refusal).replaceAll(LONE_SURROGATE, "\ufffd")),
  };
  return { status: 402, headers, body: JSON.stringify(body) };
}
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A client that is in the wrong must not try again; one that met a fault may, and one that came too often shall. */
function failed(status: number, body: object): ErrorAnswer {
  const retry = status === 429 ? { "x-should-retry": "true" } : status < 500 ? { "x-should-retry": "false" } : {};
  const headers = { "content-type": "application/json", ...retry };
  return { status, headers, body: JSON.stringify(body) };
}

const REFUSAL_CODES: Readonly<Record<Refusal["reason"], string>> = {
  budget: "budget_exceeded",
  unpriced: "price_unknown",
  boundless: "cost_unbounded",
  unmetered: "route_unmetered",
  "no-ledger": "no_ledger",
};

export const openaiErrors: ErrorShape = {
  refuse(refusal) {
    const { message, reason } = refusal;
    const error = { message, type: "billing_error", param: null, code: REFUSAL_CODES[reason] };
    return refused(refusal, { error });
  },
  fail(status, code, message) {
    return failed(status, { error: { message, type: errorTypeOf(status), param: null, code } });
  },
  breakOff: (code, message) =>
    `data: ${JSON.stringify({ error: { message, type: "billing_error", param: null, code } })}\n\n`,
};

export const anthropicErrors: ErrorShape = {
  refuse(refusal) {
    return refused(refusal, { type: "error", error: { type: "billing_error", message: refusal.message } });
  },
  fail(status, _code, message) {
    return failed(status, { type: "error", error: { type: errorTypeOf(status), message } });
  },
  breakOff: (_code, message) =>
    `event: error\ndata: ${JSON.stringify({ type: "error", error: { type: "billing_error", message } })}\n\n`,
};

export const googleErrors: ErrorShape = {
  refuse(refusal) {
    return refused(refusal, { error: { code: 402, message: refusal.message, status: "FAILED_PRECONDITION" } });
  },
  fail(status, _code, message) {
    return failed(status, { error: { code: status, message, status: GOOGLE_STATUS[status] ?? "INTERNAL" } });
  },
  breakOff(_code, message, contentType) {
    const error = JSON.stringify({ error: { code: 402, message, status: "FAILED_PRECONDITION" } });
    // In an array that is sent over time, the error is its last element.
    return contentType === undefined || isEventStream(contentType) ? `data: ${error}\n\n` : `,\n${error}\n]`;
  },
};

const GOOGLE_STATUS: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  413: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
};

export const ollamaErrors: ErrorShape = {
  refuse(refusal) {
    return refused(refusal, { error: refusal.message });
  },
  fail(status, _code, message) {
    return failed(status, { error: message });
  },
  breakOff: (_code, message) => `${JSON.stringify({ error: message })}\n`,
};

export const cohereErrors: ErrorShape = {
  refuse(refusal) {
    return refused(refusal, { message: refusal.message });
  },
  fail(status, _code, message) {
    return failed(status, { message });
  },
  breakOff: (_code, message) => {
    const end = { type: "message-end", delta: { finish_reason: "ERROR", error: message } };
    return `event: message-end\ndata: ${JSON.stringify(end)}\n\n`;
  },
};

/** Amazon's SDKs name an error by the header; they try again where it is one of their own for throttling, or from 500 on. */
export const bedrockErrors: ErrorShape = {
  refuse(refusal) {
    return named(refused(refusal, { message: refusal.message }), BEDROCK_REFUSALS[refusal.reason]);
  },
  fail(status, _code, message) {
    return named(failed(status, { message }), BEDROCK_ERRORS[status] ?? "InternalServerException");
  },
  breakOff: (_code, message) => {
    const headers = {
      ":message-type": "exception",
      ":exception-type": "validationException",
      ":content-type": "application/json",
    };
    return frameOf(headers, Buffer.from(JSON.stringify({ message })));
  },
};

function named(answer: ErrorAnswer, type: string): ErrorAnswer {
  return { ...answer, headers: { ...answer.headers, "x-amzn-errortype": type } };
}

const BEDROCK_REFUSALS: Readonly<Record<Refusal["reason"], string>> = {
  budget: "BudgetExceededException",
  unpriced: "PriceUnknownException",
  boundless: "CostUnboundedException",
  unmetered: "RouteUnmeteredException",
  "no-ledger": "NoLedgerException",
};

const BEDROCK_ERRORS: Readonly<Record<number, string>> = {
  400: "ValidationException",
  401: "UnrecognizedClientException",
  403: "AccessDeniedException",
  404: "ResourceNotFoundException",
  413: "ValidationException",
  429: "ThrottlingException",
};

/** OpenAI and Anthropic name these alike. */
function errorTypeOf(status: number): string {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}
