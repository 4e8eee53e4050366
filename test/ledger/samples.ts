import type { Call } from "../../src/domain/call.ts";
import type { Held, Refusal } from "../../src/domain/events.ts";
import { FREE_RATES } from "../../src/domain/rates.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";

/** 2026-11-21T12:00:00Z, the start of a quarter hour. */
export const NOON = Date.UTC(2026, 10, 21, 12);

/** As from a price book, whose calls share them. */
const RATES = Object.freeze({ ...FREE_RATES, input: 5_000, output: 20_000 });

export interface CallParts extends Partial<Call> {
  readonly at?: number;
}

/** A call that cost 1,000 nano-USD, with what a test cares about put in. */
export function sampleCall({ at = NOON, ...parts }: CallParts = {}): Call {
  return {
    id: "call-1",
    startedAt: new Date(at).toISOString(),
    endedAt: new Date(at + 800).toISOString(),
    provider: "openai",
    protocol: "openai-chat",
    model: "gpt-5",
    requestedModel: parts.model ?? "gpt-5",
    project: "web",
    tool: "codex",
    user: null,
    tags: [],
    requestType: null,
    traceId: null,
    sessionId: null,
    branch: null,
    status: "ok",
    httpStatus: 200,
    errorType: null,
    stream: true,
    latencyMs: 800,
    firstTokenMs: 120,
    usage: { ...NO_USAGE, inputTokens: 100, cachedInputTokens: 40, outputTokens: 20, reasoningTokens: 5 },
    usageBasis: "reported",
    costNanoUsd: 1_000,
    costBasis: "catalog",
    rates: RATES,
    priceVersion: "2026-11-01",
    holdNanoUsd: 9_000,
    attempt: 1,
    ...parts,
  };
}

export function sampleHeld(parts: Partial<Held> = {}): Held {
  return {
    id: "call-1",
    provider: "openai",
    protocol: "openai-chat",
    model: "gpt-5",
    project: "web",
    tool: "codex",
    user: null,
    tags: [],
    requestType: null,
    traceId: null,
    sessionId: null,
    branch: null,
    stream: true,
    holdNanoUsd: 9_000,
    costBasis: "catalog",
    budgets: ["month"],
    allowedBy: [],
    clampedOutput: null,
    ...parts,
  };
}

export const SAMPLE_REFUSAL: Refusal = {
  reason: "budget",
  budget: "month",
  window: "month",
  spentNanoUsd: 5_000,
  heldNanoUsd: 0,
  limitNanoUsd: 5_000,
  worstCaseNanoUsd: 900,
  neededNanoUsd: 900,
  resetsAt: "2026-12-01T00:00:00.000Z",
  message: "The budget month is spent.",
};
