import type { Environment } from "../domain/config.ts";
import type { LedgerThresholds } from "../ledger/ledger.ts";

export interface SidecarOptions {
  readonly dataDir: string;
  readonly configFile?: string | undefined;
  /** 0 takes any free port; undefined the one of last time, or the default. */
  readonly port?: number | undefined;
  /** Leaves after so many ms without clients and calls; null stays. */
  readonly graceMs: number | null;
  /** How long, in ms, a run may be silent before what it has is taken away. */
  readonly runGraceMs?: number | undefined;
  /** How long, in ms, a provider may stay silent. */
  readonly silenceLimitMs?: number | undefined;
  /** How long, in ms, nothing must have happened before memory is given back. */
  readonly quietMs?: number | undefined;
  readonly environment: Environment;
  readonly version: string;
  readonly wasmPath?: string | undefined;
  readonly ledger?: LedgerThresholds | undefined;
  readonly now: () => number;
  /** A clock in ms that nobody sets, and that goes on while the machine sleeps. */
  readonly steady: () => number;
  readonly log: (message: string) => void;
  /** Called when the sidecar wants to leave: nobody needs it, or it was asked to. */
  readonly wantsToLeave: (why: string) => void;
}
