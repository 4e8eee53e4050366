import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function makeTempFolder(): string {
  return mkdtempSync(join(tmpdir(), "tollgate-client-"));
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/** Pids of the fake sidecars that were started for a data folder, in order. */
export function startedPids(dataDir: string): number[] {
  try {
    return readFileSync(join(dataDir, "starts"), "utf8").trim().split("\n").map(Number);
  } catch {
    return [];
  }
}

/** Ends them; those that have ended already are left alone. */
export function killStarted(dataDir: string): void {
  for (const pid of startedPids(dataDir)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}
