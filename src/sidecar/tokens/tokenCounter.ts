import { existsSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { TokenAnswer, TokenJob } from "./tokenWorker.ts";

/** The tokenizer takes 0.2 s to load; a count that takes longer than this, in ms, is done without. */
const COUNT_LIMIT_MS = 3_000;
/** The tokenizer's 100 MB are given back when it has not been asked for so long, in ms. */
const IDLE_MS = 60_000;

/** Counts tokens in a thread of its own, which is started when the first count is asked for. */
export class TokenCounter {
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | null = null;
  #nextId = 1;
  readonly #waiting = new Map<number, (tokens: number | null) => void>();

  /** Whether a count costs no start now. */
  get isLoaded(): boolean {
    return this.#worker !== null;
  }

  /** Tokens of all text in a JSON body by o200k; null where they cannot be counted in time. Never throws. */
  count(body: Buffer): Promise<number | null> {
    const worker = this.#running();
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      const limit = setTimeout(() => done(null), COUNT_LIMIT_MS);
      const done = (tokens: number | null) => {
        clearTimeout(limit);
        this.#waiting.delete(id);
        resolve(tokens);
      };
      this.#waiting.set(id, done);
      const job: TokenJob = { id, body: new Uint8Array(body) };
      worker.postMessage(job, [job.body.buffer as ArrayBuffer]);
    });
  }

  close(): void {
    if (this.#idle !== null) {
      clearTimeout(this.#idle);
    }
    void this.#worker?.terminate();
    this.#gone();
  }

  #running(): Worker {
    if (this.#idle !== null) {
      clearTimeout(this.#idle);
    }
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
    this.#idle.unref();
    if (this.#worker === null) {
      const worker = new Worker(workerPath());
      worker.unref();
      worker.on("message", ({ id, tokens }: TokenAnswer) => this.#waiting.get(id)?.(tokens));
      worker.on("error", () => this.#gone());
      this.#worker = worker;
    }
    return this.#worker;
  }

  #gone(): void {
    this.#worker = null;
    for (const done of [...this.#waiting.values()]) {
      done(null);
    }
  }
}

/** Beside the bundle; in development, the source, which Node runs as it is. */
function workerPath(): string {
  const bundled = join(import.meta.dirname, "tokenWorker.cjs");
  return existsSync(bundled) ? bundled : join(import.meta.dirname, "tokenWorker.ts");
}
