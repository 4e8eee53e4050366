import type { FailureLog } from "../backends/failureLog.ts";
import type { Turn } from "../limits/callLimits.ts";
import { answer } from "./answer.ts";
import type { CallFrame } from "./outcome.ts";
import type { MeteredPassage } from "./passage.ts";

/** Tells a client when to come again: nothing was held or sent, so nothing is booked. `now` is ms since the epoch. */
export function answerLimited(
  { response, protocol }: MeteredPassage,
  { request }: CallFrame,
  { message, retryAfterSeconds }: Turn & { kind: "limited" },
  failures: FailureLog,
  now: number,
): void {
  failures.write({
    at: new Date(now).toISOString(),
    event: "call.limited",
    backend: request.provider,
    model: request.model,
    errorType: "rate_limited",
    message,
    retryCount: (request.attempt ?? 1) - 1,
    callId: null,
    httpStatus: 429,
  });
  answer(response, protocol.fail(429, "rate_limited", message), { "retry-after": String(retryAfterSeconds) });
}
