import type { WindowKind } from "./budget.ts";

/** Where days, weeks and months begin and end. */
export interface Calendar {
  /** IANA name. */
  readonly timeZone: string;
  /** 0 Sunday … 6 Saturday. */
  readonly weekStartsOn: number;
}

/** A stretch of time in ms since the epoch; `end` is exclusive, null where it never ends. */
export interface Window {
  readonly start: number;
  readonly end: number | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const ALWAYS: Window = Object.freeze({ start: 0, end: null });

/**
 * The window of a kind that an instant lies in. Hours, days, weeks and months are those of the local clock, so a day may
 * have 23 or 25 hours; `total` and `run` never end.
 */
export function windowAt(kind: WindowKind, at: number, calendar: Calendar): Window {
  if (kind === "total" || kind === "run") {
    return ALWAYS;
  }
  const { timeZone } = calendar;
  if (kind === "hour") {
    return hourAt(at, timeZone);
  }
  const { year, month, day } = localDate(at, timeZone);
  if (kind === "day") {
    return { start: startOfDay(year, month, day, timeZone), end: startOfDay(year, month, day + 1, timeZone) };
  }
  if (kind === "week") {
    const weekday = new Date(Date.UTC(year, month, day)).getUTCDay();
    const first = day - ((weekday - calendar.weekStartsOn + 7) % 7);
    return { start: startOfDay(year, month, first, timeZone), end: startOfDay(year, month, first + 7, timeZone) };
  }
  return { start: startOfDay(year, month, 1, timeZone), end: startOfDay(year, month + 1, 1, timeZone) };
}

/** Whether an instant lies in a window. */
export function isWithin({ start, end }: Window, at: number): boolean {
  return at >= start && (end === null || at < end);
}

/** The local day of an instant, as `2026-11-21`. */
export function localDayKey(at: number, timeZone: string): string {
  const { year, month, day } = localDate(at, timeZone);
  return `${String(year).padStart(4, "0")}-${String(month + 1).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** The starts of the last `count` local days, oldest first, the day of `at` last. */
export function lastDays(count: number, at: number, timeZone: string): number[] {
  const { year, month, day } = localDate(at, timeZone);
  return Array.from({ length: count }, (_, index) => startOfDay(year, month, day - (count - 1 - index), timeZone));
}

/** The first instant of a local day such as `2026-11-21`. */
export function startOfLocalDay(day: string, timeZone: string): number {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return startOfDay(year, month - 1, date, timeZone);
}

/** Local hours begin with the clock's full hour; where a zone shifts by less than an hour, one of them is shorter. */
function hourAt(at: number, timeZone: string): Window {
  const offset = offsetAt(at, timeZone);
  let start = Math.floor((at + offset) / HOUR_MS) * HOUR_MS - offset;
  let end = start + HOUR_MS;
  if ((offsetAt(start, timeZone) - offset) % HOUR_MS !== 0) {
    start = shiftBetween(start, at, timeZone);
  }
  if ((offsetAt(end - 1, timeZone) - offset) % HOUR_MS !== 0) {
    end = shiftBetween(at, end, timeZone);
  }
  return { start, end };
}

/** The instant after `low`, up to `high`, from which the offset of `high` holds. */
function shiftBetween(low: number, high: number, timeZone: string): number {
  const target = offsetAt(high, timeZone);
  let before = low;
  let after = high;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, timeZone) === target) {
      after = middle;
    } else {
      before = middle;
    }
  }
  return after;
}

/** First instant of a local day (`month` from 0, `day` may run over). A day that begins in a gap begins at the gap's end. */
function startOfDay(year: number, month: number, day: number, timeZone: string): number {
  const asUtc = Date.UTC(year, month, day);
  const before = offsetAt(asUtc - DAY_MS, timeZone);
  const after = offsetAt(asUtc + DAY_MS, timeZone);
  const early = asUtc - Math.max(before, after);
  const late = asUtc - Math.min(before, after);
  for (const candidate of [early, late]) {
    if (candidate + offsetAt(candidate, timeZone) === asUtc) {
      return candidate;
    }
  }
  return asUtc - before;
}

function localDate(at: number, timeZone: string): { year: number; month: number; day: number } {
  const local = new Date(at + offsetAt(at, timeZone));
  return { year: local.getUTCFullYear(), month: local.getUTCMonth(), day: local.getUTCDate() };
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Local time minus UTC at an instant, in ms. */
function offsetAt(at: number, timeZone: string): number {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formatters.set(timeZone, formatter);
  }
  const fields: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(at)) {
    fields[type] = Number(value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  const wholeSeconds = Math.floor(at / 1_000) * 1_000;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSeconds;
}
