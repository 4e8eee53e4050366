import assert from "node:assert/strict";
import OpenAI from "openai";
import { until } from "../hosts/until.ts";
import { configFor, ModelWorld } from "./modelWorld.ts";
import { RunningSidecar } from "./runSidecar.ts";

describe("estimates side by side, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new ModelWorld();

  /** Calls a model so many times. */
  async function call(provider: string, model: string, times: number): Promise<void> {
    const client = new OpenAI({ baseURL: (await world.sidecar.urls())[provider], apiKey: "sk-x", maxRetries: 0 });
    for (let count = 0; count < times; count += 1) {
      await client.chat.completions.create({ model, messages: [{ role: "user", content: "hi" }] });
    }
  }

  it("sum up a batch on each model, aliases included, in the order that was asked for", async () => {
    const texts = ["One two three.", "Four five six.", "Seven."];
    const asked = ["house/acme-large-2", "haiku", "vllm/qwen"];
    const { prompts, estimates } = await world.sidecar.api.estimates({ models: asked, texts, maxOutputTokens: 100 });
    assert.equal(prompts, 3);
    assert.deepEqual(
      estimates.map((each) => [each.asked, each.model, each.costBasis, each.usualOutputTokens]),
      [
        ["house/acme-large-2", "acme-large-2", "override", 100],
        ["haiku", "claude-haiku-4-5", "catalog", 100],
        ["vllm/qwen", "qwen2.5-coder-7b", "compute-hour", 100],
      ],
    );
    const [house, , local] = estimates;
    assert.equal(house?.expectedNanoUsd, (house?.inputTokens ?? 0) * 1_000 + 3 * 100 * 2_000);
    assert.ok((house?.worstCaseNanoUsd ?? 0) > (house?.expectedNanoUsd ?? 0));
    assert.deepEqual([local?.expectedNanoUsd, local?.worstCaseNanoUsd], [0, 0]);
    const single = await world.sidecar.api.estimates({ models: asked, texts: texts.slice(0, 1), maxOutputTokens: 100 });
    const rest = await world.sidecar.api.estimates({ models: asked, texts: texts.slice(1), maxOutputTokens: 100 });
    for (const [index, whole] of estimates.entries()) {
      const parts = [single.estimates[index], rest.estimates[index]];
      assert.equal(
        parts.reduce((sum, part) => sum + (part?.expectedNanoUsd ?? 0), 0),
        whole.expectedNanoUsd,
      );
    }
  });

  it("take the answer's length and the cached share from whoever knows better", async () => {
    const { cachedShare, estimates } = await world.sidecar.api.estimates({
      models: ["house/acme-large-2"],
      inputTokens: [1_000, 3_000],
      outputTokens: 50,
      maxOutputTokens: 80,
      cachedShare: 0.5,
    });
    assert.equal(cachedShare, 0.5);
    assert.equal(estimates[0]?.expectedNanoUsd, 2_000 * 1_000 + 2_000 * 500 + 2 * 50 * 2_000);
    assert.ok((estimates[0]?.worstCaseNanoUsd ?? 0) >= 4_000 * 1_000 + 2 * 80 * 2_000);
    assert.equal(estimates[0]?.inputBasis, "given");
  });

  it("say what is too long for a model", async () => {
    const { estimates } = await world.sidecar.api.estimates({
      models: ["vllm/qwen", "gpt"],
      inputTokens: [40_000, 100],
    });
    assert.deepEqual(
      estimates.map(({ promptsTooLong }) => promptsTooLong),
      [1, 0],
    );
  });

  it("are for the models used most where none is named, and for no model that nobody knows", async () => {
    world.upstreams.openai.script.next({ answerTokens: 10, servedModel: "acme-large-2" });
    await call("house", "gpt-4o", 1);
    await call("openai", "gpt-4.1", 3);
    await call("openai", "gpt-4.1-mini", 2);
    await until("the calls in the books", async () => (await world.sidecar.api.status()).today.calls === 6);
    const { estimates } = await world.sidecar.api.estimates({ texts: ["hi"] });
    assert.deepEqual(
      estimates.map(({ provider, model }) => [provider, model]),
      [
        ["openai", "gpt-4.1-2025-04-14"],
        ["openai", "gpt-4.1-mini-2025-04-14"],
        ["house", "acme-large-2"],
      ],
    );
    const fresh = await RunningSidecar.start(configFor(world.upstreams));
    try {
      await assert.rejects(fresh.api.estimates({ texts: ["hi"] }), /No model has been called yet/);
      const { estimates: first } = await fresh.api.estimates({ texts: ["hi"], provider: "vllm" });
      assert.equal(first[0]?.model, "qwen2.5-coder-7b");
      await assert.rejects(fresh.api.estimates({ texts: ["hi"], models: ["none-such"] }), /none-such/);
      await assert.rejects(fresh.api.estimates({ models: ["gpt"] }), /either texts or inputTokens/);
    } finally {
      await fresh.remove();
    }
  });

  it("leave no trace of a prompt in the data folder", async () => {
    const { readFileSync, readdirSync } = await import("node:fs");
    const { join } = await import("node:path");
    await world.sidecar.api.estimates({ models: ["gpt"], texts: ["a-very-private-sentence"] });
    await world.sidecar.api.estimate({ provider: "openai", model: "gpt-4o", text: "a-very-private-sentence" });
    await world.sidecar.stop();
    const files = readdirSync(world.sidecar.dataDir, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    assert.ok(files.length > 2);
    for (const file of files) {
      const text = readFileSync(join(file.parentPath, file.name)).toString("latin1");
      assert.ok(!text.includes("a-very-private-sentence"), file.name);
    }
  });
});
