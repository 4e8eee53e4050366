import * as vscode from "vscode";
import type { ApiClient } from "../client/apiClient.ts";
import { SidecarLink } from "../client/sidecarLink.ts";
import type { Status } from "../domain/api.ts";
import type { Environment } from "../domain/config.ts";
import { defaultDataDir } from "../domain/dataFolder.ts";
import type { TollgateEvent } from "../domain/events.ts";

export type SidecarState =
  /** Found or being started. The figures are the last ones heard, if any. */
  | { readonly kind: "starting"; readonly status: Status | undefined }
  | { readonly kind: "up"; readonly status: Status }
  /** It cannot be reached or started; it is tried again on its own, and by the next call. */
  | { readonly kind: "failed"; readonly reason: string; readonly status: Status | undefined };

export interface SidecarViewOptions {
  readonly dataDir: string;
  readonly sidecarPath: string;
  readonly environment: () => Environment;
  readonly version: string;
  readonly log: vscode.LogOutputChannel;
}

/** The sidecar as this window sees it: its figures, its events, and a way to call it that starts it where it is not running. */
export class SidecarView implements vscode.Disposable {
  readonly dataDir: string;
  readonly #link: SidecarLink;
  readonly #options: Omit<SidecarViewOptions, "log"> & { readonly log: (message: string) => void };
  readonly #changed = new vscode.EventEmitter<SidecarState>();
  readonly #events = new vscode.EventEmitter<TollgateEvent>();
  readonly onDidChange = this.#changed.event;
  readonly onDidEvent = this.#events.event;

  constructor({ log, ...options }: SidecarViewOptions) {
    this.dataDir = options.dataDir;
    this.#options = { ...options, log: (message) => log.info(message) };
    this.#link = new SidecarLink(this.#options);
    this.#link.onStatus(() => this.#changed.fire(this.state));
    this.#link.onState((state) => {
      if (state.kind === "unavailable") {
        log.error(`The sidecar cannot be reached: ${state.reason}`);
      }
      this.#changed.fire(this.state);
    });
    this.#link.onEvent((event) => this.#events.fire(event));
  }

  get status(): Status | undefined {
    return this.#link.status ?? undefined;
  }

  get state(): SidecarState {
    const { status } = this;
    const { state } = this.#link;
    if (state.kind === "unavailable") {
      return { kind: "failed", reason: state.reason, status };
    }
    return state.kind === "connected" && status !== undefined ? { kind: "up", status } : { kind: "starting", status };
  }

  start(): void {
    this.#link.start();
  }

  /** @throws SidecarUnavailableError, with the reason in words for the user. */
  api(): Promise<ApiClient> {
    return this.#link.ensure();
  }

  /** A way to the sidecar of a run's own; what the run has of its own there lasts as long as this is open. */
  linkFor(run: string): SidecarLink {
    return new SidecarLink({ ...this.#options, run });
  }

  async restart(): Promise<void> {
    await this.#link.restart();
  }

  dispose(): void {
    this.#link.dispose();
    this.#changed.dispose();
    this.#events.dispose();
  }
}

/** Where this user's ledger lies. */
export function dataDirOf(environment: NodeJS.ProcessEnv, home: string): string {
  return defaultDataDir({ platform: process.platform, home, environment });
}
