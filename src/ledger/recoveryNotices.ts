import type { Notices } from "./notices.ts";
import type { SkippedEvent } from "./projection.ts";
import type { Recovery } from "./recovery.ts";

/** Says what opening found. */
export function noteRecovery(notices: Notices, recovery: Recovery, setAside: readonly string[]): void {
  if (setAside.length > 0) {
    notices.set(
      "damaged-snapshot",
      `A damaged database file was set aside as ${setAside.join(" and ")}. The ledger was rebuilt from the journal.`,
    );
  }
  for (const { segment, lines, copy } of recovery.damaged) {
    notices.set(
      `damaged ${segment}`,
      `${lines === 1 ? "One entry" : `${lines} entries`} of the journal file ${segment} could not be read and ${lines === 1 ? "is" : "are"} missing from the books. Copied to ${copy}.`,
    );
  }
  if (recovery.tornTail) {
    notices.set(
      "torn",
      "The journal ended in the middle of an entry when Tollgate last stopped. That entry had not been booked; nothing is missing.",
    );
  }
  noteSkipped(notices, recovery.skipped);
}

export function noteSkipped(notices: Notices, skipped: readonly SkippedEvent[]): void {
  for (const { seq, why } of skipped) {
    notices.set(`skipped ${seq}`, `Entry ${seq} of the journal could not be added to the totals: ${why}`);
  }
}
