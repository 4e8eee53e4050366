import { type Calendar, windowAt } from "../window.ts";
import { chargeOf } from "./charge.ts";
import type { Accrual } from "./computeEvents.ts";
import type { HourlyRate } from "./hourlyRate.ts";
import type { Charge, Stretch } from "./uptime.ts";

const QUARTER_HOUR_MS = 900_000;
/** So far back, in ms, stretches are cut at quarter hours: hours and days of every time zone begin with one. */
const FINE_MS = 2 * 86_400_000;

/** What a time up costs and for whom. */
export interface AccrualFrame {
  readonly provider: string;
  readonly rate: HourlyRate;
  readonly calendar: Calendar;
  /** Ms since the epoch. */
  readonly now: number;
  /** Of the last accrual: see `chargeOf`. */
  readonly ahead: number;
  /** In thousandths of the work of a token that is read. */
  readonly decodeWeight: number;
}

/**
 * The accruals that charges mean, in order. Time up is cut wherever a budget's window can end, at local midnights where it is
 * long past; what rounds up a unit is owed when the time up ends, and is not cut.
 */
export function accrualsOf(charges: readonly Charge[], frame: AccrualFrame): Accrual[] {
  let { ahead } = frame;
  return charges.flatMap((charge) => {
    const pieces = charge.kind === "rounding" ? [charge] : piecesOf(charge, frame);
    return pieces.map(({ from, to }): Accrual => {
      const { costNanoUsd, ahead: next } = chargeOf(frame.rate.exactBetween(from, to), ahead);
      ahead = next;
      return {
        provider: frame.provider,
        from,
        to,
        costNanoUsd,
        kind: charge.kind,
        ahead,
        decodeWeight: frame.decodeWeight,
        run: charge.run,
        period: charge.period,
      };
    });
  });
}

function piecesOf({ from, to }: Stretch, { calendar, now }: AccrualFrame): Stretch[] {
  const pieces: Stretch[] = [];
  let at = from;
  while (at < to) {
    const border = at < now - FINE_MS ? (windowAt("day", at, calendar).end ?? to) : nextQuarterHour(at);
    const end = Math.min(border, to);
    pieces.push({ from: at, to: end });
    at = end;
  }
  return pieces;
}

function nextQuarterHour(at: number): number {
  return (Math.floor(at / QUARTER_HOUR_MS) + 1) * QUARTER_HOUR_MS;
}
