import { plain, type Reply } from "./reply.ts";

type Details = { param?: string | null; code?: string | null; retryAfterSeconds?: number | undefined };

const usual: Readonly<Record<number, { message: string; type: string; code: string | null }>> = {
  400: { message: "The request is invalid.", type: "invalid_request_error", code: null },
  401: { message: "Incorrect API key provided.", type: "invalid_request_error", code: "invalid_api_key" },
  402: { message: "Payment is required.", type: "billing_error", code: "billing_not_active" },
  403: { message: "You do not have access to this.", type: "invalid_request_error", code: "unsupported_country" },
  404: { message: "Not found.", type: "invalid_request_error", code: null },
  429: {
    message: "Rate limit reached on tokens per min (TPM): Limit 2000000, Used 2000000, Requested 12.",
    type: "tokens",
    code: "rate_limit_exceeded",
  },
  503: { message: "The engine is currently overloaded, please try again later.", type: "server_error", code: null },
};

const otherwise = {
  message: "The server had an error while processing your request.",
  type: "server_error",
  code: null,
};

/** An error as OpenAI sends it: indented by four, with all four fields, and the time to come back in two headers. */
export const openaiError = (status: number, message?: string, details: Details = {}): Reply => {
  const known = usual[status] ?? (status < 500 ? usual[400] : otherwise) ?? otherwise;
  const error = {
    message: message ?? known.message,
    type: known.type,
    param: details.param ?? null,
    code: details.code ?? (message === undefined ? known.code : null),
  };
  const seconds = details.retryAfterSeconds;
  const retry =
    seconds === undefined ? {} : { "retry-after": String(seconds), "retry-after-ms": String(seconds * 1000) };
  return plain(status, `${JSON.stringify({ error }, null, 4)}\n`, "application/json; charset=utf-8", retry);
};

/** What stands in a stream that fails after its 200. */
export const openaiErrorEvent = `data: ${JSON.stringify({
  error: { message: otherwise.message, type: otherwise.type, param: null, code: null },
})}\n\n`;
