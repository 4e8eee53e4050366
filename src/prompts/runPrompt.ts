import { randomUUID } from "node:crypto";
import { STANDS_IN_HEADER, standsInHeader } from "../domain/backends/standsInFor.ts";
import { streamAnthropic } from "./anthropicPrompt.ts";
import { Exchange } from "./exchange.ts";
import { streamGoogle } from "./googlePrompt.ts";
import { streamOpenai } from "./openaiPrompt.ts";
import { PromptError } from "./promptError.ts";
import { howToSetKey, promptFailure } from "./promptFailure.ts";
import type {
  CallNotice,
  PromptRequest,
  PromptResult,
  ResolvedPrompt,
  StreamEnd,
  StreamPrompt,
} from "./promptRequest.ts";
import { delayAfter, REAL_CLOCK, RETRIES, type RetryClock } from "./retry.ts";

export const DEFAULT_TIMEOUT_MS = 60_000;

/** An attempt has failed, and another will follow. */
export interface RetryNotice {
  /** The attempt that is to come, from 2. */
  readonly attempt: number;
  /** The last there can be. */
  readonly lastAttempt: number;
  /** Until then, in ms. */
  readonly delayMs: number;
  readonly error: PromptError;
}

export interface PromptHandlers {
  /** Each piece of the answer as it comes. */
  readonly onText?: (text: string) => void;
  readonly onRetry?: (retry: RetryNotice) => void;
  /** As soon as an attempt has its id in the ledger; once for each. */
  readonly onCallId?: (notice: CallNotice) => void;
  readonly signal?: AbortSignal;
  readonly clock?: RetryClock;
}

/**
 * Sends a prompt through the gateway and streams its answer. What may pass by itself (rate limits, faults of a server,
 * time-outs, lost connections) is tried again up to three times, as long as nothing of an answer has come.
 * @throws PromptError, of kind `cancelled` when the signal is aborted.
 */
export async function runPrompt(request: PromptRequest, handlers: PromptHandlers = {}): Promise<PromptResult> {
  const signal = handlers.signal ?? new AbortController().signal;
  const clock = handlers.clock ?? REAL_CLOCK;
  const stream = clientFor(request);
  const promptId = request.promptId ?? randomUUID();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptPrompt({ ...request, promptId }, attempt, stream, handlers, signal);
    } catch (error) {
      if (!(error instanceof PromptError)) {
        throw error;
      }
      const mayRetry = error.retryable && error.partialText === "";
      const delayMs = mayRetry ? delayAfter(attempt, error.retryAfterMs, clock.random()) : null;
      if (delayMs === null) {
        throw error;
      }
      handlers.onRetry?.({ attempt: attempt + 1, lastAttempt: RETRIES + 1, delayMs, error });
      await clock.sleep(delayMs, signal).catch(() => {
        throw cancelled("", error.callId);
      });
    }
  }
}

function clientFor(request: PromptRequest): StreamPrompt {
  const { protocol, provider, key } = request;
  if (
    key === null &&
    (request.keyRequired ?? (protocol === "anthropic" || protocol === "google" || provider === "openai"))
  ) {
    throw new PromptError("key-missing", `There is no API key for ${provider}. ${howToSetKey(request)}`);
  }
  if (protocol === "openai") {
    return streamOpenai;
  }
  if (protocol === "anthropic") {
    return streamAnthropic;
  }
  if (protocol === "google") {
    return streamGoogle;
  }
  throw new PromptError(
    "provider-error",
    `${provider} speaks the protocol ${protocol}; prompts can be sent to providers of the protocols openai, anthropic and google.`,
  );
}

async function attemptPrompt(
  request: PromptRequest,
  attempt: number,
  stream: StreamPrompt,
  handlers: PromptHandlers,
  signal: AbortSignal,
): Promise<PromptResult> {
  const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const exchange = new Exchange(timeoutMs, ({ callId, clampedOutput }) => {
    if (callId !== null) {
      handlers.onCallId?.({ callId, clampedOutput });
    }
  });
  const prompt = await resolve(request, attempt, exchange, signal);
  let text = "";
  let end: StreamEnd = { stopReason: null, events: 0 };
  let thrown: unknown = null;
  try {
    end = await stream(prompt, (piece) => {
      text += piece;
      handlers.onText?.(piece);
    });
  } catch (error) {
    thrown = error;
  }
  if (thrown === null && end.stopReason !== null) {
    const { stopReason } = end;
    const cutByLimit = stopReason === "length" || stopReason === "max_tokens";
    const { callId, clampedOutput } = exchange;
    return { text, callId, stopReason, cutByLimit, clampedOutput, attempts: attempt };
  }
  // Both clients end a stream that was aborted without a word.
  if (signal.aborted) {
    throw cancelled(text, exchange.callId);
  }
  const now = Date.now();
  throw promptFailure({ request, exchange, timeoutMs, partialText: text, error: thrown, events: end.events, now });
}

async function resolve(
  request: PromptRequest,
  attempt: number,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<ResolvedPrompt> {
  const { model, provider, key, system, messages, maxOutputTokens, tags = [], promptId, standsInFor } = request;
  const baseUrl = await baseUrlOf(request);
  if (signal.aborted) {
    throw cancelled("", null);
  }
  const headers = {
    "x-tollgate-request-type": request.requestType ?? "prompt",
    "x-tollgate-attempt": String(attempt),
    ...(promptId === undefined ? {} : { "x-tollgate-prompt-id": promptId }),
    ...(standsInFor === undefined ? {} : { [STANDS_IN_HEADER]: standsInHeader(standsInFor) }),
    ...(tags.length === 0 ? {} : { "x-tollgate-tags": tags.join(",") }),
  };
  return {
    model,
    provider,
    baseUrl,
    key,
    system,
    messages,
    maxOutputTokens,
    headers,
    fetch: exchange.fetch,
    signal,
  };
}

async function baseUrlOf({ baseUrl }: PromptRequest): Promise<string> {
  if (typeof baseUrl === "string") {
    return baseUrl;
  }
  try {
    return await baseUrl();
  } catch (error) {
    throw new PromptError("sidecar", error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function cancelled(partialText: string, callId: string | null): PromptError {
  return new PromptError("cancelled", "The prompt was cancelled.", { partialText, callId });
}
