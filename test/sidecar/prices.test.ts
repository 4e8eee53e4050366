import assert from "node:assert/strict";
import { ApiError } from "../../src/client/apiError.ts";
import { CATALOG_VERSION } from "../../src/domain/prices/builtInCatalog.ts";
import { PriceWorld, sendChat } from "./priceWorld.ts";

describe("prices, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new PriceWorld();

  it("are kept with each call: rates, edition and what they rest on", async () => {
    const running = await world.start({
      prices: [{ provider: "openai", model: "tuned", inputUsdPerMTok: 3, outputUsdPerMTok: 6 }],
    });
    const rows: Array<[string, string, string, string | null, number]> = [
      ["openai", "gpt-4o-mini", "catalog", CATALOG_VERSION, 1_000 * 150 + 100 * 600],
      ["openai", "tuned", "override", "configuration", 1_000 * 3_000 + 100 * 6_000],
      ["flat", "any", "override", "configuration", 1_000 * 1_000 + 100 * 2_000],
      ["free", "any", "free", "configuration", 0],
      ["hourly", "any", "compute-hour", "configuration", 0],
      ["openai", "brand-new", "unpriced", null, 0],
    ];
    for (const [provider, model, basis, version, nano] of rows) {
      const call = await world.send(provider, model);
      assert.deepEqual([call.costBasis, call.priceVersion, call.costNanoUsd], [basis, version, nano], model);
      assert.equal(call.rates === null, basis === "unpriced", model);
    }
    const { notices } = await running.api.status();
    assert.match(notices.join("\n"), /^The price of openai\/brand-new is not known: 1 call of this month is counted/);
    assert.equal(notices.length, 1);
    await running.api.changeConfig({ defaultPrice: { inputUsdPerMTok: 10, outputUsdPerMTok: 40 } });
    assert.deepEqual((await running.api.status()).notices, [], "it is known now");
    const byDefault = await world.send("openai", "brand-new");
    assert.deepEqual(
      [byDefault.costBasis, byDefault.priceVersion, byDefault.costNanoUsd, byDefault.rates?.output],
      ["default", "configuration", 1_000 * 10_000 + 100 * 40_000, 40_000_000],
    );
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100, cost: 0.0123 };
    world.chat = (response) => sendChat(response, "x", { usage });
    const reported = await world.send("openrouter", "openai/gpt-4o");
    assert.deepEqual(
      [reported.costBasis, reported.costNanoUsd, reported.rates?.input],
      ["reported", 12_300_000, 2_500_000],
    );
  });

  it("are those of the tier that was served, and of the one asked for where the answer does not say", async () => {
    await world.start();
    const standard = 1_000 * 2_500 + 100 * 10_000;
    const ask = async (asked: string | null, served: string | undefined) => {
      const more = served === undefined ? {} : { service_tier: served };
      world.chat = (response) => sendChat(response, "gpt-4o", more);
      return (await world.send("openai", "gpt-4o", asked === null ? {} : { service_tier: asked })).costNanoUsd;
    };
    assert.equal(await ask("priority", "priority"), standard * 1.7);
    assert.equal(await ask("priority", "default"), standard);
    assert.equal(await ask("priority", undefined), standard * 1.7);
    assert.equal(await ask("flex", "flex"), standard / 2);
    assert.equal(await ask("flex", undefined), standard);
    assert.equal(await ask(null, undefined), standard);
  });

  it("stay for a running call what they were when it started", async () => {
    const running = await world.start();
    const held = new Promise<() => void>((wasAsked) => {
      world.chat = (response, model) => {
        world.chat = sendChat;
        wasAsked(() => sendChat(response, model));
      };
    });
    const early = world.send("openai", "gpt-4o-mini");
    const release = await held;
    const own = { provider: "openai", model: "gpt-4o-mini", inputUsdPerMTok: 50, outputUsdPerMTok: 50 };
    await running.api.prices.set(own, "ann");
    release();
    const late = await world.send("openai", "gpt-4o-mini");
    assert.deepEqual([(await early).costBasis, (await early).costNanoUsd], ["catalog", 1_000 * 150 + 100 * 600]);
    assert.deepEqual([late.costBasis, late.costNanoUsd], ["override", 1_100 * 50_000]);
  });

  it("are listed, shown, set and removed through the API", async () => {
    const running = await world.start();
    const { prices: api } = running.api;
    const { version, prices } = await api.list({ provider: "openai", model: "gpt-5.4" });
    assert.equal(version, CATALOG_VERSION);
    assert.ok(prices.length > 1 && prices.every(({ model }) => model.includes("gpt-5.4")));
    assert.deepEqual(
      prices.find(({ model }) => model === "gpt-5.4")?.tiers.map(({ above }) => above),
      [271_999],
    );
    assert.deepEqual((await api.list({ provider: "openai", model: "gpt-4o" })).prices.length > 1, true);
    assert.deepEqual(
      (await api.list({ model: "o3*i" })).prices.map(({ model }) => model),
      ["o3-mini"],
    );
    assert.deepEqual((await api.list({ provider: "free" })).prices, []);
    const shown = await api.show("openrouter", "openai/gpt-4o");
    assert.deepEqual(
      [shown.basis, shown.source?.provider, shown.source?.model],
      ["catalog", "openrouter", "openai/gpt-4o"],
    );
    assert.deepEqual(
      [(await api.show("openai", "brand-new")).basis, (await api.show("free", "x")).basis],
      ["unpriced", "free"],
    );
    await assert.rejects(api.show("nowhere", "x"), /No provider is named nowhere/);
    await assert.rejects(api.list({ provider: "nowhere" }), /No provider is named nowhere/);

    const own = { provider: "openai", model: "brand/new", inputUsdPerMTok: 1, outputUsdPerMTok: 2, from: "2026-01-01" };
    assert.deepEqual(await api.set(own, "ann"), own);
    const { basis, rates, source: from } = await api.show("openai", "brand/new");
    assert.deepEqual([basis, rates?.output, from?.kind, from?.from], ["override", 2_000_000, "own", "2026-01-01"]);
    await assert.rejects(
      api.set({ ...own, outputUsdPerMTok: -1 }, "ann"),
      /price\.outputUsdPerMTok: a price cannot be negative/,
    );
    await assert.rejects(api.set({ ...own, provider: "nowhere" }, "ann"), /No provider is named nowhere/);
    await assert.rejects(api.remove("openai", "brand/new", "ann", "2026-02-01"), ApiError);
    assert.deepEqual(await api.remove("openai", "brand/new", "ann"), [own]);
    await assert.rejects(api.remove("openai", "brand/new", "ann"), /no price of your own/);
    assert.equal((await api.show("openai", "brand/new")).basis, "unpriced");
  });
});
