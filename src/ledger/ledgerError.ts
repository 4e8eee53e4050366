/**
 * `disk-full`, `read-only`, `io`: the disk did not take it; what was not acknowledged is kept in memory and written first when
 * the disk takes it again. `fenced`: another sidecar owns the folder now. `newer`: the folder was written by a newer Tollgate.
 */
export type LedgerErrorCode = "disk-full" | "read-only" | "io" | "fenced" | "newer" | "closed" | "missing-part";

/** The ledger cannot do what was asked; the message says in plain words what to do. */
export class LedgerError extends Error {
  override readonly name = "LedgerError";
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Says what a file system's error means for the user of the ledger in `dir`. */
export function ledgerErrorFrom(error: unknown, dir: string): LedgerError {
  if (error instanceof LedgerError) {
    return error;
  }
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const detail = error instanceof Error ? error.message : String(error);
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new LedgerError(
        "disk-full",
        `The disk is full: Tollgate cannot book calls in ${dir}. Free some space; booking goes on by itself.`,
        error,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new LedgerError(
        "read-only",
        `The folder ${dir} cannot be written (${code}). Make it writable for your user, or choose another data folder.`,
        error,
      );
    default:
      return new LedgerError("io", `The disk failed to take the books in ${dir}: ${detail}. Check the disk.`, error);
  }
}

export function fencedError(dir: string): LedgerError {
  return new LedgerError(
    "fenced",
    `Another Tollgate sidecar has taken over ${dir}. This one books nothing any more and should be stopped.`,
  );
}

export function newerError(what: string): LedgerError {
  return new LedgerError(
    "newer",
    `${what} was written by a newer version of Tollgate. Update Tollgate to open it; nothing was changed.`,
  );
}
