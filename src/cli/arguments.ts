import { UsageError } from "./exitCode.ts";

/** An amount of USD as people write it: `5`, `$5.50`. @throws UsageError */
export function amountOf(text: string, name: string): number {
  const value = Number(text.trim().replace(/^\$/, ""));
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new UsageError(`${name}: "${text}" is not an amount in USD, such as 5 or 0.50`);
  }
  return value;
}

/** A whole number of at least 1, and of at most `most` where that is given. @throws UsageError */
export function countOf(text: string, name: string, most = Number.POSITIVE_INFINITY): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    const bounds = most === Number.POSITIVE_INFINITY ? "of at least 1" : `from 1 to ${most}`;
    throw new UsageError(`${name}: "${text}" is not a whole number ${bounds}`);
  }
  return value;
}

/** A span of time from now on, `90m`, `2h` or `1d`, in minutes: at least one, at most `most`. @throws UsageError */
export function minutesOf(text: string, name: string, most: number): number {
  const span = /^(\d{1,6})([mhd])$/.exec(text);
  const minutes = Number(span?.[1]) * (MINUTES[span?.[2] ?? ""] ?? Number.NaN);
  if (Number.isNaN(minutes)) {
    throw new UsageError(`${name}: "${text}" is not a span of time, such as 90m, 2h or 1d`);
  }
  if (minutes < 1 || minutes > most) {
    throw new UsageError(`${name}: "${text}" is not between 1m and ${most / 1_440}d`);
  }
  return minutes;
}
const MINUTES: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1_440 };

/** A share of a whole, 0 to 1. @throws UsageError */
export function shareOf(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new UsageError(`${name}: "${text}" is not a share from 0 to 1, such as 0.5`);
  }
  return value;
}

/** A port, 0 for any free one. @throws UsageError */
export function portOf(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new UsageError(`--port: "${text}" is not a port, 0 to 65535`);
  }
  return value;
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A moment as ISO 8601 in UTC: from a day (`2026-11-21`, local time), a time (`2026-11-21T08:00`, local unless it says
 * otherwise), or a span before `now` (`12h`, `7d`, `2w`). As an end, a day is taken whole.
 * @throws UsageError
 */
export function momentOf(text: string, name: "--since" | "--until", now: number): string {
  const span = /^(\d{1,6})([hdw])$/.exec(text);
  if (span !== null) {
    return new Date(now - Number(span[1]) * (UNITS[span[2] ?? ""] ?? 0)).toISOString();
  }
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const moment =
    day === null
      ? /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(text)
        ? new Date(text.replace(" ", "T"))
        : new Date(Number.NaN)
      : localDay(Number(day[1]), Number(day[2]), Number(day[3]), name === "--until" ? 1 : 0);
  if (Number.isNaN(moment.getTime())) {
    throw new UsageError(`${name}: "${text}" is not a time, such as 2026-11-21, 2026-11-21T08:00 or 7d`);
  }
  return moment.toISOString();
}

function localDay(year: number, month: number, day: number, later: number): Date {
  const date = new Date(year, month - 1, day);
  const exists = date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day;
  return exists ? new Date(year, month - 1, day + later) : new Date(Number.NaN);
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}
