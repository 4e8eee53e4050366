import assert from "node:assert/strict";
import OpenAI from "openai";
import type { Call } from "../../src/domain/call.ts";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** The provider key that the tests plant: nothing may ever write it down. */
export const KEY = "sk-planted-secret";

/** A sidecar process with every simulated provider behind it, for the tests of one `describe`. */
export class GatewayWorld {
  #upstreams: Awaited<ReturnType<typeof startUpstreams>> | undefined;
  #sidecar: RunningSidecar | undefined;

  /** Starts before the first test of the surrounding `describe` and ends after its last. */
  constructor() {
    before(async () => {
      this.#upstreams = await startUpstreams();
      this.#sidecar = await RunningSidecar.start(configFor(this.#upstreams));
    });
    beforeEach(() => {
      this.upstreams.openai.reset();
      this.upstreams.anthropic.reset();
      this.upstreams.vllm.reset();
    });
    after(async () => {
      await this.#sidecar?.remove();
      await this.#upstreams?.stop();
    });
  }

  get upstreams(): Awaited<ReturnType<typeof startUpstreams>> {
    assert.ok(this.#upstreams);
    return this.#upstreams;
  }

  get sidecar(): RunningSidecar {
    assert.ok(this.#sidecar);
    return this.#sidecar;
  }

  /** OpenAI's own client, through the gateway. */
  async openai(caller = {}): Promise<OpenAI> {
    const { openai: baseURL } = await this.sidecar.urls(caller);
    return new OpenAI({ baseURL, apiKey: KEY, maxRetries: 0 });
  }

  /** The call that an answer names, once it is booked. */
  booked(id: string | null | undefined): Promise<Call> {
    assert.ok(id, "the answer names its call");
    return this.sidecar.api.call(id, 10_000);
  }
}

function configFor(upstreams: Awaited<ReturnType<typeof startUpstreams>>): unknown {
  return {
    providers: {
      openai: { protocol: "openai", baseUrl: upstreams.openai.url },
      anthropic: { protocol: "anthropic", baseUrl: upstreams.anthropic.url },
      vllm: { protocol: "openai", baseUrl: upstreams.vllm.url, pricing: { kind: "compute-hour", hourlyRateUsd: 3.6 } },
      nowhere: { protocol: "openai", baseUrl: "http://127.0.0.1:9/v1", pricing: { kind: "free" } },
    },
    healthIntervalMs: 100,
    timeZone: "UTC",
  };
}
