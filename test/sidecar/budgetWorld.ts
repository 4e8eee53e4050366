import assert from "node:assert/strict";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { RunningSidecar } from "./runSidecar.ts";

type Upstreams = Awaited<ReturnType<typeof startUpstreams>>;

/** gpt-4o costs 10 USD for a million output tokens: 10,000 nano-USD each. */
export const OUTPUT_NANO = 10_000;
export const MODEL = "gpt-4o";

export function ask(maxTokens: number) {
  return { model: MODEL, max_tokens: maxTokens, messages: [{ role: "user" as const, content: "hi" }] };
}

/** Simulated providers for the tests of one `describe`, each of which starts sidecars with budgets of its own. */
export class BudgetWorld {
  #upstreams: Upstreams | undefined;
  readonly #started: RunningSidecar[] = [];

  /** Starts before the first test of the surrounding `describe` and ends after its last. */
  constructor() {
    before(async () => {
      this.#upstreams = await startUpstreams();
    });
    beforeEach(() => {
      this.upstreams.openai.reset();
      this.upstreams.anthropic.reset();
    });
    afterEach(async () => {
      // Two may share a folder: both have to be gone before it is removed.
      await Promise.all(this.#started.map((sidecar) => sidecar.stop()));
      await Promise.all(this.#started.splice(0).map((sidecar) => sidecar.remove()));
    });
    after(() => this.#upstreams?.stop());
  }

  get upstreams(): Upstreams {
    assert.ok(this.#upstreams);
    return this.#upstreams;
  }

  configFor(budgets: unknown[], gate: Record<string, number> = { waitMs: 0 }): unknown {
    return {
      providers: {
        openai: { protocol: "openai", baseUrl: this.upstreams.openai.url },
        anthropic: { protocol: "anthropic", baseUrl: this.upstreams.anthropic.url },
      },
      budgets,
      gate,
      timeZone: "UTC",
    };
  }

  async start(budgets: unknown[], gate?: Record<string, number>): Promise<RunningSidecar> {
    const sidecar = await RunningSidecar.start(this.configFor(budgets, gate));
    this.#started.push(sidecar);
    return sidecar;
  }

  /** Starts one on the folder of another. */
  async startAgain({ dataDir }: RunningSidecar): Promise<RunningSidecar> {
    const again = await RunningSidecar.start(null, { dataDir });
    this.#started.push(again);
    return again;
  }
}
