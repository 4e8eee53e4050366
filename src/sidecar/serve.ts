import { tmpdir, uptime } from "node:os";
import { resolve } from "node:path";
import { ConfigError } from "../domain/config.ts";
import { socketPath } from "../domain/dataFolder.ts";
import { type Handshake, PROTOCOL_VERSION } from "../domain/handshake.ts";
import { announce, DataFolderError, openDataFolder, withdrawAnnouncement } from "./dataFolder.ts";
import { elect } from "./election.ts";
import { Sidecar } from "./sidecar.ts";
import type { SidecarOptions } from "./sidecarOptions.ts";

/** Calls under way get so long to finish when the sidecar leaves, in ms. */
const DRAIN_LIMIT_MS = 30_000;

export interface ServeOptions extends Omit<SidecarOptions, "graceMs" | "now" | "steady" | "wantsToLeave"> {
  /** Leaves after so many ms without clients and calls; null or absent stays. */
  readonly graceMs?: number | null | undefined;
  /** Told once, when calls can come. */
  readonly ready: (handshake: Handshake) => void;
}

/** How serving ended. `failed` carries a message for people. */
export type ServeEnd =
  | { readonly kind: "stopped"; readonly why: string }
  | { readonly kind: "already-running"; readonly handshake: Handshake | null }
  | { readonly kind: "failed"; readonly message: string };

/** Runs the sidecar in this process until a signal, a request, or the end of its grace time. Never throws. */
export async function serve(options: ServeOptions): Promise<ServeEnd> {
  try {
    return await serveOwned(options);
  } catch (error) {
    const known =
      error instanceof ConfigError || error instanceof DataFolderError || (error as Error).name === "LedgerError";
    return {
      kind: "failed",
      message: known
        ? (error as Error).message
        : `Tollgate's sidecar failed to start: ${String((error as Error).stack ?? error)}`,
    };
  }
}

async function serveOwned(options: ServeOptions): Promise<ServeEnd> {
  const dataDir = resolve(options.dataDir);
  openDataFolder(dataDir);
  let greet: (handshake: Handshake) => void = () => {};
  let failGreeting: (error: Error) => void = () => {};
  const greeting = new Promise<Handshake>((ready, fail) => {
    greet = ready;
    failGreeting = fail;
  });
  greeting.catch(() => {});
  const election = await elect(dataDir, socketPath(dataDir, process.platform, tmpdir()), () => greeting);
  if (election.kind === "other") {
    return { kind: "already-running", handshake: election.handshake };
  }
  let leave: (why: string) => void = () => {};
  const leaving = new Promise<string>((asked) => {
    leave = asked;
  });
  try {
    const sidecar = await Sidecar.start({
      ...options,
      dataDir,
      graceMs: options.graceMs ?? null,
      now: Date.now,
      steady: () => uptime() * 1_000,
      wantsToLeave: leave,
    });
    const handshake = {
      protocol: PROTOCOL_VERSION,
      version: options.version,
      pid: process.pid,
      url: sidecar.url,
      dataDir,
    };
    announce(dataDir, handshake);
    greet(handshake);
    const onSignal = (signal: NodeJS.Signals) => leave(signal);
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    options.ready(handshake);
    const why = await leaving;
    await sidecar.drainAndClose(DRAIN_LIMIT_MS);
    withdrawAnnouncement(dataDir);
    process.removeListener("SIGTERM", onSignal);
    process.removeListener("SIGINT", onSignal);
    return { kind: "stopped", why };
  } catch (error) {
    failGreeting(error as Error);
    throw error;
  } finally {
    await election.close();
  }
}
