import type { Call } from "../domain/call.ts";
import type { Held } from "../domain/events.ts";
import { NO_USAGE } from "../domain/usage.ts";

/**
 * A call that was held when the sidecar died and never settled: nobody knows what it cost, so it is booked at what was
 * held for it, which is not too little. `heldAt` and `now` are ms since the epoch.
 */
export function interruptedCall(held: Held, heldAt: number, now: number): Call {
  return {
    id: held.id,
    startedAt: new Date(heldAt).toISOString(),
    endedAt: new Date(Math.max(heldAt, now)).toISOString(),
    provider: held.provider,
    protocol: held.protocol,
    model: held.model,
    requestedModel: held.model,
    project: held.project,
    tool: held.tool,
    user: held.user,
    tags: held.tags,
    requestType: held.requestType,
    traceId: held.traceId,
    // Holds of older versions have neither.
    sessionId: held.sessionId ?? null,
    branch: held.branch ?? null,
    status: "interrupted",
    httpStatus: null,
    errorType: "interrupted",
    stream: held.stream,
    latencyMs: 0,
    firstTokenMs: null,
    usage: NO_USAGE,
    usageBasis: "none",
    costNanoUsd: held.holdNanoUsd,
    costBasis: held.costBasis,
    rates: null,
    priceVersion: null,
    holdNanoUsd: held.holdNanoUsd,
    attempt: held.attempt ?? 1,
    ...(held.promptId === undefined ? {} : { promptId: held.promptId }),
    ...(held.standsInFor === undefined ? {} : { standsInFor: held.standsInFor }),
  };
}
