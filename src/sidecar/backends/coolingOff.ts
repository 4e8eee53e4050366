import { type Backend, backendInWords, isSameBackend } from "../../domain/backends/backendSettings.ts";
import { withoutSecrets } from "../../domain/withoutSecrets.ts";

/** Backends that fail by the hundred do not fill the memory. */
const MOST = 1_000;

interface Failed extends Backend {
  /** ISO 8601. */
  readonly until: string;
  readonly why: string;
}

/** Backends that failed not long ago. Kept in memory: a restart tries all again. */
export class CoolingOff {
  readonly #now: () => number;
  readonly #failed = new Map<string, { readonly failed: Failed; readonly ms: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Those that are still to be passed over. */
  get all(): Failed[] {
    const now = this.#now();
    for (const [name, { failed, ms }] of this.#failed) {
      const left = Date.parse(failed.until) - now;
      // Where the clock was set back, more would be left than there was.
      if (left <= 0 || left > ms) {
        this.#failed.delete(name);
      }
    }
    return [...this.#failed.values()].map(({ failed }) => failed);
  }

  /** Has one passed over for so many ms. */
  add({ provider, model }: Backend, why: string, ms: number): void {
    if (ms <= 0 || (this.#failed.size >= MOST && this.all.length >= MOST)) {
      return;
    }
    const until = new Date(this.#now() + ms).toISOString();
    const failed = { provider, model, until, why: withoutSecrets(why) };
    this.#failed.set(backendInWords({ provider, model }), { failed, ms });
  }

  /** It works again, or somebody says that it is to be asked. */
  end(backend: Backend): void {
    for (const [name, { failed }] of this.#failed) {
      if (isSameBackend(failed, backend)) {
        this.#failed.delete(name);
      }
    }
  }
}
