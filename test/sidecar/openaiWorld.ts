import assert from "node:assert/strict";
import type OpenAI from "openai";
import type { Call } from "../../src/domain/call.ts";
import { startAzureUpstream } from "../upstreams/azureUpstream.ts";
import { startOpenaiUpstream } from "../upstreams/openaiUpstream.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { clientOf } from "./openaiClient.ts";
import { RunningSidecar } from "./runSidecar.ts";

export const hard = (limitUsd: number) => [{ name: "month", limitUsd, window: "month" }];

/** OpenAI and Azure, simulated, and a sidecar process without budgets before them, for the tests of one `describe`. */
export class OpenaiWorld {
  #openai: Upstream | undefined;
  #azure: Upstream | undefined;
  #sidecar: RunningSidecar | undefined;
  #client: OpenAI | undefined;
  readonly #started: RunningSidecar[] = [];

  /** Starts before the first test of the surrounding `describe` and ends after its last. */
  constructor() {
    before(async () => {
      this.#openai = await startOpenaiUpstream();
      this.#azure = await startAzureUpstream();
      this.#sidecar = await this.start();
      this.#client = await clientOf(this.#sidecar);
    });
    beforeEach(() => {
      this.openai.reset();
      this.azure.reset();
    });
    after(async () => {
      await Promise.all(this.#started.map((one) => one.remove()));
      await this.#openai?.stop();
      await this.#azure?.stop();
    });
  }

  get openai(): Upstream {
    assert.ok(this.#openai);
    return this.#openai;
  }

  get azure(): Upstream {
    assert.ok(this.#azure);
    return this.#azure;
  }

  get sidecar(): RunningSidecar {
    assert.ok(this.#sidecar);
    return this.#sidecar;
  }

  /** OpenAI's own client, through the sidecar without budgets. */
  get client(): OpenAI {
    assert.ok(this.#client);
    return this.#client;
  }

  /** Starts one more, with budgets of its own. */
  async start(budgets: unknown[] = []): Promise<RunningSidecar> {
    const providers = {
      openai: { protocol: "openai", baseUrl: this.openai.url },
      azure: { protocol: "openai", baseUrl: this.azure.url },
      local: { protocol: "openai", baseUrl: this.openai.url, pricing: { kind: "free" } },
    };
    const one = await RunningSidecar.start({ providers, budgets, gate: { waitMs: 0 }, timeZone: "UTC" });
    this.#started.push(one);
    return one;
  }

  /** The call that an answer names, once it is booked. */
  booked(response: Response, one = this.sidecar): Promise<Call> {
    return one.api.call(response.headers.get("x-tollgate-call-id") ?? "", 10_000);
  }
}
