import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { ask, BudgetWorld, MODEL, OUTPUT_NANO } from "./budgetWorld.ts";
import { clientOf } from "./openaiClient.ts";

describe("budgets, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new BudgetWorld();

  it("refuse the call that does not fit before anything is sent, with the reason, and clients do not retry", async () => {
    const sidecar = await world.start([{ name: "tiny", limitUsd: 0.000001, window: "month" }]);
    const client = new OpenAI({ baseURL: (await sidecar.urls()).openai, apiKey: "sk-x" });
    await assert.rejects(client.chat.completions.create(ask(1_000)), (thrown: InstanceType<typeof OpenAI.APIError>) => {
      assert.equal(thrown.status, 402);
      assert.equal(thrown.code, "budget_exceeded");
      assert.equal(thrown.headers?.get("x-tollgate-refused"), "tiny");
      assert.equal(thrown.headers?.get("x-should-retry"), "false");
      assert.match(thrown.message, /tiny/);
      return true;
    });
    assert.equal(world.upstreams.openai.requests.length, 0);
    const { calls } = await sidecar.api.calls();
    assert.deepEqual(
      calls.map(({ status, costNanoUsd }) => [status, costNanoUsd]),
      [["refused", 0]],
    );
    assert.equal(
      (await sidecar.api.status()).budgets[0]?.state,
      "ok",
      "of a limit too low for any call nothing is spent",
    );
  });

  it("lower the output limit to what is left, and say so", async () => {
    const sidecar = await world.start([{ name: "month", limitUsd: 0.01, window: "month" }]);
    const client = await clientOf(sidecar);
    const { response } = await client.chat.completions.create(ask(16_000)).withResponse();
    const clamped = Number(response.headers.get("x-tollgate-clamped-output"));
    assert.ok(clamped >= 256 && clamped <= 1_000, String(clamped));
    const sent = world.upstreams.openai.requests[0]?.body as { max_tokens: number };
    assert.equal(sent.max_tokens, clamped);
  });

  it("that only warn hold what 95 of 100 answers of the model cost at most, and refuse nothing", async () => {
    const sidecar = await world.start([{ name: "soft", limitUsd: 0.000001, window: "month", hard: false }]);
    const client = await clientOf(sidecar);
    for (let call = 1; call <= 20; call += 1) {
      world.upstreams.openai.script.next({ answerTokens: call <= 18 ? 10 : 500 });
      await client.chat.completions.create(ask(16_000));
    }
    world.upstreams.openai.script.next({ hang: true });
    const leave = new AbortController();
    const hanging = client.chat.completions.create(ask(16_000), { signal: leave.signal }).catch(() => {});
    await world.upstreams.openai.waitForRequest(21);
    const held = (await sidecar.api.status()).budgets[0]?.heldNanoUsd ?? 0;
    assert.ok(held >= 500 * OUTPUT_NANO && held < 510 * OUTPUT_NANO, `${held}`);
    leave.abort();
    await hanging;
  });

  it("are never exceeded by many calls at once that use all they may", async () => {
    const sidecar = await world.start([{ name: "month", limitUsd: 0.05, window: "month" }], { waitMs: 2_000 });
    world.upstreams.openai.script.default = { answerTokens: 1_000, delayMs: 5 };
    const client = await clientOf(sidecar);
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => client.chat.completions.create(ask(700))),
    );
    const passed = results.filter(({ status }) => status === "fulfilled").length;
    const [budget] = (await sidecar.api.status()).budgets;
    assert.ok(budget && budget.spentNanoUsd <= budget.limitNanoUsd && budget.heldNanoUsd === 0);
    assert.ok(passed >= 6 && passed < 40, `${passed} passed`);
    const { calls } = await sidecar.api.calls({ limit: 100 });
    assert.equal(
      calls.reduce((sum, call) => sum + call.costNanoUsd, 0),
      budget.spentNanoUsd,
    );
    for (const result of results) {
      assert.ok(result.status === "fulfilled" || (result.reason as { status: number }).status === 402);
    }
  });

  it("count the prompt's tokens where its bytes alone would not fit", async () => {
    // 60,000 bytes are 0.15 USD at gpt-4o's 2.50 USD a million tokens; as 12,000 tokens or so they are 0.03 USD.
    const content = "The budget holds the worst case of every call. ".repeat(1_280);
    const sidecar = await world.start([{ name: "month", limitUsd: 0.06, window: "month" }]);
    const client = await clientOf(sidecar);
    const body = { model: MODEL, max_tokens: 300, messages: [{ role: "user" as const, content }] };
    const { response } = await client.chat.completions.create(body).withResponse();
    const call = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.equal(call.status, "ok");
    assert.ok(call.holdNanoUsd <= 60_000_000 && call.holdNanoUsd >= call.costNanoUsd);
  });

  it("ask Anthropic for its free count only where the local bound would refuse the call", async () => {
    const content = "The budget holds the worst case of every call. ".repeat(1_280);
    const sidecar = await world.start([{ name: "month", limitUsd: 0.02, window: "month" }]);
    const client = new Anthropic({ baseURL: (await sidecar.urls()).anthropic ?? "", apiKey: "sk-x", maxRetries: 0 });
    const body = (text: string) => ({
      model: "claude-haiku-4-5",
      max_tokens: 300,
      messages: [{ role: "user" as const, content: text }],
    });
    await client.messages.create(body("hi"));
    assert.deepEqual(
      world.upstreams.anthropic.requests.map(({ path }) => path),
      ["/v1/messages"],
    );
    await client.messages.create(body(content));
    assert.deepEqual(
      world.upstreams.anthropic.requests.map(({ path }) => path),
      ["/v1/messages", "/v1/messages/count_tokens", "/v1/messages"],
    );
    const [budget] = (await sidecar.api.status()).budgets;
    assert.ok(budget && budget.spentNanoUsd <= budget.limitNanoUsd && budget.spentNanoUsd > 10_000_000);
  });

  it("never book more than was held where the provider reports no usage", async () => {
    const sidecar = await world.start([{ name: "month", limitUsd: 1, window: "month" }]);
    const client = await clientOf(sidecar);
    world.upstreams.openai.script.next({ text: "extraordinarily ".repeat(250), omitUsage: true });
    const { data, response } = await client.chat.completions.create({ ...ask(64), stream: true }).withResponse();
    for await (const _ of data) {
      // Only the end matters.
    }
    const call = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.deepEqual([call.usageBasis, call.usage.outputTokens], ["estimated", 64]);
    assert.ok(call.costNanoUsd <= call.holdNanoUsd, `${call.costNanoUsd} of ${call.holdNanoUsd}`);
  });
});
