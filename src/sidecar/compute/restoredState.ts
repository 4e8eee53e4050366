import { NEVER_SEEN, type ServerState } from "../../domain/compute/uptime.ts";
import type { Ledger } from "../../ledger/ledger.ts";

type Books = Pick<Ledger, "lastAccrual" | "providerState" | "lastBefore">;

/** What the books know of a server from the time before this process. */
export function restoredState(ledger: Books, provider: string): { state: ServerState; ahead: number } {
  const last = ledger.lastAccrual(provider);
  const told = ledger.providerState(provider);
  if (last === null && told === null) {
    return { state: NEVER_SEEN, ahead: 0 };
  }
  // What rounds up a unit begins where the time up ended.
  const accruedUntil = last === null ? null : last.kind === "rounding" ? last.from : last.to;
  const upSince = told?.up === true && (accruedUntil === null || last?.run === null) ? told.at : null;
  const upUntil = Math.max(accruedUntil ?? Number.NEGATIVE_INFINITY, upSince ?? Number.NEGATIVE_INFINITY);
  if (upUntil === Number.NEGATIVE_INFINITY) {
    return { state: { ...NEVER_SEEN, lookedAt: ledger.lastBefore }, ahead: 0 };
  }
  const begun = { startedAt: upSince ?? last?.from ?? upUntil, ownStart: null };
  return {
    state: {
      run: told?.up === false ? null : (last?.run ?? begun),
      upUntil,
      chargedUntil: upUntil,
      period: last?.period ?? null,
      lookedAt: Math.max(upUntil, ledger.lastBefore ?? upUntil),
      unreachable: null,
    },
    ahead: last?.ahead ?? 0,
  };
}
