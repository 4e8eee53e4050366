import type { Correction } from "../../domain/events.ts";
import type { Books } from "../books.ts";
import { wholeNumber } from "../database.ts";

/** The call whose work a provider knows under an id, as long as it is not known what it cost; null where there is none. */
export function deferredCall({ database }: Books, provider: string, deferredId: string): string | null {
  const row = database.get("SELECT call_id FROM deferred WHERE provider = ? AND deferred_id = ?", [
    provider,
    deferredId,
  ]);
  return row === null ? null : String(row.call_id);
}

/** What was corrected of a call, oldest first. */
export function correctionsOf({ database }: Books, callId: string): Correction[] {
  return database.all("SELECT * FROM corrections WHERE call_id = ? ORDER BY seq", [callId]).map((row) => ({
    at: Number(row.at),
    beforeNanoUsd: wholeNumber(row.before_nano_usd),
    afterNanoUsd: wholeNumber(row.after_nano_usd),
    by: String(row.by),
    why: String(row.why),
  }));
}
