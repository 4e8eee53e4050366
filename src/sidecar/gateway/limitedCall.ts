import type { Turn } from "../limits/callLimits.ts";
import { answer } from "./answer.ts";
import { NOTHING_CAME, type Outcome } from "./outcome.ts";
import type { MeteredPassage } from "./passage.ts";

/** As such calls are booked, and named in their answers. */
export const LIMITED_CODE = "rate_limited";

/** Tells a client when to come again; how its call, of which nothing was held or sent, is booked. `now` is ms since the epoch. */
export function answerLimited(
  { response, protocol }: MeteredPassage,
  callId: string,
  { message, retryAfterSeconds }: Turn & { kind: "limited" },
  now: number,
): Outcome {
  const own = { "x-tollgate-call-id": callId, "retry-after": String(retryAfterSeconds) };
  answer(response, protocol.fail(429, LIMITED_CODE, message), own);
  return { ...NOTHING_CAME, status: "refused", endedAt: now, httpStatus: 429, errorType: LIMITED_CODE };
}
