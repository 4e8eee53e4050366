import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { ApiClient } from "../client/apiClient.ts";
import { SidecarLink } from "../client/sidecarLink.ts";
import { defaultDataDir } from "../domain/dataFolder.ts";
import { VERSION } from "../domain/version.ts";

/** Options that every command takes. */
export interface CommonOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
}

/** The folder that is meant, as an absolute path. */
export function dataDirOf({ dataDir }: CommonOptions): string {
  const machine = { platform: process.platform, home: homedir(), environment: process.env };
  return resolve(dataDir ?? defaultDataDir(machine));
}

/** The way to the sidecar; `run` names the run of `tollgate run` that it is for. */
export function linkTo(options: CommonOptions, run?: string): SidecarLink {
  return new SidecarLink({
    ...(run === undefined ? {} : { run }),
    dataDir: dataDirOf(options),
    sidecarPath: sidecarPath(),
    environment: () => process.env,
    version: VERSION,
  });
}

/** Runs something with a client of the sidecar, which is started where none runs. */
export async function withSidecar<T>(options: CommonOptions, use: (api: ApiClient) => Promise<T>): Promise<T> {
  const link = linkTo(options);
  try {
    return await use(await link.ensure());
  } finally {
    link.dispose();
  }
}

/** The sidecar lies beside this command's bundle; in development it is its source. */
function sidecarPath(): string {
  const bundle = join(import.meta.dirname, "sidecar.cjs");
  return existsSync(bundle) ? bundle : join(import.meta.dirname, "../sidecar/main.ts");
}
