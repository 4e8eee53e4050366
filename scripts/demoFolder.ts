import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface DemoFolder {
  /** The ledger of the demonstration, apart from the user's own. */
  dataDir: string;
  workspace: string;
  /** VS Code's data: window layout, secrets, settings. */
  vscodeDir: string;
  configFile: string;
  /** Notes the start that is running. */
  runningFile: string;
}

/** Base URLs of the simulated providers. */
export interface DemoProviders {
  openai: string;
  anthropic: string;
  vllm: string;
  google: string;
}

const SAMPLE = join(import.meta.dirname, "..", "test", "hosts", "sampleWorkspace");

export function demoFolder(root: string): DemoFolder {
  return {
    dataDir: join(root, "data"),
    workspace: join(root, "parcel-rates"),
    vscodeDir: join(root, "vscode"),
    configFile: join(root, "tollgate.json"),
    runningFile: join(root, "running.json"),
  };
}

/** Makes what is missing. Files of the sample workspace that the user has changed stay as they are. */
export async function prepareDemoFolder(demo: DemoFolder): Promise<void> {
  await mkdir(demo.dataDir, { recursive: true, mode: 0o700 });
  await cp(SAMPLE, demo.workspace, { recursive: true, force: false });
}

export async function forgetDemo(demo: DemoFolder): Promise<void> {
  for (const path of [demo.dataDir, demo.workspace, demo.vscodeDir]) await rm(path, { recursive: true, force: true });
}

/** A configuration of the simulated providers under a budget small enough to run into. */
export async function writeDemoConfig(demo: DemoFolder, urls: DemoProviders): Promise<void> {
  const config = {
    providers: {
      openai: { protocol: "openai", baseUrl: urls.openai, pricing: { kind: "catalog" } },
      anthropic: { protocol: "anthropic", baseUrl: urls.anthropic, pricing: { kind: "catalog" } },
      google: { protocol: "google", baseUrl: urls.google, pricing: { kind: "catalog" } },
      vllm: { protocol: "openai", baseUrl: urls.vllm, pricing: { kind: "compute-hour", hourlyRateUsd: 0.16 } },
    },
    budgets: [{ name: "month", limitUsd: 1, window: "month", hard: true, warnAt: [0.75, 0.9] }],
  };
  await writeFile(demo.configFile, `${JSON.stringify(config, null, 2)}\n`);
}
