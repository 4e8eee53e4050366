import assert from "node:assert/strict";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { RunningSidecar } from "./runSidecar.ts";

type Upstreams = Awaited<ReturnType<typeof startUpstreams>>;

/** A house model at a USD and two for a million tokens: 1,000 nano-USD an input token, 2,000 an output token. */
export const HOUSE = { provider: "house", model: "acme-large-2", inputUsdPerMTok: 1, outputUsdPerMTok: 2 };

/** Providers of all kinds, one of them out of reach. */
export function configFor({ openai, anthropic, vllm }: Upstreams, budgets: unknown[] = []): unknown {
  return {
    providers: {
      openai: { protocol: "openai", baseUrl: openai.url },
      anthropic: { protocol: "anthropic", baseUrl: anthropic.url },
      house: { protocol: "openai", baseUrl: openai.url },
      vllm: { protocol: "openai", baseUrl: vllm.url, pricing: { kind: "compute-hour", hourlyRateUsd: 0.16 } },
      gone: { protocol: "openai", baseUrl: "http://127.0.0.1:9/v1", pricing: { kind: "free" } },
    },
    prices: [{ ...HOUSE, cachedInputUsdPerMTok: 0.5 }],
    budgets,
    gate: { waitMs: 0, tightShare: 1 },
    timeZone: "UTC",
  };
}

/** A sidecar process before providers of all kinds, for the tests of one `describe`. */
export class ModelWorld {
  #upstreams: Upstreams | undefined;
  #sidecar: RunningSidecar | undefined;

  /** Starts before the first test of the surrounding `describe` and ends after its last. */
  constructor() {
    before(async () => {
      this.#upstreams = await startUpstreams();
      this.#sidecar = await RunningSidecar.start(configFor(this.#upstreams));
    });
    after(async () => {
      await this.#sidecar?.remove();
      await this.#upstreams?.stop();
    });
  }

  get upstreams(): Upstreams {
    assert.ok(this.#upstreams);
    return this.#upstreams;
  }

  get sidecar(): RunningSidecar {
    assert.ok(this.#sidecar);
    return this.#sidecar;
  }

  /** Ends the sidecar as a user would, and starts it again on its folder. */
  async restart(): Promise<void> {
    const { dataDir } = this.sidecar;
    await this.sidecar.stop();
    this.#sidecar = await RunningSidecar.start(null, { dataDir });
  }
}
