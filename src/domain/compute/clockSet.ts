import type { ServerState } from "./uptime.ts";
import { isSameStart } from "./uptime.ts";

/** A difference, in ms, that clocks which are kept right do not make from one look to the next. */
const SET_MS = 5_000;

/**
 * By how many ms this machine's clock was set since the last look: what it has gained on a clock that nobody sets and that
 * goes on in a sleep. 0 where it was not. Both are how far the one was ahead of the other.
 */
export function clockSetBy(aheadBefore: number | null, aheadNow: number): number {
  const by = aheadBefore === null ? 0 : aheadNow - aheadBefore;
  return Math.abs(by) > SET_MS ? by : 0;
}

/**
 * What is known of a server, by a clock that was set by so many ms: no time has passed with it, and none is taken back. `ownStart`
 * is the start that the server tells now: by this machine's clock it has moved too, unless it is told by the one before.
 */
export function afterClockSet(state: ServerState, by: number, ownStart: number | null): ServerState {
  const moved = (at: number | null) => (at === null ? null : at + by);
  const { run, period, unreachable } = state;
  return {
    run: run === null ? null : isSameStart(run.ownStart, ownStart) ? run : { ...run, startedAt: run.startedAt + by },
    upUntil: moved(state.upUntil),
    chargedUntil: moved(state.chargedUntil),
    period: period === null ? null : { from: period.from + by, paidUntil: period.paidUntil + by },
    lookedAt: moved(state.lookedAt),
    unreachable: unreachable === null ? null : { ...unreachable, since: unreachable.since + by },
  };
}
