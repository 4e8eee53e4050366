import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../../src/domain/config.ts";
import { ABILITY_NAMES, hasAbilities, isUpTo, tierSchema } from "../../../src/domain/models/abilities.ts";
import { cheapestFor, type Job } from "../../../src/domain/models/cheapest.ts";
import { ModelRegistry } from "../../../src/domain/models/registry.ts";
import { PriceBook } from "../../../src/domain/priceBook.ts";
import { costOf, type Rates } from "../../../src/domain/rates.ts";
import { NO_USAGE } from "../../../src/domain/usage.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const local = "http://127.0.0.1:9/v1";
const { providers, prices: own } = parseConfig({
  providers: {
    openai: { protocol: "openai", baseUrl: local },
    anthropic: { protocol: "anthropic", baseUrl: local },
    google: { protocol: "google", baseUrl: local },
    vllm: { protocol: "openai", baseUrl: local, pricing: { kind: "compute-hour" } },
    gift: { protocol: "openai", baseUrl: local, pricing: { kind: "free" } },
  },
});
const prices = new PriceBook(providers, own);
const registry = new ModelRegistry({
  providers,
  prices,
  served: new Map([
    ["vllm", [{ id: "codestral-22b", contextWindowTokens: 32_768 }]],
    [
      "gift",
      [
        { id: "qwen3-32b", contextWindowTokens: null },
        { id: "unheard-of", contextWindowTokens: null },
      ],
    ],
  ]),
  now: NOW,
});
const offers = (job: Partial<Job>) =>
  cheapestFor({ inputTokens: 1_000, outputTokens: 300, ...job }, registry.all(), prices, NOW);
const names = (job: Partial<Job>) => offers(job).map(({ model }) => `${model.provider} ${model.model}`);

describe("the cheapest model for a job", () => {
  it("can do it, and none that can is cheaper", () => {
    const job = fc.record({
      abilities: fc.subarray([...ABILITY_NAMES]),
      tier: fc.option(fc.constantFrom(...tierSchema.options), { nil: undefined }),
      contextTokens: fc.option(fc.constantFrom(1_000, 150_000, 900_000), { nil: undefined }),
      inputTokens: fc.nat(300_000),
      outputTokens: fc.nat(8_000),
    });
    fc.assert(
      fc.property(job, ({ tier, contextTokens, ...rest }) => {
        const found = offers({
          ...rest,
          ...(tier === undefined ? {} : { tier }),
          ...(contextTokens === undefined ? {} : { contextTokens }),
        });
        const { abilities, inputTokens, outputTokens } = rest;
        for (const { model, expectedNanoUsd } of found) {
          assert.ok(hasAbilities(model, abilities) && (tier === undefined || isUpTo(model, tier)));
          assert.ok((model.contextWindowTokens ?? Number.POSITIVE_INFINITY) >= inputTokens + outputTokens);
          const at = prices.lookUp(model.provider, model.model, NOW, null, inputTokens)?.rates as Rates;
          assert.equal(expectedNanoUsd, costOf({ ...NO_USAGE, inputTokens, outputTokens }, at));
        }
        const costs = found.map(({ expectedNanoUsd }) => expectedNanoUsd);
        assert.deepEqual(
          costs,
          costs.toSorted((a, b) => a - b),
        );
        const unlisted = registry.all().filter((model) => !found.some((offer) => offer.model.model === model.model));
        for (const model of unlisted) {
          const able = hasAbilities(model, abilities) && (tier === undefined || isUpTo(model, tier));
          const room = model.contextWindowTokens ?? (contextTokens === undefined ? Number.POSITIVE_INFINITY : 0);
          const needed = Math.max(contextTokens ?? 0, inputTokens + outputTokens);
          assert.ok(!able || model.rates === null || room < needed, `${model.model} was left out`);
        }
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it("is a free one first, then one that is paid by the hour anyway", () => {
    assert.deepEqual(names({ tier: "simple" }).slice(0, 2), ["gift qwen3-32b", "vllm codestral-22b"]);
    assert.equal(names({ tier: "coding" })[0], "vllm codestral-22b");
    assert.equal(names({ tier: "coding", abilities: ["vision"] })[0]?.split(" ")[0] === "vllm", false);
  });

  it("costs more for long prompts where the price steps", () => {
    const cost = (inputTokens: number) =>
      offers({ inputTokens, outputTokens: 0 }).find(({ model }) => model.model === "gpt-5.4")?.expectedNanoUsd ?? 0;
    assert.ok(cost(300_000) > 1.9 * cost(250_000));
  });

  it("is none of which the work, or the room that is asked for, is unknown", () => {
    assert.ok(!names({ tier: "simple" }).includes("gift unheard-of"));
    assert.ok(names({}).includes("gift unheard-of"));
    assert.ok(!names({ contextTokens: 2_000 }).includes("gift qwen3-32b"));
    assert.deepEqual(names({ providers: ["gift"], abilities: ["vision"] }), []);
  });
});
