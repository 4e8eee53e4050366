import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { ensureBuilt } from "../../scripts/ensureBuilt.ts";
import { ApiClient } from "../../src/client/apiClient.ts";
import { findSidecar } from "../../src/client/findSidecar.ts";
import { launchBrowser, openProfile, openWindow } from "../hosts/browser.ts";
import { until } from "../hosts/until.ts";
import { ensureVscode } from "../hosts/vscodeInstall.ts";
import { startVscodeServer, type VscodeServer, type WindowTarget } from "../hosts/vscodeServer.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";

export const ROOT = join(import.meta.dirname, "..", "..");
const SAMPLE = join(ROOT, "test", "hosts", "sampleWorkspace");

/** Other programs of this machine open ports too: VS Code need not speak of them. */
export const SETTINGS = { "tollgate.ask.confirm": "never", "remote.autoForwardPorts": false } as const;

/** The id of Tollgate's status bar item. */
export const STATUS_ITEM = "tollgate.budget";

export interface WorldOptions {
  readonly userSettings?: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
  /** A packaged extension in place of the sources' own bundles. */
  readonly vsixFile?: string;
}

/** A real VS Code with Tollgate in it, simulated providers, and a ledger of its own. */
export interface World {
  readonly upstreams: Upstreams;
  readonly server: VscodeServer;
  readonly dataDir: string;
  readonly workspace: string;
  /** Opens a window, on the world's workspace unless told otherwise; windows of one world belong to one user. */
  open(target?: WindowTarget): Promise<Workbench>;
  /** A client of the sidecar that is running now; waits for one. */
  api(): Promise<ApiClient>;
  /** The process of the sidecar that is running now. */
  sidecarPid(): Promise<number>;
  stop(): Promise<void>;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  if (options.vsixFile === undefined) {
    await ensureBuilt();
  }
  const home = await mkdtemp(join(tmpdir(), "tollgate-world-"));
  const dataDir = options.env?.TOLLGATE_DATA_DIR ?? join(home, "data");
  const workspace = join(home, "workspace");
  await cp(SAMPLE, workspace, { recursive: true });
  const upstreams = await startUpstreams();
  // Compute hours would add to every figure by the second; the test that is about them brings the server up.
  upstreams.vllm.script.healthy = false;
  const config = join(home, "config.json");
  await writeFile(config, JSON.stringify(configFor(upstreams)));
  const server = await startVscodeServer(await ensureVscode(() => {}), {
    env: { TOLLGATE_DATA_DIR: dataDir, TOLLGATE_CONFIG: config, OPENAI_API_KEY: "sk-simulated", ...options.env },
    userSettings: { ...SETTINGS, ...options.userSettings },
    ...(options.vsixFile === undefined ? { extensionFolders: [ROOT] } : { vsixFiles: [options.vsixFile] }),
  });
  let browser: Browser | undefined;
  let profile: BrowserContext | undefined;
  const clients: ApiClient[] = [];
  return {
    upstreams,
    server,
    dataDir,
    workspace,
    async open(target = { folder: workspace }) {
      browser ??= await launchBrowser();
      profile ??= await openProfile(browser);
      const window = await openWindow(profile, server, target);
      // The palette, once open, does not hear of commands that are registered later.
      await window.statusBar.item(STATUS_ITEM).waitFor();
      return window;
    },
    async api() {
      const found = await until("a sidecar", async () => (await findSidecar(dataDir)) ?? undefined);
      const client = new ApiClient(found);
      clients.push(client);
      return client;
    },
    async sidecarPid() {
      return (JSON.parse(await readFile(join(dataDir, "sidecar.json"), "utf8")) as { pid: number }).pid;
    },
    async stop() {
      await browser?.close();
      await server.stop();
      for (const client of clients) {
        client.close();
      }
      await endSidecar(dataDir);
      await upstreams.stop();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Providers that are simulated; small output limits pass as they are, and no call waits for long. */
function configFor({ openai, anthropic, vllm }: Upstreams): unknown {
  return {
    providers: {
      openai: { protocol: "openai", baseUrl: openai.url },
      anthropic: { protocol: "anthropic", baseUrl: anthropic.url },
      vllm: { protocol: "openai", baseUrl: vllm.url, pricing: { kind: "compute-hour", hourlyRateUsd: 0.16 } },
    },
    gate: { minOutputTokens: 16, waitMs: 500, tightShare: 1 },
  };
}

async function endSidecar(dataDir: string): Promise<void> {
  const found = await findSidecar(dataDir).catch(() => null);
  if (found === null) {
    return;
  }
  const client = new ApiClient(found);
  await client.shutdown("the tests are over").catch(() => {});
  client.close();
  await until("the sidecar to leave", async () => (await findSidecar(dataDir).catch(() => null)) === null);
}
