import assert from "node:assert/strict";
import OpenAI from "openai";
import type { Estimate } from "../../src/domain/api.ts";
import { modelListSchema } from "../../src/domain/modelApi.ts";
import { configFor, HOUSE, ModelWorld } from "./modelWorld.ts";
import { RunningSidecar } from "./runSidecar.ts";

describe("models and estimates, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new ModelWorld();

  const names = async (query: Parameters<RunningSidecar["api"]["models"]>[0]) =>
    (await world.sidecar.api.models(query)).map(({ model }) => model);
  const bytesOf = ({ inputBasis }: Pick<Estimate, "inputBasis">) => inputBasis;

  describe("the list of models", () => {
    it("holds what servers say they have, else the catalogue's, cheapest first within a provider, unpriced last", async () => {
      assert.deepEqual(await names({ provider: "vllm" }), ["qwen2.5-coder-7b"]);
      const [local] = await world.sidecar.api.models({ provider: "vllm" });
      assert.deepEqual([local?.contextWindowTokens, local?.hourlyRateUsd, local?.inputUsdPerMTok], [32_768, 0.16, 0]);
      assert.deepEqual(await names({ provider: "gone" }), []);
      const openai = await world.sidecar.api.models({ provider: "openai" });
      const costs = openai.map((model) => (model.inputUsdPerMTok ?? 1e9) + 0.6 * (model.outputUsdPerMTok ?? 0));
      assert.ok(costs.length > 30);
      assert.deepEqual(
        costs,
        costs.toSorted((a, b) => a - b),
      );
      assert.ok(
        !world.upstreams.openai.requests.some(({ path }) => path === "/v1/models"),
        "it wants a key: not asked",
      );
    });

    it("leaves out what is not known to be able, and puts the cheapest of all first", async () => {
      const seeing = await world.sidecar.api.models({ ability: ["vision", "reasoning"], tier: "complex" });
      assert.ok(seeing.length > 5 && seeing.some(({ provider }) => provider === "anthropic"));
      for (const { abilities, tier } of seeing) {
        assert.deepEqual([abilities.vision, abilities.reasoning, tier], [true, true, "complex"]);
      }
      assert.equal((await names({ tier: "coding" }))[0], "qwen2.5-coder-7b");
    });

    it("names what is wrong with a query", async () => {
      await assert.rejects(world.sidecar.api.models({ provider: "moon" }), /No provider is named moon/);
      await assert.rejects(world.sidecar.api.models({ tier: "huge" as "simple" }), /tier: /);
      assert.ok(modelListSchema.safeParse({ models: await world.sidecar.api.models() }).success);
    });
  });

  describe("one model", () => {
    it("is found by an alias, an id of another host, or its own name; what else the name means stands beside it", async () => {
      const sonnet = await world.sidecar.api.model("Sonnet");
      assert.deepEqual([sonnet.provider, sonnet.model, sonnet.by], ["anthropic", "claude-sonnet-5", "alias"]);
      assert.ok(sonnet.others.some(({ model }) => model === "claude-sonnet-4-5"));
      assert.equal(
        (await world.sidecar.api.model("us.anthropic.claude-haiku-4-5-20251001-v1:0")).model,
        "claude-haiku-4-5-20251001",
      );
      const named = await world.sidecar.api.model("openai/gpt-4o");
      assert.deepEqual([named.by, named.rates?.input, named.inputUsdPerMTok], ["name", 2_500_000, 2.5]);
      await assert.rejects(world.sidecar.api.model("no-such-model"), /no-such-model/);
      await assert.rejects(world.sidecar.api.model("sonnet", "openai"), /openai has no model that sonnet could mean/);
    });

    it("tells how far estimates were off, also after a restart", async () => {
      const client = new OpenAI({ baseURL: (await world.sidecar.urls()).house, apiKey: "sk-x", maxRetries: 0 });
      const ask = async (answerTokens: number) => {
        world.upstreams.openai.script.next({ answerTokens, servedModel: "acme-large-2" });
        const { response } = await client.chat.completions
          .create({
            model: "gpt-4o",
            max_tokens: 2_000,
            messages: [{ role: "user", content: "How are amounts added?" }],
          })
          .withResponse();
        return world.sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
      };
      // The model that is asked for has no price at this provider; the one that serves has.
      const unpriced = await ask(10);
      assert.equal(unpriced.expectedNanoUsd, undefined);
      await world.sidecar.api.changeConfig({ prices: [HOUSE, { ...HOUSE, model: "gpt-4o" }] });
      const calls = [await ask(150), await ask(1_200)];
      const shares = calls.map(({ expectedNanoUsd = 0, costNanoUsd }) => (expectedNanoUsd - costNanoUsd) / costNanoUsd);
      assert.ok(shares.every((share) => share !== 0));
      const error = (await world.sidecar.api.model("house/acme-large-2")).estimateError;
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      assert.deepEqual(error, {
        calls: 2,
        meanAbsoluteShare: mean(shares.map(Math.abs)),
        biasShare: mean(shares),
      });
      assert.deepEqual((await world.sidecar.api.model("house/gpt-4o")).estimateError, error);
      await world.restart();
      assert.deepEqual((await world.sidecar.api.model("house/acme-large-2")).estimateError, error);
    });
  });

  describe("an estimate", () => {
    const one = { provider: "house", model: "acme-large-2" };

    it("counts the prompt's text, and is right to the nano-dollar where the tokens are given", async () => {
      const given = await world.sidecar.api.estimate({
        ...one,
        inputTokens: 1_000,
        maxOutputTokens: 500,
        cachedShare: 0.25,
      });
      assert.deepEqual(
        [bytesOf(given), given.inputTokens, given.usualOutputTokens, given.expectedNanoUsd],
        ["given", 1_000, 500, 750 * 1_000 + 250 * 1_000 + 500 * 2_000],
      );
      await world.sidecar.api.changeConfig({ prices: [{ ...HOUSE, cachedInputUsdPerMTok: 0.5 }] });
      const cached = await world.sidecar.api.estimate({
        ...one,
        inputTokens: 1_000,
        maxOutputTokens: 500,
        cachedShare: 0.25,
      });
      assert.equal(cached.expectedNanoUsd, 750 * 1_000 + 250 * 500 + 500 * 2_000);
      const text = "The budget holds the worst case of every call. ".repeat(400);
      const counted = await world.sidecar.api.estimate({ ...one, model: "gpt-4o", provider: "openai", text });
      assert.equal(bytesOf(counted), "tokenizer");
      // Ten tokens a sentence.
      assert.ok(Math.abs(counted.inputTokens - 4_000) < 60, String(counted.inputTokens));
      assert.ok(counted.inputBoundTokens >= counted.inputTokens && counted.inputBoundTokens < text.length / 2);
      const byBytes = await world.sidecar.api.estimate({ ...one, promptBytes: text.length });
      assert.equal(bytesOf(byBytes), "bytes");
    });

    it("learns from calls how long answers are and how many tokens a text is, by the name that is asked for", async () => {
      const client = new OpenAI({ baseURL: (await world.sidecar.urls()).openai, apiKey: "sk-x", maxRetries: 0 });
      world.upstreams.openai.script.default = { answerTokens: 40 };
      // The simulated provider bills a token for four characters: half as many as o200k counts here.
      const content = "a1 b2 c3 d4 e5 f6 ".repeat(200);
      const wanted = { provider: "openai", model: "gpt-4.1", text: content };
      const before = await world.sidecar.api.estimate(wanted);
      assert.equal(before.usualOutputTokens, 600);
      for (let call = 0; call < 20; call += 1) {
        await client.chat.completions.create({ model: "gpt-4.1", messages: [{ role: "user", content }] });
      }
      world.upstreams.openai.script.default = {};
      // Counts are made one after the other: this one comes after those of the calls.
      const after = await world.sidecar.api.estimate(wanted);
      assert.equal(after.usualOutputTokens, 40, "served as gpt-4.1-2025-04-14, asked for as gpt-4.1");
      const billed = Math.ceil(content.length / 4);
      assert.ok(before.inputTokens > 1.9 * billed, `${before.inputTokens} for ${billed}`);
      assert.ok(Math.abs(after.inputTokens - billed) < 0.05 * billed, `${after.inputTokens} for ${billed}`);
    });

    it("takes as much from the cache as the tool's own calls have shown, and says so; nothing that is held rests on it", async () => {
      const { urls } = await world.sidecar.api.pass({ tool: "agent" });
      const client = new OpenAI({ baseURL: urls.openai, apiKey: "sk-x", maxRetries: 0 });
      const content = "The budget holds the worst case of every call. ".repeat(400);
      const wanted = { provider: "openai", model: "gpt-4.1-mini", text: content, caller: { tool: "agent" } };
      const before = await world.sidecar.api.estimate(wanted);
      const ids: string[] = [];
      for (let call = 0; call < 8; call += 1) {
        const usage = { prompt_tokens: 4_000, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 3_000 } };
        world.upstreams.openai.script.next({ usage });
        const messages = [{ role: "user" as const, content }];
        const { response } = await client.chat.completions
          .create({ model: "gpt-4.1-mini", messages, max_tokens: 100 })
          .withResponse();
        ids.push(response.headers.get("x-tollgate-call-id") ?? "");
      }
      const calls = await Promise.all(ids.map((id) => world.sidecar.api.call(id, 5_000)));
      const [first, last] = [calls[0], calls.at(-1)];
      assert.ok((last?.expectedNanoUsd ?? 0) < 0.6 * (first?.expectedNanoUsd ?? 0));
      assert.equal(last?.holdNanoUsd, first?.holdNanoUsd);
      const after = await world.sidecar.api.estimate(wanted);
      assert.ok(Math.abs(after.cachedInputTokens / after.inputTokens - 0.75) < 0.001, String(after.cachedInputTokens));
      assert.equal(after.worstCaseNanoUsd, before.worstCaseNanoUsd);
      const { cachedShare, estimates } = await world.sidecar.api.estimates({
        ...{ models: ["openai/gpt-4.1-mini"], texts: [content, "Short."], caller: { tool: "agent" } },
      });
      assert.deepEqual([cachedShare, estimates[0]?.cachedInputTokens], [null, after.cachedInputTokens]);
      // Another tool's prompts, short ones, and shares that are given are not touched by it.
      for (const other of [
        { ...wanted, caller: { tool: "x" } },
        { ...wanted, text: "Short." },
        { ...wanted, cachedShare: 0 },
      ]) {
        assert.equal((await world.sidecar.api.estimate(other)).cachedInputTokens, 0);
      }
    });

    it("wants the prompt in one form", async () => {
      await assert.rejects(world.sidecar.api.estimate(one), /one of text, promptBytes and inputTokens/);
      await assert.rejects(world.sidecar.api.estimate({ ...one, text: "a", inputTokens: 1 }), /one of text/);
      await assert.rejects(world.sidecar.api.estimate({ ...one, text: "a", cachedShare: 2 }), /cachedShare/);
    });

    it("announces no refusal that counting avoids, and says where only the provider's own count can tell", async () => {
      // 60,000 bytes: at most 60,000 tokens by their number, about 12,800 by tokenizer.
      const text = "The budget holds the worst case of every call. ".repeat(1_280);
      const tight = await RunningSidecar.start(
        configFor(world.upstreams, [{ name: "month", limitUsd: 0.04, window: "month" }]),
      );
      try {
        const gpt = { provider: "openai", model: "gpt-4o", maxOutputTokens: 300 };
        const counted = await tight.api.estimate({ ...gpt, text });
        assert.deepEqual([counted.refusal, counted.undecided, counted.clampedOutputTokens], [null, false, null]);
        const byBytes = await tight.api.estimate({ ...gpt, promptBytes: text.length });
        assert.deepEqual([byBytes.refusal, byBytes.undecided], [null, true]);
        // With twice as many tokens as o200k counts it would be refused: Anthropic's own count decides.
        const sonnet = { provider: "anthropic", model: "claude-sonnet-4-5", maxOutputTokens: 300 };
        const claude = await tight.api.estimate({ ...sonnet, text });
        assert.deepEqual([claude.refusal, claude.undecided], [null, true]);
        const opus = await tight.api.estimate({ ...sonnet, model: "claude-opus-4-1", text });
        assert.match(opus.refusal ?? "", /month/);
        assert.equal(opus.undecided, false);
        const { month } = await tight.api.status();
        assert.equal(month.calls, 0, "nothing was held or booked");
      } finally {
        await tight.remove();
      }
    });
  });
});
