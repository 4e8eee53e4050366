import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ApiClient } from "../../src/client/apiClient.ts";
import { SIDECAR_ENVIRONMENT, SIDECAR_NODE_FLAGS } from "../../src/client/startSidecar.ts";
import { readyLineSchema } from "../../src/domain/handshake.ts";

const ENTRY = join(import.meta.dirname, "../../src/sidecar/main.ts");

export interface StartOptions {
  readonly dataDir?: string;
  /** Takes the port of its folder's last sidecar, as a user's does, instead of any free one. */
  readonly keepsPort?: boolean;
  readonly args?: readonly string[];
  /** Beside what every sidecar has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A sidecar process of a test, with a data folder of its own. */
export class RunningSidecar {
  readonly dataDir: string;
  readonly url: string;
  readonly pid: number;
  readonly api: ApiClient;
  readonly #process: ChildProcess;
  readonly #said: () => string;

  private constructor(dataDir: string, url: string, child: ChildProcess, said: () => string) {
    this.dataDir = dataDir;
    this.url = url;
    this.pid = child.pid as number;
    this.#process = child;
    this.#said = said;
    this.api = new ApiClient({ url, token: readFileSync(join(dataDir, "token"), "utf8").trim() });
  }

  /** Starts one on a fresh data folder, or again on an old one. @throws with what the process said when it did not start. */
  static async start(config: unknown, options: StartOptions = {}): Promise<RunningSidecar> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "tollgate-sidecar-"));
    const file = join(dataDir, "test-config.json");
    if (config !== null) {
      writeFileSync(file, JSON.stringify(config));
    }
    const args = [ENTRY, "--data-dir", dataDir, "--config", file, "--json", ...(options.args ?? [])];
    args.push(...(options.keepsPort === true ? [] : ["--port", "0"]));
    const env = { ...SIDECAR_ENVIRONMENT, PATH: process.env.PATH, ...options.env };
    const child = spawn(process.execPath, [...SIDECAR_NODE_FLAGS, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
    let trouble = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      trouble += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const [line] = (await Promise.race([once(lines, "line"), once(child, "exit")])) as [unknown];
    const ready = readyLineSchema.safeParse(typeof line === "string" ? JSON.parse(line) : null);
    if (!ready.success) {
      throw new Error(`The sidecar did not start: ${String(line)} ${trouble}`);
    }
    return new RunningSidecar(dataDir, ready.data.url, child, () => trouble);
  }

  /** What it has written to its log so far. */
  get log(): string {
    return this.#said();
  }

  /** How its process ended; null while it runs. */
  get end(): string | null {
    const { exitCode, signalCode } = this.#process;
    return exitCode === null && signalCode === null ? null : `it ended with ${signalCode ?? exitCode}`;
  }

  /** Base URLs that carry a pass for this caller. */
  async urls(
    caller: { project?: string; tool?: string; user?: string; tags?: string[] } = {},
  ): Promise<Record<string, string>> {
    return (await this.api.pass(caller)).urls;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it as a user would. Gives the exit code. */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** Ends it and removes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.kill(signal);
      await ended;
    }
    return this.#process.exitCode;
  }
}
