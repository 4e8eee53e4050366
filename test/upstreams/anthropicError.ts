import { plain, type Reply } from "./reply.ts";
import { wireId } from "./wireId.ts";

const usual: Readonly<Record<number, [type: string, message: string]>> = {
  400: ["invalid_request_error", "The request is invalid."],
  401: ["authentication_error", "invalid x-api-key"],
  402: ["billing_error", "There is a problem with your billing."],
  403: ["permission_error", "Your API key does not have permission to use the specified resource."],
  404: ["not_found_error", "Not found"],
  413: ["request_too_large", "Request exceeds the maximum size"],
  429: ["rate_limit_error", "This request would exceed your organization's rate limit."],
  504: ["timeout_error", "The request timed out."],
  529: ["overloaded_error", "Overloaded"],
};

const otherwise: [string, string] = ["api_error", "Internal server error"];

/** An error as Anthropic sends it; the body names the request as the `request-id` header does. */
export const anthropicError = (
  status: number,
  message?: string,
  retryAfterSeconds?: number,
  requestId = wireId("req_011C", 20),
): Reply => {
  const [type, text] = usual[status] ?? (status < 500 ? (usual[400] ?? otherwise) : otherwise);
  const body = { type: "error", error: { type, message: message ?? text }, request_id: requestId };
  return plain(status, JSON.stringify(body), "application/json", {
    "request-id": requestId,
    "x-should-retry": String([408, 409, 429].includes(status) || status >= 500),
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  });
};
