import { readFileSync, rmSync, writeFileSync } from "node:fs";

/** Keeps a second batch from writing to the same file: each would ask, and pay for, what the other does. */
export class OutputLock {
  readonly #path: string;

  /** @throws Error where another process that is alive has it; the message names it. What a dead one left is taken over. */
  constructor(output: string) {
    this.#path = `${output}.lock`;
    if (!this.#take()) {
      const owner = ownerOf(this.#path);
      if (owner !== null && isAlive(owner)) {
        throw new Error(`another batch, of process ${owner}, writes to it (if not, delete ${this.#path})`);
      }
      rmSync(this.#path, { force: true });
      if (!this.#take()) {
        throw new Error("another batch has just begun to write to it");
      }
    }
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }

  #take(): boolean {
    try {
      writeFileSync(this.#path, String(process.pid), { flag: "wx" });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") {
        return false;
      }
      throw error;
    }
  }
}

/** Null where the file says nothing that makes sense, or is gone. */
function ownerOf(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It may be another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
