import type { BILLING_UNITS } from "./computePricing.ts";
import { HOUR_MS } from "./hourlyRate.ts";

/** Times are ms since the epoch. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** One time that a server is up, from its start to its end. */
export interface Run {
  readonly startedAt: number;
  /** The start that the server itself tells; null where it tells none. */
  readonly ownStart: number | null;
}

/** Whole units that are paid for without a break: from `from` on, and so far until `paidUntil`. */
export interface BillingPeriod {
  readonly from: number;
  readonly paidUntil: number;
}

/** What is known of a server. */
export interface ServerState {
  /** Null while it is down. */
  readonly run: Run | null;
  /** Until when it is known to have been up; null where it never was. */
  readonly upUntil: number | null;
  readonly chargedUntil: number | null;
  readonly period: BillingPeriod | null;
  /** When somebody looked last; null: never. */
  readonly lookedAt: number | null;
  /** Since when nobody can reach it although it counts as up. */
  readonly unreachable: { readonly since: number } | null;
}

export const NEVER_SEEN: ServerState = Object.freeze({
  run: null,
  upUntil: null,
  chargedUntil: null,
  period: null,
  lookedAt: null,
  unreachable: null,
});

/** One look at a server. `ownStart` is when it says that it started, by this machine's clock. */
export interface Look {
  readonly at: number;
  readonly up: boolean;
  readonly ownStart: number | null;
}

export interface UptimeRules {
  /** How long, in ms, a server may be unreachable before it counts as down. */
  readonly graceMs: number;
  /** Looks further apart than this, in ms, do not tell what was between them. */
  readonly blindMs: number;
  /** How far apart, in ms, looks come that go on; 0 where this is the first of whoever looks now. */
  readonly gapMs: number;
  /** Time before it is not charged. */
  readonly countFrom: number | null;
  readonly unit: (typeof BILLING_UNITS)[number] | null;
}

/** Time to be charged, and how things stand when it is: `rounding` fills up the last unit of a time up that has ended. */
export interface Charge extends Stretch {
  readonly kind: "up" | "rounding";
  readonly run: Run | null;
  readonly period: BillingPeriod | null;
}

export interface Seen {
  readonly state: ServerState;
  /** What has to be charged because a time up has ended. */
  readonly charges: readonly Charge[];
  /** Time of which nobody can tell whether the server was up. */
  readonly unknown: readonly Stretch[];
}

/** Servers tell their start in seconds, some from the time since the machine's boot: readings of one start differ. */
const SAME_START_MS = 2_000;
const UNIT_MS = { second: 1_000, minute: 60_000, hour: HOUR_MS };

/** Whether two readings are of one start; what is not told is not the same. */
export function isSameStart(a: number | null, b: number | null): boolean {
  return a !== null && b !== null && Math.abs(a - b) <= SAME_START_MS;
}

/**
 * What one more look tells. Nothing is guessed: what lies between looks that find different things is known from the server's
 * own start, or is unknown. Only a server that comes and goes between two looks that go on is not noticed.
 */
export function look(state: ServerState, seen: Look, rules: UptimeRules): Seen {
  return seen.up ? lookedUp(state, seen, rules) : lookedDown(state, seen, rules);
}

/** Charges what is known of the present time up and has not been charged. */
export function chargeSoFar(
  state: ServerState,
  rules: UptimeRules,
): { readonly state: ServerState; readonly charges: readonly Charge[] } {
  const charge = openCharge(state, rules);
  return { state: { ...state, chargedUntil: state.upUntil }, charges: charge === null ? [] : [charge] };
}

function lookedUp(state: ServerState, { at, ownStart }: Look, rules: UptimeRules): Seen {
  const { run, upUntil, lookedAt, unreachable } = state;
  const isBlind = lookedAt === null || at - lookedAt > rules.blindMs;
  if (isBlind && ownStart === null && run !== null && run.ownStart !== null) {
    // It has told its start so far, and will tell soon whether it is the same one: till then nothing is decided.
    const waiting = state.unreachable ?? { since: at };
    if (at - waiting.since < rules.graceMs) {
      return only({ ...state, unreachable: waiting });
    }
  }
  const looked = { lookedAt: at, unreachable: null };
  // A server whose clock is ahead tells a start to come.
  const startedAt = ownStart === null ? at : Math.min(ownStart, at);
  if (run === null || upUntil === null) {
    // Where it was down for want of a connection only, its own start tells that it was up all the time.
    const begun = beginRun({ ...state, ...looked }, { startedAt, ownStart }, at);
    const hasGap = ownStart === null || isGap(state, at, rules);
    return { state: begun, charges: [], unknown: hasGap ? unknownSince(state, startedAt) : [] };
  }
  const isSame = isSameStart(run.ownStart, ownStart);
  // Where another of several servers answers that was up before, the time since is known all the same.
  if (isSame || (ownStart === null ? !isBlind : startedAt <= upUntil)) {
    const known = isSame || ownStart === null ? run : { startedAt, ownStart };
    return only({ ...state, ...looked, run: known, upUntil: Math.max(upUntil, at) });
  }
  const ended = endRun(state, rules);
  const downSince = isBlind || unreachable === null ? startedAt : unreachable.since;
  return {
    state: beginRun({ ...ended.state, ...looked }, { startedAt, ownStart }, at),
    charges: ended.charges,
    unknown: notEmpty([{ from: upUntil, to: Math.min(downSince, startedAt) }]),
  };
}

