import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTests } from "@vscode/test-electron";
import { build } from "esbuild";
import { launchBrowser, openProfile, openWindow } from "./browser.ts";
import { ensureVscode } from "./vscodeInstall.ts";
import { startVscodeServer } from "./vscodeServer.ts";

export interface ExtensionHostRun {
  extensionFolder: string;
  /** A TypeScript module whose `run()` the extension host calls; a rejection is the failure. */
  testModule: string;
  env: NodeJS.ProcessEnv;
}

/**
 * Runs a module inside VS Code's extension host, with the extension under development: in the real VS Code in a browser, or,
 * with TOLLGATE_VSCODE=desktop, in desktop VS Code through `@vscode/test-electron`, which downloads one unless
 * VSCODE_EXECUTABLE names one. Rejects with what the extension host said when `run()` fails.
 */
export async function runInExtensionHost(run: ExtensionHostRun): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-host-"));
  try {
    const testsPath = await bundle(run.testModule, folder);
    await (process.env.TOLLGATE_VSCODE === "desktop"
      ? runInDesktop(run, testsPath, folder)
      : runInBrowser(run, testsPath));
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runInDesktop(run: ExtensionHostRun, testsPath: string, folder: string): Promise<void> {
  const { VSCODE_EXECUTABLE } = process.env;
  await runTests({
    ...(VSCODE_EXECUTABLE ? { vscodeExecutablePath: VSCODE_EXECUTABLE } : {}),
    extensionDevelopmentPath: run.extensionFolder,
    extensionTestsPath: testsPath,
    extensionTestsEnv: run.env,
    launchArgs: ["--disable-extensions", "--disable-workspace-trust", `--user-data-dir=${join(folder, "user")}`],
  });
}

async function runInBrowser(run: ExtensionHostRun, extensionTestsPath: string): Promise<void> {
  const server = await startVscodeServer(await ensureVscode(console.log), { env: run.env, smokeTestDriver: true });
  const browser = await launchBrowser();
  try {
    const lines: string[] = [];
    let onExit = (_code: number): void => {};
    const exit = new Promise<number>((resolve) => {
      onExit = resolve;
    });
    const target = { extensionDevelopmentPath: run.extensionFolder, extensionTestsPath };
    const onLog = (level: string, args: unknown): void => {
      if (level !== "info") lines.push(`${level}: ${JSON.stringify(args)}`);
    };
    await openWindow(await openProfile(browser), server, target, { onLog, onExit: (code) => onExit(code) });
    const code = await exit;
    if (code !== 0) throw new Error(`The extension host's run ended with ${code}:\n${lines.join("\n")}`);
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** One CommonJS file, as extension hosts load test modules; VS Code insists on the ending `.js`. */
async function bundle(testModule: string, folder: string): Promise<string> {
  const outfile = join(folder, "run.js");
  await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }\n');
  await build({
    entryPoints: [testModule],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["vscode"],
  });
  return outfile;
}
