import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command `tollgate` as a process, in a clean environment. */
export class CommandLine {
  readonly #environment: Record<string, string>;

  constructor(environment: Record<string, string>) {
    this.#environment = environment;
  }

  start(args: readonly string[], more: Record<string, string> = {}): ChildProcess {
    return spawn(process.execPath, [MAIN, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env.PATH ?? "", ...this.#environment, ...more },
    });
  }

  /** Runs a command to its end. */
  async run(
    args: readonly string[],
    options: { env?: Record<string, string>; input?: string } = {},
  ): Promise<Finished> {
    const child = this.start(args, options.env);
    child.stdin?.end(options.input ?? "");
    const [out, err] = await Promise.all([
      text(child.stdout as NodeJS.ReadableStream),
      text(child.stderr as NodeJS.ReadableStream),
      child.exitCode === null && child.signalCode === null ? once(child, "close") : undefined,
    ]);
    return { code: child.exitCode, out, err };
  }
}

/** The first line that a process writes to stdout. @throws where it ends without one, with what it said on stderr. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let trouble = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    trouble += chunk.toString();
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await Promise.race([once(lines, "line"), once(child, "close")])) as [unknown];
  if (typeof line !== "string") {
    throw new Error(`The process ended without a word: ${trouble}`);
  }
  return line;
}

/** Sends a signal and gives the exit code. */
export async function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
  return child.exitCode;
}
