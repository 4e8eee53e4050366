import assert from "node:assert/strict";
import { Ollama } from "ollama";
import type { Call } from "../../src/domain/call.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { ollamaEmbedder, ollamaModel, startOllamaUpstream } from "../upstreams/ollamaUpstream.ts";
import { countTokens } from "../upstreams/tokens.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** Of the provider with prices: 1 USD in and 2 USD out for a million tokens, in nano-USD a token. */
const INPUT = 1_000;
const OUTPUT = 2_000;
const messages = [{ role: "user", content: "How do I sum a list of amounts?" }];
const promptTokens = countTokens(messages[0]?.content ?? "");

describe("Ollama, through the real sidecar process", function () {
  this.timeout(60_000);
  let upstream: Upstream;
  let sidecar: RunningSidecar;
  let urls: Record<string, string>;

  before(async () => {
    upstream = await startOllamaUpstream();
    const provider = { protocol: "ollama", baseUrl: upstream.url };
    sidecar = await RunningSidecar.start({
      providers: {
        ollama: { ...provider, pricing: { kind: "free" } },
        hourly: { ...provider, pricing: { kind: "compute-hour", hourlyRateUsd: 0.01 } },
        priced: { ...provider, pricing: { kind: "fixed", inputUsdPerMTok: 1, outputUsdPerMTok: 2 } },
        unpriced: provider,
      },
      budgets: [{ name: "month", limitUsd: 0.02, window: "month" }],
      gate: { waitMs: 0 },
      healthIntervalMs: 100,
      timeZone: "UTC",
    });
    urls = await sidecar.urls();
  });
  beforeEach(() => upstream.reset());
  after(async () => {
    await sidecar?.remove();
    await upstream?.stop();
  });

  /** What came to Ollama beside the questions whether it is up. */
  const posted = () => upstream.requests.filter(({ method }) => method === "POST");

  /** Ollama's own client, and the heads of the answers it got. */
  function clientOf(provider: string) {
    const heads: Headers[] = [];
    const client = new Ollama({
      host: urls[provider] as string,
      fetch: async (...given) => {
        const answer = await fetch(...given);
        heads.push(answer.headers);
        return answer;
      },
    });
    const booked = (): Promise<Call> => sidecar.api.call(heads.at(-1)?.get("x-tollgate-call-id") ?? "", 5_000);
    return { client, heads, booked };
  }

  it("costs nothing where the user says so, under a hard budget too, and its tokens are kept", async () => {
    for (const provider of ["ollama", "hourly"]) {
      const { client, booked } = clientOf(provider);
      const content = `How does ${provider} sum a list?`;
      const stream = await client.chat({ model: ollamaModel, messages: [{ role: "user", content }], stream: true });
      let text = "";
      for await (const part of stream) {
        text += part.message.content;
      }
      const call = await booked();
      assert.deepEqual(
        [call.protocol, call.status, call.stream, call.model, call.costNanoUsd, call.usageBasis],
        ["ollama-chat", "ok", true, ollamaModel, 0, "reported"],
      );
      assert.deepEqual([call.usage.inputTokens, call.usage.outputTokens], [countTokens(content), countTokens(text)]);
      assert.ok(call.firstTokenMs !== null);
    }
  });

  it("is charged by the hour while it tells its version", async () => {
    assert.equal((await sidecar.api.providerHealth("hourly")).detail, "answers /api/version");
    const end = new AbortController();
    await new Promise<void>((resolve) => {
      const onEvent = (event: TollgateEvent) => {
        if (event.type === "compute.accrued" && event.accrual.provider === "hourly") {
          resolve();
        }
      };
      sidecar.api.subscribe({ onStatus: () => {}, onEvent, onClose: () => {} }, end.signal);
    });
    end.abort();
  });

  it("is refused in its own words where nobody knows the price", async () => {
    const { client } = clientOf("unpriced");
    await assert.rejects(client.chat({ model: ollamaModel, messages }), (thrown: Error & { status_code?: number }) => {
      assert.equal(thrown.status_code, 402);
      assert.match(thrown.message, /Nobody knows the price of this model/);
      return true;
    });
    assert.equal(posted().length, 0);
  });

  it("is charged at a price of the user's, with a cached prompt estimated and never taken for nothing", async () => {
    const { client, booked } = clientOf("priced");
    const first = await client.chat({ model: ollamaModel, messages });
    const whole = await booked();
    assert.equal(whole.costNanoUsd, promptTokens * INPUT + (first.eval_count ?? 0) * OUTPUT);
    const again = await client.chat({ model: ollamaModel, messages });
    assert.equal(again.prompt_eval_count, undefined);
    const cached = await booked();
    assert.equal(cached.usageBasis, "estimated");
    assert.ok(cached.usage.inputTokens >= promptTokens && cached.usage.inputTokens < 100);
    assert.equal(cached.usage.outputTokens, again.eval_count);
  });

  it("is held to a lower num_predict where the budget is tight, with every other byte as it was", async () => {
    const { heads, client } = clientOf("priced");
    const options = { temperature: 0.5, num_predict: -1, seed: 7 };
    await client.chat({ model: ollamaModel, messages, options });
    const clamped = Number(heads[0]?.get("x-tollgate-clamped-output"));
    assert.ok(clamped >= 256 && clamped * OUTPUT <= 20_000_000, String(clamped));
    const sent = JSON.stringify({ messages, model: ollamaModel, options, stream: false });
    const { rawBody } = posted()[0] ?? { rawBody: "" };
    assert.deepEqual(JSON.parse(rawBody), { ...JSON.parse(sent), options: { ...options, num_predict: clamped } });
    assert.ok(rawBody.includes(`"temperature":0.5,"num_predict":${clamped},"seed":7`));
  });

  it("is cut with an error line where it goes on beyond the limit, and clients tell", async () => {
    upstream.script.next({ answerTokens: 12_000, ignoreOutputLimit: true });
    const { client, booked } = clientOf("priced");
    const stream = await client.chat({ model: ollamaModel, messages, stream: true, options: { num_predict: 300 } });
    await assert.rejects(async () => {
      for await (const part of stream) {
        assert.equal(part.done, false);
      }
    }, /Tollgate cut this answer/);
    const call = await booked();
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "budget_cut", "estimated"]);
    assert.ok(call.usage.outputTokens >= 300 && call.usage.outputTokens < 6_000, String(call.usage.outputTokens));
  });

  it("that fails in the middle is booked as an error with what had passed", async () => {
    upstream.script.next({ errorAfter: 3 });
    const { client, booked } = clientOf("priced");
    const stream = await client.generate({ model: ollamaModel, prompt: "Sum a list", stream: true });
    await assert.rejects(async () => {
      for await (const part of stream) {
        assert.equal(part.done, false);
      }
    }, /an error was encountered/);
    const call = await booked();
    assert.deepEqual([call.protocol, call.status, call.usageBasis], ["ollama-generate", "error", "estimated"]);
    assert.ok(call.usage.inputTokens > 0 && call.usage.outputTokens > 0);
  });

  it("is passed through where it costs nothing: loading, lists, fetching and removing models", async () => {
    const { client } = clientOf("unpriced");
    const before = (await sidecar.api.calls({ limit: 100 })).calls.length;
    assert.equal((await client.list()).models.length, 2);
    assert.equal((await client.pull({ model: ollamaModel })).status, "success");
    for await (const { status } of await client.pull({ model: ollamaModel, stream: true })) {
      assert.ok(status.length > 0);
    }
    await client.delete({ model: "old" });
    assert.equal((await client.show({ model: ollamaModel })).details.family, "qwen3");
    assert.equal((await sidecar.api.calls({ limit: 100 })).calls.length, before);
    const embedding = clientOf("priced");
    await embedding.client.embed({ model: ollamaEmbedder, input: ["one text", "another"] });
    const call = await embedding.booked();
    assert.deepEqual([call.protocol, call.usage.inputTokens, call.usage.outputTokens], ["ollama-embed", 4, 0]);
    assert.equal(call.costNanoUsd, 4 * INPUT);
    const loading = clientOf("priced");
    await loading.client.generate({ model: ollamaModel, prompt: "" });
    assert.equal((await loading.booked()).costNanoUsd, 0);
  });
});
