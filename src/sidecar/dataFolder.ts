import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SIDECAR_FILE, TOKEN_FILE } from "../domain/dataFolder.ts";

/** The data folder cannot be used; the message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

/** Makes the data folder if it is missing, for this user alone. */
export function openDataFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${dir} cannot be used (${reasonOf(error)}). Make it writable, or choose another with --data-dir.`,
    );
  }
}

/** Writes a file for this user alone: either the old content stands or the new, never half of it. @throws DataFolderError */
export function writePrivately(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    throw new DataFolderError(
      isFull
        ? `The disk is full: ${path} could not be written, and nothing was changed. Free some space first.`
        : `${path} could not be written, and nothing was changed (${reasonOf(error)}).`,
    );
  }
}

/** The API's bearer token: made once for a data folder, then kept, so that clients stay valid over restarts. */
export function readOrMakeToken(dir: string): string {
  const path = join(dir, TOKEN_FILE);
  try {
    const token = readFileSync(path, "utf8").trim();
    if (/^[0-9a-f]{64}$/.test(token)) {
      chmodSync(path, 0o600);
      return token;
    }
  } catch (error) {
    if (!isMissing(error)) {
      throw new DataFolderError(`${path} cannot be read (${reasonOf(error)}).`);
    }
  }
  const token = randomBytes(32).toString("hex");
  writePrivately(path, `${token}\n`);
  return token;
}

/** Tells others where the sidecar is. */
export function announce(dir: string, content: Record<string, unknown>): void {
  writePrivately(join(dir, SIDECAR_FILE), `${JSON.stringify(content)}\n`);
}

export function withdrawAnnouncement(dir: string): void {
  rmSync(join(dir, SIDECAR_FILE), { force: true });
}

/** The port that the last sidecar of this folder had, so that addresses in shell profiles stay true. */
export function lastPort(dir: string): number | null {
  try {
    const port = Number(readFileSync(join(dir, "port"), "utf8"));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
}

export function rememberPort(dir: string, port: number): void {
  writePrivately(join(dir, "port"), `${port}\n`);
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === "ENOENT";
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
