import { setTimeout as delay } from "node:timers/promises";
import type { Status } from "../domain/api.ts";
import type { Environment } from "../domain/config.ts";
import type { TollgateEvent } from "../domain/events.ts";
import { PROTOCOL_VERSION } from "../domain/handshake.ts";
import { ApiClient } from "./apiClient.ts";
import { type FoundSidecar, findSidecar } from "./findSidecar.ts";
import { Listeners } from "./listeners.ts";
import { SidecarUnavailableError } from "./sidecarUnavailableError.ts";
import { startSidecar } from "./startSidecar.ts";
import { isNewer } from "./versionOrder.ts";

export interface SidecarLinkOptions {
  readonly dataDir: string;
  /** `sidecar.cjs`, or in development `main.ts`. */
  readonly sidecarPath: string;
  /** The Node (or Electron) to run it with; default: the one that runs this. */
  readonly nodePath?: string;
  /** What a sidecar gets as its environment; asked when one is started. */
  readonly environment: () => Environment;
  /** The version of this client: an older sidecar is replaced. */
  readonly version: string;
  /** How long, in ms, a sidecar that was started stays when nobody needs it any more; default a minute. */
  readonly graceMs?: number;
  /** The run that the event stream is held for. */
  readonly run?: string;
  readonly log?: (message: string) => void;
}

export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly url: string }
  /** Tried again on its own, ever less often. */
  | { readonly kind: "unavailable"; readonly reason: string };

const GRACE_MS = 60_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** A sidecar that opens a large ledger says its handshake only afterwards. */
const HANDSHAKE_LIMIT_MS = 10_000;
/** A stream that has held this long, in ms, was no failed attempt. */
const SETTLED_MS = 5_000;
/** How long, in ms, a sidecar that was asked to leave may take: it lets its calls go on for 30 s, then closes its ledger. */
const LEAVE_LIMIT_MS = 45_000;
/** An election lost to a process that then leaves, or that is not ready yet, is run again, but not for ever. */
const START_ATTEMPTS = 5;

/**
 * The way to the sidecar: finds it, starts it where none runs, replaces an older one, and, once `start`ed, keeps its event
 * stream open, whatever happens to the sidecar. An open stream is what keeps a sidecar that was started this way alive.
 */
export class SidecarLink {
  readonly #options: SidecarLinkOptions;
  readonly #statuses = new Listeners<Status>();
  readonly #events = new Listeners<TollgateEvent>();
  readonly #states = new Listeners<LinkState>();
  readonly #disposal = new AbortController();
  #state: LinkState = { kind: "connecting" };
  #status: Status | null = null;
  #client: ApiClient | null = null;
  #token = "";
  #streaming = false;
  #following = false;
  #pending: Promise<ApiClient> | null = null;
  #pause = new AbortController();

