import assert from "node:assert/strict";
import type OpenAI from "openai";
import { ask, BudgetWorld, OUTPUT_NANO } from "./budgetWorld.ts";
import { clientOf } from "./openaiClient.ts";

describe("budgets, where an answer outgrows them, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new BudgetWorld();

  it("cut a stream whose provider goes on beyond its limit, tell the client why, and book what came", async () => {
    const sidecar = await world.start([{ name: "month", limitUsd: 1, window: "month" }]);
    const client = await clientOf(sidecar);
    world.upstreams.openai.script.next({ text: "go ".repeat(3_000), ignoreOutputLimit: true, gapMs: 1 });
    const { data, response } = await client.chat.completions.create({ ...ask(300), stream: true }).withResponse();
    await assert.rejects(async () => {
      for await (const _ of data) {
        // Only the end matters.
      }
    }, /Tollgate cut this answer/);
    assert.equal(await world.upstreams.openai.requests[0]?.ended, "client-gone");
    const call = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "budget_cut", "estimated"]);
    assert.ok(call.usage.outputTokens >= 300 && call.usage.outputTokens < 1_000, String(call.usage.outputTokens));
  });

  it("refuse what was cut when it is sent again, as a stream or not, until the budget has room for all of it", async () => {
    const sidecar = await world.start([{ name: "month", limitUsd: 0.02, window: "month" }]);
    const client = await clientOf(sidecar);
    // Short answers are usual then: the long one is held to a share of what is left.
    for (let call = 0; call < 5; call += 1) {
      await client.chat.completions.create(ask(8));
    }
    const prompt = ask(4_000);
    world.upstreams.openai.reset();
    world.upstreams.openai.script.next({ text: "go ".repeat(5_000), ignoreOutputLimit: true, gapMs: 1 });
    await assert.rejects(async () => {
      for await (const _ of await client.chat.completions.create({ ...prompt, stream: true })) {
        // Only the end matters.
      }
    }, /Tollgate cut this answer/);
    const isRefused = (error: InstanceType<typeof OpenAI.APIError>) => error.status === 402;
    await assert.rejects(client.chat.completions.create({ ...prompt, max_tokens: 3_000 }), isRefused);
    await assert.rejects(client.chat.completions.create({ ...prompt, stream: true }), isRefused);
    assert.equal(world.upstreams.openai.requests.length, 1);
    const [budget] = (await sidecar.api.status()).budgets;
    assert.ok(budget && budget.leftNanoUsd > 300 * OUTPUT_NANO, "a lowered limit would have fitted");
    const other = [{ role: "user" as const, content: "something else" }];
    await client.chat.completions.create({ ...prompt, messages: other });
    await sidecar.api.decide("month", { kind: "raise", limitUsd: 1, by: "ada" });
    await client.chat.completions.create(prompt);
    assert.equal(world.upstreams.openai.requests.length, 3);
  });
});
