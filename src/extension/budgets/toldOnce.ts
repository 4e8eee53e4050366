import { createHash } from "node:crypto";
import type { Services } from "../services.ts";

/** Messages that are shown once in all windows of VS Code, however often it or the sidecar is started. */
export class ToldOnce {
  readonly #services: Services;
  readonly #kind: string;

  /** `kind` is how what was shown is kept in VS Code: `tollgate.stoppedTools`. */
  constructor(services: Services, kind: string) {
    this.#services = services;
    this.#kind = kind;
  }

  /**
   * Whether this window is to show what the parts name. Until then, ms since the epoch, it counts as shown; null: for ever.
   * The sidecar knows what was claimed as long as it runs, VS Code what was shown before.
   */
  async mayTell(parts: readonly unknown[], until: number | null): Promise<boolean> {
    const { context, sidecar } = this.#services;
    const id = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
    const now = Date.now();
    const shown = Object.fromEntries(
      Object.entries(context.globalState.get<Record<string, number | null>>(this.#kind) ?? {}).filter(
        ([, end]) => end === null || end > now,
      ),
    );
    if (id in shown || !(await (await sidecar.api()).claimAlert(`${this.#kind}-${id}`))) {
      return false;
    }
    await context.globalState.update(this.#kind, { ...shown, [id]: until });
    return true;
  }
}
