import type { IncomingMessage } from "node:http";
import type { Attribution } from "../../domain/budget.ts";
import type { Call, CallStatus, CostBasis } from "../../domain/call.ts";
import type { Held } from "../../domain/events.ts";
import { nanoFromUsd } from "../../domain/money.ts";
import type { PriceBook, Priced } from "../../domain/priceBook.ts";
import { chargesToolFees } from "../../domain/prices/toolFees.ts";
import { NOTHING_READ, type Reading, type RequestFacts } from "../../domain/protocol.ts";
import { costOf, type Rates } from "../../domain/rates.ts";
import { NO_USAGE, usageWithout } from "../../domain/usage.ts";

/** What is the same for a call however it ends. */
export interface CallFrame {
  readonly request: Omit<Held, "holdNanoUsd" | "budgets" | "allowedBy" | "clampedOutput">;
  readonly attribution: Attribution;
  readonly startedAt: number;
  readonly facts: RequestFacts;
}

/** How a call ended. Times are ms since the epoch; latencies and costs follow from them. */
export interface Outcome {
  readonly status: CallStatus;
  readonly httpStatus: number | null;
  readonly errorType: string | null;
  /** What is known of a failure, in words, beside what the answer itself says. */
  readonly message?: string;
  readonly reading: Reading;
  readonly firstTokenAt: number | null;
  /** Absent where the provider gave none, or none that was passed on. */
  readonly answer?: IncomingMessage;
  readonly endedAt: number;
  /** When the gate let it in; null where it did not. */
  readonly letInAt: number | null;
  readonly holdNanoUsd: number;
}

/** The outcome of a call of which nothing came. */
export const NOTHING_CAME: Omit<Outcome, "status" | "endedAt"> = {
  httpStatus: null,
  errorType: null,
  reading: NOTHING_READ,
  firstTokenAt: null,
  letInAt: null,
  holdNanoUsd: 0,
};

/** Bytes of text to a token, for an estimate where a provider reports nothing: low, so that it errs upward. */
const BYTES_PER_TOKEN = 3;

/** What a prompt must have cost where an answer came but no usage could be read from it. */
export function estimateFromBytes(facts: RequestFacts, answerBytes: number, reading: Reading): Reading {
  return {
    ...reading,
    usage: {
      ...NO_USAGE,
      inputTokens: Math.min(facts.inputBoundTokens, Math.ceil(facts.promptBytes / BYTES_PER_TOKEN)),
      outputTokens: Math.ceil(answerBytes / BYTES_PER_TOKEN),
    },
    basis: "estimated",
  };
}

/**
 * An estimate of ours cannot be above the output limit that the provider was given: it would charge more than was held, for
 * want of a better count. What the provider itself reports stands as it is.
 */
export function withinLimit(reading: Reading, outputLimit: number | null): Reading {
  const { usage, basis } = reading;
  if (basis !== "estimated" || outputLimit === null || usage.outputTokens <= outputLimit) {
    return reading;
  }
  return { ...reading, usage: { ...usage, outputTokens: outputLimit } };
}

export interface Cost {
  readonly costNanoUsd: number;
  readonly costBasis: CostBasis;
  readonly rates: Rates | null;
  readonly priceVersion: string | null;
}

/**
 * The finished call as it is booked: priced by the model and tier that were served, at the time it came. It starts when it
 * is let in, so that the books and the gate count it in the same windows; what it waited before is part of its latency.
 */
export function bookedCall(frame: CallFrame, outcome: Outcome, prices: PriceBook): Call {
  const { request, startedAt } = frame;
  const { reading, endedAt } = outcome;
  return {
    id: request.id,
    startedAt: new Date(outcome.letInAt ?? startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    provider: request.provider,
    protocol: request.protocol,
    model: reading.model ?? request.model,
    requestedModel: request.model,
    project: request.project,
    tool: request.tool,
    user: request.user,
    tags: request.tags,
    requestType: request.requestType,
    traceId: request.traceId,
    sessionId: request.sessionId,
    branch: request.branch,
    status: outcome.status,
    httpStatus: outcome.httpStatus,
    errorType: outcome.errorType ?? reading.errorType,
    stream: request.stream,
    latencyMs: Math.max(0, Math.round(endedAt - startedAt)),
    firstTokenMs: outcome.firstTokenAt === null ? null : Math.max(0, Math.round(outcome.firstTokenAt - startedAt)),
    usage: reading.usage,
    usageBasis: reading.basis,
    ...priceOf({ ...request, startedAt, askedTier: frame.facts.serviceTier }, reading, prices),
    holdNanoUsd: outcome.holdNanoUsd,
    attempt: request.attempt ?? 1,
    ...(request.promptId === undefined ? {} : { promptId: request.promptId }),
    ...(request.standsInFor === undefined ? {} : { standsInFor: request.standsInFor }),
  };
}

/** A call whose answer is priced. `startedAt` is ms since the epoch. */
interface Asked {
  readonly provider: string;
  readonly model: string;
  readonly startedAt: number;
  readonly askedTier?: string | null;
}

/**
 * What an answer cost by the prices at its call's start. A provider's own figure comes first; a served model that nobody has
 * priced is charged as the one asked for.
 */
export function priceOf(asked: Asked, reading: Reading, prices: PriceBook): Cost {
  const found = ratesFor(asked, reading, prices);
  if (reading.reportedCostUsd !== null && found?.basis !== "free" && found?.basis !== "compute-hour") {
    const costNanoUsd = Math.max(0, nanoFromUsd(reading.reportedCostUsd));
    return { costNanoUsd, costBasis: "reported", rates: found?.rates ?? null, priceVersion: found?.version ?? null };
  }
  if (found === null) {
    return { costNanoUsd: 0, costBasis: "unpriced", rates: null, priceVersion: null };
  }
  const { rates, basis, version } = found;
  const toolFees = chargesToolFees(basis) ? (reading.toolFeesNanoUsd ?? 0) : 0;
  const costNanoUsd = costOfModels(asked, reading, prices, rates) + toolFees;
  return { costNanoUsd, costBasis: basis, rates, priceVersion: version };
}

/** What all models of a call cost together: another one than the call's own by its own rates, where they are known. */
function costOfModels({ provider, startedAt }: Asked, reading: Reading, prices: PriceBook, rates: Rates): number {
  const { usage, otherModels = [], serviceTier } = reading;
  let own = usage;
  let others = 0;
  for (const other of otherModels) {
    own = usageWithout(own, other.usage);
    const found = prices.lookUp(provider, other.model, startedAt, serviceTier, other.usage.inputTokens);
    others += costOf(other.usage, found?.rates ?? rates);
  }
  return costOf(own, rates) + others;
}

/**
 * The rates of the model that was served, or else of the one asked for; the user's default price only where nobody knows
 * either. Where the answer does not name its tier, the one asked for counts, if it is dearer than the usual.
 */
function ratesFor(
  { provider, model, startedAt, askedTier }: Asked,
  reading: Reading,
  prices: PriceBook,
): Priced | null {
  const { usage } = reading;
  const inTier = (tier: string | null) => {
    const found = [reading.model ?? model, model].map((name) =>
      prices.lookUp(provider, name, startedAt, tier, usage.inputTokens),
    );
    return found.find((one) => one !== null && one.basis !== "default") ?? found[0] ?? null;
  };
  const usual = inTier(reading.serviceTier);
  if (reading.serviceTier !== null || askedTier === undefined || askedTier === null) {
    return usual;
  }
  const wished = inTier(askedTier);
  return usual !== null && wished !== null && costOf(usage, wished.rates) > costOf(usage, usual.rates) ? wished : usual;
}
