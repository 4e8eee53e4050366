import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { DemoProviders } from "./demoFolder.ts";

const MAIN = join(import.meta.dirname, "..", "test", "upstreams", "main.ts");

export interface SimulatedProviders {
  urls: DemoProviders;
  stop(): Promise<void>;
}

/** Starts the simulated providers as a process of their own, which also ends when this one is gone. */
export async function startSimulatedProviders(): Promise<SimulatedProviders> {
  const child = spawn(process.execPath, [MAIN, "--exit-with-stdin"], { stdio: ["pipe", "pipe", "inherit"] });
  const line = await Promise.race([firstLine(child), once(child, "exit").then(() => undefined)]);
  if (line === undefined) throw new Error("The simulated providers did not start; the reason stands above.");
  return {
    urls: JSON.parse(line) as DemoProviders,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface({ input: child.stdout })) return line;
  return undefined;
}
