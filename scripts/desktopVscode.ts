import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface DesktopVscode {
  /** Resolves when the user closes VS Code, with the exit code of its command. */
  closed: Promise<number>;
  stop(): void;
}

export interface DesktopVscodeOptions {
  /** The command `code`. */
  program: string;
  extensionFolder: string;
  workspace: string;
  userDataDir: string;
  settings: Readonly<Record<string, unknown>>;
  env: NodeJS.ProcessEnv;
}

/** Opens desktop VS Code with an extension under development, with user data of its own beside the user's. */
export async function openDesktopVscode(options: DesktopVscodeOptions): Promise<DesktopVscode> {
  const userDir = join(options.userDataDir, "User");
  await mkdir(userDir, { recursive: true });
  await writeFile(join(userDir, "settings.json"), `${JSON.stringify(options.settings, null, 2)}\n`);
  // --verbose keeps the command in the foreground until VS Code ends, and its end ends VS Code.
  const child = spawn(
    options.program,
    [
      "--verbose",
      "--disable-workspace-trust",
      `--extensionDevelopmentPath=${options.extensionFolder}`,
      `--user-data-dir=${options.userDataDir}`,
      options.workspace,
    ],
    {
      env: options.env,
      stdio: "ignore",
      detached: process.platform !== "win32",
      shell: process.platform === "win32",
    },
  );
  return {
    closed: once(child, "exit").then(([code]) => (typeof code === "number" ? code : 0)),
    stop: () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      if (process.platform === "win32") child.kill();
      else process.kill(-child.pid, "SIGTERM");
    },
  };
}
