import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnvironment } from "./cleanEnvironment.ts";
import { runCommand } from "./runCommand.ts";
import type { VscodeInstall } from "./vscodeInstall.ts";

const STOP_TIMEOUT_MS = 5_000;

export interface VscodeServerOptions {
  /** Added to the environment of the server and with it of every extension host; `undefined` takes a variable away. */
  env?: NodeJS.ProcessEnv;
  /** User settings, of any scope; see {@link VscodeServer.writeUserSettings}. */
  userSettings?: Readonly<Record<string, unknown>>;
  /** Folders of unpacked extensions (with their `package.json`), linked in as installed ones: a rebuild needs only a reload. */
  extensionFolders?: readonly string[];
  /** Packaged extensions, installed before the start as a user would install them. */
  vsixFiles?: readonly string[];
  /**
   * Lets windows load `extensionDevelopmentPath` and `extensionTestsPath`, which a built VS Code heeds only under its smoke
   * test driver. Under that driver VS Code shows no notifications, so leave it off where a person or a test looks at them.
   */
  smokeTestDriver?: boolean;
  /** Where VS Code keeps everything of this server. Default: a temporary folder, deleted at `stop`. */
  dataDir?: string;
}

/** What a window opens; all paths are absolute. The last two need {@link VscodeServerOptions.smokeTestDriver}. */
export interface WindowTarget {
  folder?: string;
  /** A `.code-workspace` file, in place of a folder. */
  workspace?: string;
  /** An extension's source folder, loaded as "extension under development". */
  extensionDevelopmentPath?: string;
  /** A `.js` module whose `run()` the extension host calls; `codeAutomationExit` tells its end. */
  extensionTestsPath?: string;
}

export interface VscodeServer {
  /** `http://127.0.0.1:<port>` */
  url: string;
  pid: number;
  dataDir: string;
  /** The address of a workbench window. */
  windowUrl(target: WindowTarget): string;
  /**
   * Writes the user's `settings.json`. This workbench keeps it on the server (`<dataDir>/data/User`), not in the browser's
   * storage, so that settings of every scope, `application` included, can be preset here. An open window takes a change when it
   * is loaded again: it need not follow the file.
   */
  writeUserSettings(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Writes the machine's `settings.json`. A window on a server takes settings of the scope `machine` from there; in the
   * user's own they count only until VS Code has learned their scope from the extension.
   */
  writeMachineSettings(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** The user's settings as they are now, what the interface wrote included. */
  readUserSettings(): Promise<Record<string, unknown>>;
  /** What installed extensions wrote to their log output channels, for a failure's report. */
  extensionLogs(): Promise<string>;
  /** All that the server printed, for a failure's report. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts VS Code's own server on a free loopback port, with data of its own, and resolves when it listens. */
export async function startVscodeServer(
  install: VscodeInstall,
  options: VscodeServerOptions = {},
): Promise<VscodeServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "tollgate-vscode-")));
  const settingsFile = join(dataDir, "data", "User", "settings.json");
  const env = { ...cleanEnvironment(), ...options.env };
  await mkdir(join(dataDir, "data", "User"), { recursive: true });
  const writeUserSettings = (settings: Readonly<Record<string, unknown>>): Promise<void> =>
    writeFile(settingsFile, `${JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2)}\n`);
  await writeUserSettings(options.userSettings ?? {});
  await linkExtensions(join(dataDir, "extensions"), options.extensionFolders ?? []);

  const common = [
    install.serverMain,
    "--server-data-dir",
    dataDir,
    "--accept-server-license-terms",
    "--disable-telemetry",
  ];
  for (const file of options.vsixFiles ?? [])
    await runCommand(install.node, [...common, "--install-extension", file], { env });

  const serve = ["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--disable-workspace-trust"];
  if (options.smokeTestDriver) serve.push("--enable-smoke-test-driver");
  const child = spawn(install.node, [...common, ...serve], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that stopping the server ends its extension hosts and terminals as well.
    detached: process.platform !== "win32",
  });
  const endAtExit = (): void => signalGroup(child, "SIGKILL");
  process.once("exit", endAtExit);

  let output = "";
  const port = await new Promise<number>((resolve, reject) => {
    const collect = (chunk: string): void => {
      output += chunk;
      const bound = /Extension host agent listening on (\d+)/.exec(output);
      if (bound) resolve(Number(bound[1]));
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`VS Code's server ended at its start with ${code}:\n${output}`)));
  });

  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    pid: child.pid ?? 0,
    dataDir,
    windowUrl: (target) => windowUrl(url, target),
    writeUserSettings,
    writeMachineSettings: async (settings) => {
      const folder = join(dataDir, "data", "Machine");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "settings.json"), JSON.stringify(settings));
    },
    readUserSettings: async () => JSON.parse(await readFile(settingsFile, "utf8")) as Record<string, unknown>,
    extensionLogs: () => readLogs(join(dataDir, "data", "logs")),
    output: () => output,
    stop: async () => {
      process.off("exit", endAtExit);
      await end(child);
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * Settings that keep a fresh VS Code from greeting, phoning out and asking. All in their present form: an outdated one VS Code
 * rewrites some seconds after each start, and takes back what was written to the file in between.
 */
const QUIET_SETTINGS: Readonly<Record<string, unknown>> = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": "off",
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "window.commandCenter": false,
  "window.autoDetectColorScheme": false,
  "workbench.layoutControl.enabled": false,
  "chat.commandCenter.enabled": false,
  "git.enabled": false,
  "editor.accessibilitySupport": "off",
};

