import { plain, type Reply } from "./reply.ts";
import type { Json } from "./tokens.ts";

const usual: Readonly<Record<number, [status: string, message: string]>> = {
  400: ["INVALID_ARGUMENT", "Request contains an invalid argument."],
  403: [
    "PERMISSION_DENIED",
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  ],
  404: ["NOT_FOUND", "Requested entity was not found."],
  429: [
    "RESOURCE_EXHAUSTED",
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
  ],
  503: ["UNAVAILABLE", "The model is overloaded. Please try again later."],
  504: ["DEADLINE_EXCEEDED", "Deadline expired before operation could complete."],
};

const otherwise: [string, string] = ["INTERNAL", "An internal error has occurred."];

/** An error's body; some carry details that say how to go on. */
export const googleErrorBody = (status: number, message?: string, details: Json[] = []): Json => {
  const [name, text] = usual[status] ?? (status < 500 ? (usual[400] ?? otherwise) : otherwise);
  return { error: { code: status, message: message ?? text, status: name, ...(details.length > 0 && { details }) } };
};

/** An error as Google sends it. */
export const googleError = (status: number, message?: string, details?: Json[]): Reply =>
  plain(
    status,
    `${JSON.stringify(googleErrorBody(status, message, details), null, 2)}\n`,
    "application/json; charset=UTF-8",
  );

/** When to come back, which Google says in the body. */
export const retryInfo = (seconds: number): Json => ({
  "@type": "type.googleapis.com/google.rpc.RetryInfo",
  retryDelay: `${seconds}s`,
});
