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
  return memoryMb(pid, "VmRSS");
}

/** The most that it ever was. */
export function peakMb(pid: number): number {
  return memoryMb(pid, "VmHWM");
}

function memoryMb(pid: number, name: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
  } catch {
    return Number.NaN;
  }
}

/** Linux counts processor time in hundredths of a second. */
const MS_A_TICK = 10;

/** Processor time that a process has taken, in ms, all its threads included; NaN where the system does not tell. */
export function cpuMs(pid: number): number {
  try {
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [user, system] = fields.split(" ").slice(11, 13);
    return (Number(user) + Number(system)) * MS_A_TICK;
  } catch {
    return Number.NaN;
  }
}
