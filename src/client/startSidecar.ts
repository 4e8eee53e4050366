import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Environment } from "../domain/config.ts";
import { readyLineSchema } from "../domain/handshake.ts";
import { SidecarUnavailableError } from "./sidecarUnavailableError.ts";

export interface StartOptions {
  readonly dataDir: string;
  /** `sidecar.cjs`, or in development `main.ts`, which Node 24 runs as it is. */
  readonly sidecarPath: string;
  /** The Node (or Electron) to run it with; default: the one that runs this. */
  readonly nodePath?: string;
  readonly environment: Environment;
  /** How long, in ms, the sidecar stays when nobody needs it any more. */
  readonly graceMs: number;
}

/**
 * A young generation half as large as Node's, and one helper thread, for a process in the background that should be felt in
 * neither memory nor processor: 10 to 30 MB less under load (a smaller one lets more of many calls at once grow old, and takes
 * as much again), and with one helper the slowest calls on two cores take half as long.
 */
export const SIDECAR_NODE_FLAGS: readonly string[] = ["--max-semi-space-size=8", "--v8-pool-size=1"];
/** Folder, below the data folder, in which Node keeps the sidecar's compiled code: other users cannot write there. */
const COMPILED_FOLDER = "compiled";

/**
 * For glibc, which otherwise keeps a heap for each thread, and learns from the first large block that it is given back (a
 * prompt, the database's file) to keep up to 64 MB of such.
 */
export const SIDECAR_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: String(128 * 1_024),
  MALLOC_TRIM_THRESHOLD_: String(2 * 1_024 * 1_024),
};

/** The same, with its code kept compiled (some 2 MB a version), which saves a start a third of its processor time. */
export function sidecarEnvironment(dataDir: string): Record<string, string> {
  return { ...SIDECAR_ENVIRONMENT, NODE_COMPILE_CACHE: join(dataDir, COMPILED_FOLDER) };
}

/** Name of the file, below the data folder, that takes what a sidecar in the background says. */
export const SIDECAR_LOG_FILE = "sidecar.log";
/** A log that has grown beyond this many bytes is set aside, in place of the one set aside before. */
const LONGEST_LOG = 1_000_000;
/** A large ledger takes its time to open, a hung process for ever. */
const READY_LIMIT_MS = 30_000;

/**
 * Starts a sidecar in the background and waits until it is ready, or has seen that another process is (`already-running`).
 * It lives on when this process ends.
 * @throws SidecarUnavailableError with the reason, where it ends first or says nothing.
 */
export async function startSidecar(options: StartOptions): Promise<"ready" | "already-running"> {
  const dataDir = resolve(options.dataDir);
  const log = openLog(dataDir);
  const own = ["--data-dir", dataDir, "--json", "--grace", String(options.graceMs)];
  const args = [...SIDECAR_NODE_FLAGS, options.sidecarPath, ...own];
  const child = spawn(options.nodePath ?? process.execPath, args, {
    cwd: dataDir,
    detached: true,
    windowsHide: true,
    env: environmentFor(options.environment, dataDir),
    stdio: ["ignore", "pipe", log.descriptor],
  });
  closeSync(log.descriptor);
  try {
    const line = await firstLine(child);
    if (line !== null) {
      return readAnswer(line);
    }
    throw new SidecarUnavailableError(`The sidecar could not start: ${lastWords(log.path, log.size) ?? endOf(child)}`);
  } finally {
    child.stdout?.destroy();
    child.removeAllListeners();
    child.on("error", () => {});
    child.unref();
  }
}

/** The line of a sidecar that will not serve. */
const notReadySchema = z.object({ ready: z.literal(false), reason: z.string(), message: z.string().optional() });

/** A debugger's or a host's own settings for its Node are not for the sidecar. */
function environmentFor(environment: Environment, dataDir: string): Record<string, string> {
  const { NODE_OPTIONS: _, VSCODE_INSPECTOR_OPTIONS: __, NODE_CHANNEL_FD: ___, ...rest } = environment;
  const defined = Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(defined), ...sidecarEnvironment(dataDir), ELECTRON_RUN_AS_NODE: "1" };
}

interface Log {
  readonly descriptor: number;
  readonly path: string;
  /** What stood in it before, in bytes. */
  readonly size: number;
}

function openLog(dataDir: string): Log {
  const path = join(dataDir, SIDECAR_LOG_FILE);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    let size = sizeOf(path);
    if (size > LONGEST_LOG) {
      renameSync(path, `${path}.1`);
      size = 0;
    }
    return { descriptor: openSync(path, "a", 0o600), path, size };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SidecarUnavailableError(
      `The data folder ${dataDir} cannot be used (${why}). Make it writable, or choose another.`,
      { cause: error },
    );
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The first line of the child's stdout; null where it ended without one. */
function firstLine(child: ChildProcess): Promise<string | null> {
  return new Promise((settle, reject) => {
    let heard = "";
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new SidecarUnavailableError(`The sidecar was started but was not ready within ${READY_LIMIT_MS / 1_000} s.`),
      );
    }, READY_LIMIT_MS);
    const finish = (line: string | null) => {
      clearTimeout(limit);
      settle(line);
    };
    child.stdout?.setEncoding("utf8");
    child.stdout?.on("data", (text: string) => {
      heard += text;
      const end = heard.indexOf("\n");
      if (end >= 0) {
        finish(heard.slice(0, end));
      }
    });
    child.on("error", (error) => {
      clearTimeout(limit);
      reject(new SidecarUnavailableError(`The sidecar could not start: ${error.message}`, { cause: error }));
    });
    child.on("close", () => finish(null));
  });
}

function readAnswer(line: string): "ready" | "already-running" {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    // Said below.
  }
  if (readyLineSchema.safeParse(answer).success) {
    return "ready";
  }
  const { reason, message } = notReadySchema.catch({ ready: false, reason: "failed", message: line }).parse(answer);
  if (reason === "already-running") {
    return "already-running";
  }
  throw new SidecarUnavailableError(`The sidecar could not start: ${message ?? reason}`);
}

function endOf({ exitCode, signalCode, spawnfile }: ChildProcess): string {
  return signalCode === null ? `${spawnfile} ended with code ${exitCode}` : `it was ended by ${signalCode}`;
}

/** What the child wrote last to its log, since `from`; stack lines are of no use to people. */
function lastWords(path: string, from: number): string | null {
  const length = Math.min(Math.max(0, sizeOf(path) - from), 16_384);
  if (length === 0) {
    return null;
  }
  const buffer = Buffer.alloc(length);
  const file = openSync(path, "r");
  try {
    readSync(file, buffer, 0, length, sizeOf(path) - length);
  } finally {
    closeSync(file);
  }
  const lines = buffer
    .toString("utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(at |node:|Node\.js v|\^|\(node:|\(Use )/.test(line));
  const error = lines.findLast((line) => /^(\w*Error|tollgate)\b.*: /.test(line));
  return error?.replace(/^(\w*Error|tollgate)\b[^:]*: /, "") ?? (lines.slice(-3).join(" ") || null);
}
