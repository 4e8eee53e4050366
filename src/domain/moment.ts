import { z } from "zod";
import { startOfLocalDay } from "./window.ts";

/** A day, which begins at local midnight, or an instant that names its zone. */
export const momentSchema = z
  .string()
  .refine(isMoment, "a day (2026-11-21, from local midnight) or a time with its zone (2026-11-21T08:00:00Z)");

function isMoment(text: string): boolean {
  return z.iso.date().safeParse(text).success || z.iso.datetime({ offset: true }).safeParse(text).success;
}

/** The instant that a moment means, ms since the epoch; days begin by the clock of `timeZone`, an IANA name. */
export function momentOf(text: string, timeZone: string): number {
  return text.includes("T") ? Date.parse(text) : startOfLocalDay(text, timeZone);
}
