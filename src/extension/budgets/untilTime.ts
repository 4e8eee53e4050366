import { LONGEST_PAUSE_MINUTES } from "../../domain/api.ts";

const MINUTES: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1_440 };

/**
 * When something ends that a person gives a time for, in ms since the epoch: a span from `now` (`45m`, `2h`, `1.5d`), or the
 * next time the local clock reads so (`18:30`, `6 pm`). Null for anything else, and for what is no minute or more than a year
 * away.
 */
export function parseUntil(text: string, now: number): number | null {
  const span = /^(\d+(?:\.\d+)?)\s*([mhd])$/i.exec(text.trim());
  const minutes = span === null ? null : Number(span[1]) * (MINUTES[(span[2] ?? "").toLowerCase()] ?? 0);
  if (minutes !== null) {
    return minutes >= 1 && minutes <= LONGEST_PAUSE_MINUTES ? Math.round(now + minutes * 60_000) : null;
  }
  return nextTime(text.trim(), now);
}

function nextTime(text: string, now: number): number | null {
  const [, hours = "", minutes, half] = /^(\d{1,2})(?::(\d\d))?\s*([ap])?\.?m?\.?$/i.exec(text) ?? [];
  if (hours === "" || (minutes === undefined && half === undefined)) {
    return null;
  }
  const isAfternoon = half?.toLowerCase() === "p";
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (isAfternoon ? 12 : 0);
  const isHour = half === undefined ? Number(hours) <= 23 : Number(hours) >= 1 && Number(hours) <= 12;
  if (!isHour || Number(minutes ?? 0) > 59) {
    return null;
  }
  const at = new Date(now);
  at.setHours(hour, Number(minutes ?? 0), 0, 0);
  if (at.getTime() < now + 60_000) {
    at.setDate(at.getDate() + 1);
  }
  return at.getTime();
}
