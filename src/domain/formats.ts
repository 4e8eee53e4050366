import type { Scope, WindowKind } from "./budget.ts";

/** How times are told: by which clock, and in which language's habits. */
export interface TimeFormat {
  /** IANA name; absent: the machine's own zone. */
  readonly timeZone?: string;
  readonly locale?: string;
}

const DEFAULT_LOCALE = "en-US";

/** A count in full, `12,345`. */
export function formatCount(count: number, locale = DEFAULT_LOCALE): string {
  return count.toLocaleString(locale);
}

/** Tokens in short: `950`, `12.3k`, `1.25M`; never rounded up to the next unit's 1. */
export function formatTokens(tokens: number): string {
  for (const [unit, size] of UNITS) {
    if (tokens >= size) {
      const value = tokens / size;
      const digits = value >= 100 ? 0 : value >= 10 || size === 1_000 ? 1 : 2;
      const scale = 10 ** digits;
      return `${(Math.floor(value * scale) / scale).toFixed(digits)}${unit}`;
    }
  }
  return String(tokens);
}
const UNITS = [
  ["B", 1_000_000_000],
  ["M", 1_000_000],
  ["k", 1_000],
] as const;

/** A price in USD to its last digit, `$0.0375`, `$15.00`. */
export function formatPrice(usd: number, locale = DEFAULT_LOCALE): string {
  return `$${usd.toLocaleString(locale, { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;
}

/** A span of time, given in ms: `420 ms`, `1.2 s`, `48 s`, `2 m 5 s`, `3 h 20 m`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 9_950) {
    return `${(ms / 1_000).toFixed(1)} s`;
  }
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) {
    return `${seconds} s`;
  }
  if (seconds < 3_600) {
    return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 1_440
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} m`
    : `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

/** A share as whole percent, rounded down, so that `100%` says that all of it is reached. */
export function formatPercent(share: number): string {
  return `${Math.floor(share * 100 + 1e-9)}%`;
}

/** The time of day, `3:20 PM`; with seconds `3:20:05 PM`. */
export function formatTime(at: number, format: TimeFormat = {}, seconds = false): string {
  return formatter(format, { hour: "numeric", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) }).format(
    at,
  );
}

/** A moment as briefly as `now` (both ms since the epoch) allows: `3:20 PM`, `Nov 30, 3:20 PM`, `Nov 30, 2025, 3:20 PM`. */
export function formatMoment(at: number, now: number, format: TimeFormat = {}): string {
  const day = dayParts(at, format);
  const today = dayParts(now, format);
  if (day.year === today.year && day.rest === today.rest) {
    return formatTime(at, format);
  }
  return formatter(format, {
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    ...(day.year === today.year ? {} : { year: "numeric" }),
  }).format(at);
}

/** A local day given as `2026-11-21`: `Nov 21`; with its weekday, `Sat, Nov 21`. */
export function formatDay(
  day: string,
  { weekday = false, locale }: { weekday?: boolean; locale?: string } = {},
): string {
  const format = { timeZone: "UTC", ...(locale === undefined ? {} : { locale }) };
  return formatter(format, { month: "short", day: "numeric", ...(weekday ? { weekday: "short" } : {}) }).format(
    Date.parse(`${day}T00:00:00Z`),
  );
}

/** What a budget covers, in words: `everything`, `project web, model gpt-*`. */
export function scopeInWords(scope: Scope): string {
  const parts = SCOPE_FIELDS.flatMap((field) => (scope[field] === undefined ? [] : [`${field} ${scope[field]}`]));
  return parts.length === 0 ? "everything" : parts.join(", ");
}
const SCOPE_FIELDS = ["project", "provider", "model", "tool", "user", "tag"] as const;

/** A budget's window as seen from within it. */
export function windowInWords(window: WindowKind): string {
  return WINDOW_WORDS[window];
}
const WINDOW_WORDS: Readonly<Record<WindowKind, string>> = {
  hour: "this hour",
  day: "today",
  week: "this week",
  month: "this month",
  total: "in total",
  run: "this run",
};

function dayParts(at: number, format: TimeFormat): { year: string; rest: string } {
  return {
    year: formatter(format, { year: "numeric" }).format(at),
    rest: formatter(format, { month: "short", day: "numeric" }).format(at),
  };
}

/** Making a formatter costs more than using it a hundred times. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter({ timeZone, locale = DEFAULT_LOCALE }: TimeFormat, options: Intl.DateTimeFormatOptions) {
  const key = JSON.stringify([locale, timeZone, options]);
  let made = formatters.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(locale, { ...options, ...(timeZone === undefined ? {} : { timeZone }) });
    formatters.set(key, made);
  }
  return made;
}