function lookedDown(state: ServerState, { at }: Look, rules: UptimeRules): Seen {
  const { run, upUntil, lookedAt } = state;
  if (run === null || upUntil === null) {
    const unknown = isGap(state, at, rules) ? unknownSince(state, at) : [];
    return { state: { ...state, lookedAt: at }, charges: [], unknown };
  }
  // Asleep within the grace time, the server has not been out of reach for as long as it seems.
  const isBlind = lookedAt === null || at - lookedAt > rules.blindMs;
  const unreachable = state.unreachable === null || isBlind ? { since: at } : state.unreachable;
  if (at - unreachable.since < rules.graceMs) {
    return only({ ...state, lookedAt: at, unreachable });
  }
  const ended = endRun(state, rules);
  return {
    state: { ...ended.state, lookedAt: at, unreachable: null },
    charges: ended.charges,
    // It went down at any time from the last look that found it up to the first that did not.
    unknown: notEmpty([{ from: upUntil, to: unreachable.since }]),
  };
}

function isGap({ lookedAt }: ServerState, at: number, { gapMs }: UptimeRules): boolean {
  return lookedAt === null || at - lookedAt > gapMs;
}

/** What is unknown of a server that was down when somebody looked last; of one that was never up nothing is to be known. */
function unknownSince({ upUntil, lookedAt }: ServerState, until: number): Stretch[] {
  return upUntil === null || lookedAt === null ? [] : notEmpty([{ from: Math.max(upUntil, lookedAt), to: until }]);
}

/** Time that has been charged before is not charged again. */
function beginRun(state: ServerState, run: Run, at: number): ServerState {
  const chargedUntil = Math.max(run.startedAt, state.chargedUntil ?? Number.NEGATIVE_INFINITY);
  const { period } = state;
  const isPaid = period !== null && chargedUntil < period.paidUntil;
  return {
    ...state,
    run,
    upUntil: Math.max(at, state.upUntil ?? at),
    chargedUntil,
    period: isPaid ? period : { from: chargedUntil, paidUntil: chargedUntil },
  };
}

function endRun(state: ServerState, rules: UptimeRules): { state: ServerState; charges: readonly Charge[] } {
  const { state: charged, charges } = chargeSoFar(state, rules);
  const { upUntil, period } = charged;
  const ended = { ...charged, run: null };
  if (rules.unit === null || upUntil === null || period === null) {
    return { state: ended, charges };
  }
  const from = Math.max(period.from, rules.countFrom ?? period.from);
  const unitMs = UNIT_MS[rules.unit];
  const paidUntil = from + Math.ceil((upUntil - from) / unitMs) * unitMs;
  const start = Math.max(upUntil, period.paidUntil);
  if (upUntil <= from || paidUntil <= start) {
    return { state: ended, charges };
  }
  const filled = { from, paidUntil };
  const rounding: Charge = { kind: "rounding", from: start, to: paidUntil, run: null, period: filled };
  return { state: { ...ended, period: filled }, charges: [...charges, rounding] };
}

function openCharge({ run, upUntil, chargedUntil, period }: ServerState, { countFrom }: UptimeRules): Charge | null {
  if (upUntil === null || chargedUntil === null) {
    return null;
  }
  const from = Math.max(chargedUntil, period?.paidUntil ?? chargedUntil, countFrom ?? chargedUntil);
  return from < upUntil ? { kind: "up", from, to: upUntil, run, period } : null;
}

function only(state: ServerState): Seen {
  return { state, charges: [], unknown: [] };
}

function notEmpty(stretches: readonly Stretch[]): Stretch[] {
  return stretches.filter(({ from, to }) => from < to);
}
