import { z } from "zod";
import { type Refusal, refusalSchema } from "../domain/events.ts";
import { formatDuration } from "../domain/formats.ts";
import { retryAfterOf } from "../domain/retryAfter.ts";
import type { Exchange } from "./exchange.ts";
import { PromptError, type PromptErrorFacts, type PromptErrorKind } from "./promptError.ts";
import type { PromptRequest } from "./promptRequest.ts";
import { isRetryableStatus } from "./retry.ts";

/** What an attempt knew when it failed. */
export interface Failure {
  readonly request: PromptRequest;
  readonly exchange: Exchange;
  readonly timeoutMs: number;
  readonly partialText: string;
  /** What was thrown; null where the stream just ended, without its proper end. */
  readonly error: unknown;
  /** Events of the stream that made sense, where the stream just ended. */
  readonly events: number;
  /** The present, in ms since the epoch. */
  readonly now: number;
}

/** Both families of providers send `{"error": {…}}`. */
const errorBodySchema = z.object({
  error: z.object({ message: z.string(), code: z.unknown(), type: z.unknown() }).partial().catch({}),
});

/** A refusal names its reason whatever the shape of its protocol. */
export function promptFailure(failure: Failure): PromptError {
  const { exchange, partialText } = failure;
  const facts: PromptErrorFacts = {
    callId: exchange.callId,
    httpStatus: exchange.status,
    partialText,
    cause: failure.error ?? undefined,
  };
  if (exchange.failure !== null) {
    return connectionFailure(failure, facts);
  }
  if (exchange.status !== null && exchange.status >= 400) {
    return statusFailure(failure, exchange.status, facts);
  }
  return streamFailure(failure, facts);
}

function connectionFailure({ request, exchange, timeoutMs, error }: Failure, facts: PromptErrorFacts): PromptError {
  const retryable = { ...facts, retryable: true };
  if (exchange.failure === "timeout") {
    const silence = formatDuration(timeoutMs);
    return exchange.status === null
      ? new PromptError("timeout", `${request.provider} has not answered for ${silence}.`, retryable)
      : new PromptError("timeout", `${request.provider} fell silent: nothing came for ${silence}.`, retryable);
  }
  if (exchange.failure === "unreachable") {
    return new PromptError("sidecar", `Tollgate's sidecar cannot be reached: ${reasonOf(error)}.`, retryable);
  }
  return new PromptError(
    "broken-stream",
    `The answer of ${request.provider} broke off: the connection was closed.`,
    retryable,
  );
}

function statusFailure({ request, exchange, now }: Failure, status: number, facts: PromptErrorFacts): PromptError {
  const { provider, model } = request;
  const { error } = errorBody(exchange.errorBody);
  const refusal = refusalOf(exchange.header("x-tollgate-refusal"));
  if (refusal !== null) {
    return new PromptError("refused", refusal.message, { ...facts, refusal });
  }
  // Anthropic's shape has no code: there the type tells it.
  const own = OWN_CODES.get(String(error.code)) ?? OWN_CODES.get(String(error.type));
  const said = error.message === undefined || error.message === "" ? "" : ` It says: ${asSentence(error.message)}`;
  const retryAfterMs = retryAfterOf((name) => exchange.header(name), now);
  const mayRetry = isRetryableStatus(status) && exchange.header("x-should-retry") !== "false";
  const retry = { ...facts, retryable: mayRetry, retryAfterMs };
  if (own !== undefined) {
    return new PromptError(own, error.message ?? `The gateway answered with status ${status}.`, retry);
  }
  // Google takes a wrong key for a wrong request.
  const isKey = status === 400 && request.protocol === "google" && /\bAPI key\b/i.test(error.message ?? "");
  if (status === 401 || status === 403 || isKey) {
    return new PromptError(
      "key-wrong",
      `${provider} did not accept the API key.${said} ${howToSetKey(request)}`,
      facts,
    );
  }
  if (status === 404) {
    return new PromptError("model-unknown", `${provider} does not know the model ${model}.${said}`, facts);
  }
  if (status === 429) {
    const wait = retryAfterMs === null ? "" : ` It asks to wait ${formatDuration(retryAfterMs)}.`;
    return new PromptError("rate-limited", `${provider} has had too many requests.${wait}${said}`, retry);
  }
  if (status === 408) {
    return new PromptError("timeout", `${provider} gave up waiting for the request.${said}`, retry);
  }
  return new PromptError("provider-error", `${provider} answered with an error (HTTP ${status}).${said}`, retry);
}

/** With a full stop, where more is to follow. */
function asSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Errors of the gateway itself: their messages are for people already. */
const OWN_CODES = new Map<string, PromptErrorKind>([
  ["upstream_unreachable", "connection"],
  ["upstream_silent", "timeout"],
  ["upstream_closed", "broken-stream"],
  ["invalid_pass", "sidecar"],
  ["tollgate_error", "sidecar"],
  ["unknown_provider", "provider-error"],
]);

function streamFailure({ request, error, events }: Failure, facts: PromptErrorFacts): PromptError {
  const { provider } = request;
  const said = providerWords(error);
  if (said !== null) {
    return new PromptError("provider-error", `${provider} ended its answer with an error: ${said}`, {
      ...facts,
      retryable: true,
    });
  }
  if (error instanceof SyntaxError || (error === null && events === 0)) {
    return new PromptError(
      "provider-error",
      `${provider} answered with something that cannot be read. Is its address right?`,
      facts,
    );
  }
  if (error === null) {
    return new PromptError("broken-stream", `The answer of ${provider} broke off before its end.`, {
      ...facts,
      retryable: true,
    });
  }
  return new PromptError("provider-error", `The answer of ${provider} cannot be read: ${reasonOf(error)}`, facts);
}

/** Says what a user can do about a key that is missing or wrong. */
export function howToSetKey({ provider, protocol }: Pick<PromptRequest, "provider" | "protocol">): string {
  const variable =
    protocol === "anthropic" ? "ANTHROPIC_API_KEY" : provider === "openai" ? "OPENAI_API_KEY" : undefined;
  const orSet = variable === undefined ? "" : `, or set ${variable}`;
  return `Give a valid one with "Tollgate: Add API Key…" in VS Code${orSet}.`;
}

function errorBody(text: string | null): z.infer<typeof errorBodySchema> {
  try {
    return errorBodySchema.parse(JSON.parse(text ?? ""));
  } catch {
    return { error: {} };
  }
}

/** The gate sends its refusal, whatever the protocol, as URI-encoded JSON in a header. */
function refusalOf(header: string | null): Refusal | null {
  try {
    return header === null ? null : refusalSchema.parse(JSON.parse(decodeURIComponent(header)));
  } catch {
    return null;
  }
}

/** What a provider says in an error event of a stream; both clients throw it with the body at hand. */
function providerWords(error: unknown): string | null {
  const body = (error as { error?: { message?: unknown; error?: { message?: unknown } } } | null)?.error;
  const message = body?.error?.message ?? body?.message;
  return typeof message === "string" ? message : null;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
}
