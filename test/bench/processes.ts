import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** A process under measurement. */
export interface Measured {
  readonly pid: number;
  /** What it said first. */
  readonly firstLine: string;
  stop(): Promise<void>;
}

/** Starts a program with this Node and waits for its first line. */
export async function startMeasured(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Measured> {
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...environment },
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await Promise.race([once(lines, "line"), once(child, "exit")])) as [unknown];
  if (typeof line !== "string") {
    throw new Error(`${args.join(" ")} ended before it was ready`);
  }
  lines.on("line", () => {});
  return {
    pid: child.pid as number,
    firstLine: line,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
    },
  };
}

/** Resident memory in MB; NaN where the system does not tell. */
export function residentMb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;
  } catch {
    return Number.NaN;
  }
}