/**
 * Links rather than copies, and rather than pointing VS Code's own list at the folder: uninstalling the extension in the
 * interface then removes a link, not somebody's clone.
 */
async function linkExtensions(extensionsDir: string, folders: readonly string[]): Promise<void> {
  if (folders.length === 0) return;
  await mkdir(extensionsDir, { recursive: true });
  for (const name of await readdir(extensionsDir)) {
    const path = join(extensionsDir, name);
    if ((await lstat(path)).isSymbolicLink()) await rm(path);
  }
  // Without its list VS Code looks through the folder again.
  await rm(join(extensionsDir, "extensions.json"), { force: true });
  for (const folder of folders) {
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<string, string>;
    await symlink(
      folder,
      join(extensionsDir, `${manifest.publisher}.${manifest.name}-${manifest.version}`),
      "junction",
    );
  }
}

function windowUrl(url: string, target: WindowTarget): string {
  const { host } = new URL(url);
  const remote = (path: string): string => `vscode-remote://${host}${encodeURI(path)}`;
  const payload: [string, string][] = [];
  if (target.extensionDevelopmentPath)
    payload.push(["extensionDevelopmentPath", remote(target.extensionDevelopmentPath)]);
  if (target.extensionTestsPath) payload.push(["extensionTestsPath", remote(target.extensionTestsPath)]);
  const opened = target.folder
    ? `folder=${encodeURI(target.folder)}`
    : target.workspace
      ? `workspace=${encodeURI(target.workspace)}`
      : "ew=true";
  const query = [opened];
  if (payload.length > 0) query.push(`payload=${encodeURIComponent(JSON.stringify(payload))}`);
  return `${url}/?${query.join("&")}`;
}

async function readLogs(logsDir: string): Promise<string> {
  const files = await readdir(logsDir, { recursive: true, withFileTypes: true }).catch(() => []);
  const logs = files.filter(
    (file) => file.isFile() && /exthost\d+[\\/](?!vscode\.|output_logging)[^\\/]+$/.test(file.parentPath),
  );
  const texts = await Promise.all(
    logs.map(async (file) => `--- ${file.name}\n${await readFile(join(file.parentPath, file.name), "utf8")}`),
  );
  return texts.join("\n");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    signalGroup(child, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child, "SIGKILL"), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
  // Extension hosts wait a moment for their server to come back; what is left of the group is not needed.
  signalGroup(child, "SIGKILL");
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
