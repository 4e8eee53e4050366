import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { findSidecar } from "../src/client/findSidecar.ts";
import { cacheFolder } from "../test/hosts/cacheFolder.ts";
import { cleanEnvironment } from "../test/hosts/cleanEnvironment.ts";
import { findProgram } from "../test/hosts/findProgram.ts";
import { ensureVscode } from "../test/hosts/vscodeInstall.ts";
import { startVscodeServer } from "../test/hosts/vscodeServer.ts";
import { type DemoFolder, demoFolder, forgetDemo, prepareDemoFolder, writeDemoConfig } from "./demoFolder.ts";
import { openDesktopVscode } from "./desktopVscode.ts";
import { ensureBuilt } from "./ensureBuilt.ts";
import { startSimulatedProviders } from "./simulatedProviders.ts";

const HELP = `npm start [-- OPTION…]
Opens VS Code with Tollgate, on a sample workspace, with simulated providers.
  --fresh    forgets what earlier starts spent and changed
  --browser  the real VS Code in a browser, even where the desktop's command "code" is found
  --check    starts all, sees whether it answers, and ends it again`;

const root = join(import.meta.dirname, "..");
const { values: flags } = parseArgs({
  options: {
    fresh: { type: "boolean", default: false },
    browser: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

/** What has been started, to be ended in reverse order, each once. */
const endings: (() => Promise<void> | void)[] = [];
let leaving: Promise<never> | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    if (leaving === undefined) say("\nEnding what was started");
    void leave(0);
  });

if (flags.help) {
  say(HELP);
} else {
  try {
    await start();
  } catch (error) {
    console.error((error as Error).message);
    await leave(1);
  }
}

async function start(): Promise<void> {
  // A check is nobody's demonstration: it gets a folder of its own, and leaves nothing.
  const folder = flags.check ? await mkdtemp(join(tmpdir(), "tollgate-check-")) : join(cacheFolder(), "demo");
  const demo = demoFolder(folder);
  if (flags.check) endings.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  const running = await readRunning(demo);
  if (running) return say(`Tollgate is running already: ${running}`);
  await ensureBuilt();
  await endSidecar(demo);
  if (flags.fresh) await forgetDemo(demo);
  await prepareDemoFolder(demo);

  const providers = await startSimulatedProviders();
  endings.push(providers.stop);
  await writeDemoConfig(demo, providers.urls);
  say(
    `Simulated providers: OpenAI ${providers.urls.openai}, Anthropic ${providers.urls.anthropic}, vLLM ${providers.urls.vllm}, Google ${providers.urls.google}`,
  );
  endings.push(() => endSidecar(demo));

  const desktop = flags.browser || flags.check ? undefined : findProgram("code");
  if (desktop && (await openDesktop(demo, desktop))) await leave(0);
  await openInBrowser(demo);
}

/** The demonstration's environment: its own ledger and configuration, keys that only the simulated providers take. */
function demoEnvironment(demo: DemoFolder): NodeJS.ProcessEnv {
  return {
    TOLLGATE_DATA_DIR: demo.dataDir,
    TOLLGATE_CONFIG: demo.configFile,
    OPENAI_API_KEY: "sk-simulated",
    ANTHROPIC_API_KEY: "sk-ant-simulated",
    GEMINI_API_KEY: "simulated",
    VLLM_ENDPOINT: undefined,
    VLLM_HOURLY_RATE: undefined,
    BUDGET_LIMIT: undefined,
  };
}

/** @returns false where VS Code's command failed at once, so that the browser can take over. */
async function openDesktop(demo: DemoFolder, program: string): Promise<boolean> {
  const env = { ...cleanEnvironment(), ...demoEnvironment(demo) };
  const desktop = await openDesktopVscode({
    program,
    extensionFolder: root,
    workspace: demo.workspace,
    userDataDir: join(demo.vscodeDir, "desktop"),
    settings: { "workbench.startupEditor": "readme" },
    env,
  });
  endings.push(desktop.stop);
  await noteRunning(demo, "desktop VS Code");
  say("VS Code is opening. Close it, or press Ctrl+C here, to end all.");
  const code = await desktop.closed;
  if (code !== 0) say(`"${program}" ended with ${code}; opening VS Code in a browser instead.`);
  return code === 0;
}

async function openInBrowser(demo: DemoFolder): Promise<void> {
  const install = await ensureVscode(say);
  const server = await startVscodeServer(install, {
    dataDir: join(demo.vscodeDir, "server"),
    extensionFolders: [root],
    env: demoEnvironment(demo),
    userSettings: { "workbench.startupEditor": "readme" },
  });
  endings.push(server.stop);
  const url = server.windowUrl({ folder: demo.workspace });
  const answer = await fetch(url);
  if (!answer.ok || !(await answer.text()).includes("workbench"))
    throw new Error(`VS Code does not answer: ${answer.status}`);
  if (flags.check) {
    say("ready");
    await leave(0);
  }
  await noteRunning(demo, url);
  say(`\nVS Code with Tollgate: ${url}\n\nOpen this address in a browser. Ctrl+C here ends all.`);
  openAddress(url);
}

/** In the user's browser, where there is a display. Where not, the printed address has to do. */
function openAddress(url: string): void {
  const opener =
    process.platform === "darwin"
      ? findProgram("open")
      : process.env.DISPLAY || process.env.WAYLAND_DISPLAY
        ? findProgram("xdg-open")
        : undefined;
  if (opener)
    spawn(opener, [url], { stdio: "ignore", detached: true })
      .on("error", () => {})
      .unref();
}

/** Ends the demonstration's sidecar and waits until its ledger is closed: it would know other addresses than the new ones. */
async function endSidecar(demo: DemoFolder): Promise<void> {
  const sidecar = await findSidecar(demo.dataDir).catch(() => null);
  if (!sidecar) return;
  process.kill(sidecar.pid, "SIGTERM");
  while (isAlive(sidecar.pid)) await pause(20);
}

/** What an earlier start, still running, has opened. */
async function readRunning(demo: DemoFolder): Promise<string | undefined> {
  try {
    const { pid, opened } = JSON.parse(await readFile(demo.runningFile, "utf8")) as { pid: number; opened: string };
    return isAlive(pid) ? opened : undefined;
  } catch {
    return undefined;
  }
}

async function noteRunning(demo: DemoFolder, opened: string): Promise<void> {
  await writeFile(demo.runningFile, JSON.stringify({ pid: process.pid, opened }));
  endings.push(() => rm(demo.runningFile, { force: true }));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function leave(code: number): Promise<never> {
  leaving ??= (async () => {
    for (const ending of endings.reverse())
      try {
        await ending();
      } catch (error) {
        console.error((error as Error).message);
      }
    process.exit(code);
  })();
  return leaving;
}

function say(line: string): void {
  console.log(line);
}
