import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const PRODUCTS = ["extension.cjs", "sidecar.cjs", "cli.cjs", "panel.js"].map((name) => join(root, "dist", name));

/** Bundles the sources into dist/, unless all that is there is newer than every source. */
export async function ensureBuilt(): Promise<void> {
  const products = await Promise.all(PRODUCTS.map(timeOf));
  const sources = await Promise.all((await sourceFiles()).map(timeOf));
  if (Math.min(...products) >= Math.max(...sources)) return;
  const build = spawn(process.execPath, [join(root, "esbuild.mjs")], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(build, "exit");
  if (code !== 0) throw new Error("The build failed; the reason stands above.");
}

async function sourceFiles(): Promise<string[]> {
  const entries = await readdir(join(root, "src"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return [...files, join(root, "esbuild.mjs"), join(root, "package-lock.json")];
}

/** Last change in ms since the epoch; 0 for a file that is not there. */
async function timeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}
