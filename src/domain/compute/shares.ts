import type { NanoUsd } from "../money.ts";
import type { Accrual, Sharing } from "./computeEvents.ts";

/** A call as its server saw it. Times are ms since the epoch; the first token is null where the answer came as a whole. */
export interface ServedCall {
  readonly id: string;
  readonly startedAt: number;
  readonly firstTokenAt: number | null;
  readonly endedAt: number;
  /** Tokens read that no cache spared. */
  readonly prefillTokens: number;
  readonly decodeTokens: number;
}

const PREFILL_WEIGHT = 1_000;
/**
 * Where a server's metrics do not tell: a token that is written counts as four that are read, about as APIs price the two.
 */
export const USUAL_DECODE_WEIGHT = 4_000;

/**
 * How calls share an interval. It is busy while a call that used tokens is under way; that part of its cost is shared by
 * tokens, those written weighted, and the rest is idle. Tokens read lie evenly between a call's start and its first token,
 * tokens written between that and its end, so that of a long call each interval gets its part. The shares are whole nano-USD
 * and add up to exactly cost × busy time / time, rounded down.
 */
export function shareInterval(accrual: Accrual, calls: readonly ServedCall[]): Sharing {
  const { provider, from, to, costNanoUsd, decodeWeight = USUAL_DECODE_WEIGHT } = accrual;
  const working = calls
    .filter(({ startedAt, endedAt }) => startedAt < to && endedAt > from)
    .map((call) => ({ call, work: workWithin(call, from, to, decodeWeight) }))
    .filter(({ work }) => work > 0n)
    .sort((a, b) => a.call.startedAt - b.call.startedAt || (a.call.id < b.call.id ? -1 : 1));
  const busyMs = coveredMs(working.map(({ call }) => [Math.max(call.startedAt, from), Math.min(call.endedAt, to)]));
  const busyNano = (BigInt(costNanoUsd) * BigInt(busyMs)) / BigInt(Math.max(1, to - from));
  const whole = working.reduce((sum, { work }) => sum + work, 0n);
  let before = 0n;
  const shares = working.map(({ call, work }) => {
    const share: NanoUsd = Number((busyNano * (before + work)) / whole - (busyNano * before) / whole);
    before += work;
    return { callId: call.id, startedAt: call.startedAt, costNanoUsd: share };
  });
  return { provider, from, to, busyMs, shares };
}

function workWithin(call: ServedCall, from: number, to: number, decodeWeight: number): bigint {
  const { startedAt, firstTokenAt, endedAt, prefillTokens, decodeTokens } = call;
  const first = Math.min(Math.max(firstTokenAt ?? startedAt, startedAt), endedAt);
  const readUntil = firstTokenAt === null ? endedAt : first;
  const prefill = tokensWithin(prefillTokens, startedAt, readUntil, from, to);
  const decode = tokensWithin(decodeTokens, first, endedAt, from, to);
  return BigInt(prefill) * BigInt(PREFILL_WEIGHT) + BigInt(decode) * BigInt(decodeWeight);
}

/** Of tokens that lie evenly from `start` to `end` those between `from` and `to`; intervals that meet share all of them. */
function tokensWithin(tokens: number, start: number, end: number, from: number, to: number): number {
  if (end <= start) {
    return start >= from && start < to ? tokens : 0;
  }
  const until = (at: number) => Math.floor((tokens * (Math.min(Math.max(at, start), end) - start)) / (end - start));
  return until(to) - until(from);
}

function coveredMs(stretches: ReadonlyArray<readonly [from: number, to: number]>): number {
  let covered = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const [from, to] of stretches) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return covered;
}
