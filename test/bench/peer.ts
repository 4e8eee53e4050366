import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../hosts/cacheFolder.ts";
import { runCommand } from "../hosts/runCommand.ts";
import { type Measured, startMeasured } from "./processes.ts";

/** A gateway that keeps no books, to compare with. As installed, its server answers every stream with status 500. */
const PEER = { "@portkey-ai/gateway": "1.15.2" };
const MENDED = { "@hono/node-server": "1.13.5" };

/** Installs the peer into a cache folder outside the project, once. */
async function installedPeer(): Promise<string> {
  const folder = join(cacheFolder(), `bench-peer-${PEER["@portkey-ai/gateway"]}`);
  if (!existsSync(folder)) {
    const building = `${folder}.${process.pid}`;
    mkdirSync(building, { recursive: true });
    writeFileSync(
      join(building, "package.json"),
      JSON.stringify({ private: true, dependencies: PEER, overrides: MENDED }),
    );
    try {
      await runCommand("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
        cwd: building,
      });
      renameSync(building, folder);
    } finally {
      rmSync(building, { recursive: true, force: true });
    }
  }
  return join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
}

export async function startPeer(): Promise<Measured & { readonly url: string }> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const peer = await startMeasured([await installedPeer(), `--port=${port}`, "--headless"]);
  return { ...peer, url: `http://127.0.0.1:${port}/v1` };
}

/** How the peer is told where a call goes. */
export function peerHeaders(base: string): Record<string, string> {
  return { "x-portkey-provider": "openai", "x-portkey-custom-host": base };
}
