import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder } from "../hosts/cacheFolder.ts";
import { withLock } from "../hosts/folderLock.ts";
import { npmInstall } from "../hosts/npmInstall.ts";

/** The clients from the npm registry that are run, in the versions that docs/clients.md tells of. */
export const CLIENT_VERSIONS = {
  "@anthropic-ai/claude-code": "2.1.329",
  "@openai/codex": "0.169.0",
  "opencode-ai": "1.18.33",
  "@continuedev/cli": "1.5.47",
  "@google/gemini-cli": "0.61.0",
  cline: "3.0.65",
  "@mariozechner/pi-coding-agent": "0.73.1",
} as const;

/** An installed client's folder below `node_modules`. */
export type ClientFolder = (packageName: string) => string;

let found: Promise<ClientFolder> | undefined;

/**
 * The real clients, installed once into the user's cache folder (2 GB, two or three minutes), then found there at once. Their
 * scripts do not run: those that are programs of their own come as packages for the platform.
 * @throws Error where they cannot be installed.
 */
export function ensureClients(say: (line: string) => void): Promise<ClientFolder> {
  found ??= install(say);
  return found;
}

async function install(say: (line: string) => void): Promise<ClientFolder> {
  const versions = Object.entries(CLIENT_VERSIONS).map(([name, version]) => `${name}@${version}`);
  const key = createHash("sha256").update(versions.join()).digest("hex").slice(0, 12);
  const target = join(cacheFolder(), `clients-${key}`);
  const isThere = () =>
    access(join(target, "node_modules")).then(
      () => true,
      () => false,
    );
  if (!(await isThere())) {
    const onWait = (pid: number) => say(`The clients are being installed by process ${pid}; waiting for it`);
    await withLock(`${target}.lock`, onWait, async () => {
      if (await isThere()) {
        return;
      }
      await mkdir(dirname(target), { recursive: true });
      const work = await mkdtemp(`${target}.part-`);
      try {
        say(`Installing ${versions.length} clients from npm into ${dirname(target)} (once for all, a few minutes)`);
        await writeFile(join(work, "package.json"), '{ "private": true }\n');
        await npmInstall(work, versions);
        await rename(work, target);
      } catch (error) {
        await rm(work, { recursive: true, force: true });
        throw error;
      }
    });
  }
  return (name) => join(target, "node_modules", name);
}