  constructor(options: SidecarLinkOptions) {
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The figures as last heard; null before the first. */
  get status(): Status | null {
    return this.#status;
  }

  /** Each returns a function that ends it. */
  onStatus(listener: (status: Status) => void): () => void {
    return this.#statuses.add(listener);
  }

  onEvent(listener: (event: TollgateEvent) => void): () => void {
    return this.#events.add(listener);
  }

  onState(listener: (state: LinkState) => void): () => void {
    return this.#states.add(listener);
  }

  /**
   * A client of the running sidecar, which is started where none runs. Calls at the same time share one attempt.
   * @throws SidecarUnavailableError
   */
  ensure(): Promise<ApiClient> {
    if (this.#streaming && this.#client !== null) {
      return Promise.resolve(this.#client);
    }
    this.#pending ??= this.#reach().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  /** A client of the running sidecar, or null where none runs. Starts nothing. */
  async find(): Promise<ApiClient | null> {
    const found = await findSidecar(this.#options.dataDir);
    return found === null ? null : this.#clientOf(found);
  }

  /** Opens the event stream and keeps it open until `dispose`. */
  start(): void {
    if (!this.#following && !this.#disposal.signal.aborted) {
      this.#following = true;
      void this.#follow();
    }
  }

  /**
   * Has a running sidecar leave, and starts another.
   * @throws SidecarUnavailableError
   */
  async restart(): Promise<ApiClient> {
    const found = await findSidecar(this.#options.dataDir);
    if (found !== null) {
      await this.#dismiss(found, "a user asked for a restart");
    }
    this.#streaming = false;
    return this.ensure();
  }

  /** Ends the stream; the sidecar lives on by itself for its grace time. */
  dispose(): void {
    this.#disposal.abort();
    this.#pause.abort();
    this.#client?.close();
    this.#statuses.clear();
    this.#events.clear();
    this.#states.clear();
  }

  async #reach(): Promise<ApiClient> {
    const { dataDir, sidecarPath, nodePath, environment, version, graceMs = GRACE_MS } = this.#options;
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
      this.#throwIfDisposed();
      const found = await findSidecar(dataDir, HANDSHAKE_LIMIT_MS);
      if (found !== null && found.protocol > PROTOCOL_VERSION) {
        throw new SidecarUnavailableError(
          `The running sidecar (version ${found.version}) is newer than this program (${version}). Update this program.`,
        );
      }
      if (found !== null && found.protocol === PROTOCOL_VERSION && !isNewer(version, found.version)) {
        const client = this.#clientOf(found);
        this.#pause.abort();
        return client;
      }
      if (found !== null) {
        this.#log(`Replacing the sidecar of version ${found.version} by ${version}`);
        await this.#dismiss(found, `replaced by version ${version}`);
      }
      this.#throwIfDisposed();
      const how = await startSidecar({
        dataDir,
        sidecarPath,
        environment: environment(),
        graceMs,
        ...(nodePath === undefined ? {} : { nodePath }),
      });
      this.#log(how === "ready" ? "Started the sidecar" : "Another process has started the sidecar");
      if (how === "already-running") {
        await delay(FIRST_PAUSE_MS * attempt);
      }
    }
    throw new SidecarUnavailableError(`No sidecar could be reached for ${dataDir}, although one seems to run.`);
  }

  #clientOf({ url, token }: FoundSidecar): ApiClient {
    if (this.#client?.url !== url || this.#token !== token) {
      this.#client?.close();
      this.#client = new ApiClient({ url, token });
      this.#token = token;
    }
    return this.#client;
  }

  /** Resolves once the sidecar no longer answers for the data folder. */
  async #dismiss(found: FoundSidecar, why: string): Promise<void> {
    const client = new ApiClient(found);
    try {
      await client.shutdown(why);
    } catch (error) {
      if (!(error instanceof SidecarUnavailableError)) {
        throw error;
      }
    } finally {
      client.close();
    }
    const deadline = Date.now() + LEAVE_LIMIT_MS;
    while ((await findSidecar(this.#options.dataDir))?.pid === found.pid) {
      if (Date.now() > deadline) {
        throw new SidecarUnavailableError(`The sidecar (process ${found.pid}) was asked to leave but still runs.`);
      }
      await delay(50);
    }
  }

  async #follow(): Promise<void> {
    let failures = 0;
    while (!this.#disposal.signal.aborted) {
      try {
        const client = await this.ensure();
        const openedAt = performance.now();
        const reason = await this.#stream(client);
        this.#log(`The event stream ended: ${reason}`);
        failures = performance.now() - openedAt > SETTLED_MS ? 0 : failures + 1;
        this.#setState({ kind: "connecting" });
      } catch (error) {
        failures += 1;
        this.#setState({ kind: "unavailable", reason: error instanceof Error ? error.message : String(error) });
      }
      await this.#rest(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1)));
    }
  }

  /** Resolves with the reason when the stream has ended. */
  #stream(client: ApiClient): Promise<string> {
    const { signal } = this.#disposal;
    return new Promise((resolve) => {
      const end = (reason: string) => {
        signal.removeEventListener("abort", stop);
        this.#streaming = false;
        resolve(reason);
      };
      const stop = () => end("no longer wanted");
      signal.addEventListener("abort", stop);
      client.subscribe(
        {
          onStatus: (status) => {
            this.#streaming = true;
            this.#status = status;
            this.#setState({ kind: "connected", url: client.url });
            this.#statuses.tell(status);
          },
          onEvent: (event) => this.#events.tell(event),
          onClose: end,
        },
        signal,
        this.#options.run,
      );
    });
  }

  /** Waits, or less where somebody else reaches the sidecar meanwhile. */
  async #rest(ms: number): Promise<void> {
    this.#pause = new AbortController();
    await delay(ms, undefined, { signal: this.#pause.signal }).catch(() => {});
  }

  #setState(state: LinkState): void {
    const before = this.#state;
    const same = before.kind === state.kind && JSON.stringify(before) === JSON.stringify(state);
    this.#state = state;
    if (!same && !this.#disposal.signal.aborted) {
      this.#states.tell(state);
    }
  }

  #throwIfDisposed(): void {
    if (this.#disposal.signal.aborted) {
      throw new SidecarUnavailableError("This window is closing.");
    }
  }

  #log(message: string): void {
    this.#options.log?.(message);
  }
}
