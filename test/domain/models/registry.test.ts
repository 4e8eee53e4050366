import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../../src/domain/config.ts";
import { readName } from "../../../src/domain/models/modelName.ts";
import { ModelRegistry, type ServedModel } from "../../../src/domain/models/registry.ts";
import { PriceBook } from "../../../src/domain/priceBook.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
/** Providers of the catalogue by its own names; only their names matter. */
const CATALOGUE = [
  ...["openai", "anthropic", "google", "openrouter", "aws", "azure", "mistral", "groq", "deepseek", "x-ai", "cohere"],
  ...["perplexity", "moonshotai", "together", "fireworks", "cerebras", "zai", "minimax", "novita", "avian", "ovhcloud"],
];

function registryOf(names: readonly string[], served: Record<string, readonly ServedModel[]> = {}): ModelRegistry {
  const { providers, prices } = parseConfig({
    providers: Object.fromEntries(
      names.map((name) => [
        name,
        {
          protocol: "openai",
          baseUrl: "http://127.0.0.1:9/v1",
          ...(name === "vllm" ? { pricing: { kind: "compute-hour" } } : {}),
        },
      ]),
    ),
    prices: [{ provider: "house", model: "acme-large-2", inputUsdPerMTok: 1, outputUsdPerMTok: 2 }],
  });
  return new ModelRegistry({
    providers,
    prices: new PriceBook(providers, prices),
    served: new Map(Object.entries(served)),
    now: NOW,
  });
}

const usual = registryOf(["openai", "anthropic", "google", "openrouter", "vllm"], {
  vllm: [{ id: "qwen2.5-coder-7b", contextWindowTokens: 32_768 }],
});
const means = (asked: string, registry = usual) => {
  const found = registry.find(asked);
  const [first] = found?.models ?? [];
  return first === undefined ? null : `${found?.by} ${first.provider} ${first.model}`;
};

describe("looking up a model", () => {
  for (const provider of CATALOGUE) {
    it(`finds every model of ${provider} by its name, with the provider before it, and in capitals`, () => {
      const registry = registryOf([provider]);
      const models = registry.all();
      assert.ok(models.length > 0);
      for (const { model } of models) {
        for (const asked of [model, `${provider}/${model}`, `${provider.toUpperCase()}/${model}`]) {
          assert.equal(registry.find(asked)?.models[0]?.model, model, asked);
        }
        // Some lists hold names that differ in capitals only.
        assert.equal(registry.find(model.toUpperCase())?.models[0]?.model.toLowerCase(), model.toLowerCase());
      }
    });
  }

  it("never takes a name of one family for a model of another, whatever part of a name is given", () => {
    const registry = registryOf(CATALOGUE);
    const models = registry.all();
    const known = models.filter(({ family }) => family !== null);
    assert.ok(known.length > 700, String(known.length));
    fc.assert(
      fc.property(
        fc.nat(known.length - 1),
        fc.infiniteStream(fc.boolean()),
        fc.subarray(CATALOGUE, { minLength: 1, maxLength: 3 }),
        (index, drops, providers) => {
          const { bare } = readName(known[index]?.model ?? "");
          const alias = bare
            .split("-")
            .filter((_, at) => at === 0 || drops.next().value === false)
            .join("-");
          const { family } = readName(alias);
          for (const provider of providers) {
            for (const model of registry.find(alias, provider)?.models ?? []) {
              assert.equal(model.family, family, `${alias} at ${provider}: ${model.model}`);
            }
          }
        },
      ),
      { numRuns: 400, seed: 5 },
    );
  });

  it("takes an alias without a version for the newest of its family that has a price", () => {
    const expected: Record<string, string> = {
      sonnet: "alias anthropic claude-sonnet-5",
      Haiku: "alias anthropic claude-haiku-4-5",
      opus: "alias anthropic claude-opus-5-5",
      "claude-sonnet-latest": "alias anthropic claude-sonnet-5",
      "sonnet[1m]": "alias anthropic claude-sonnet-5",
      // OpenAI's own gpt-5.6 is gpt-5.6-sol: the line without a name of its own.
      gpt: "alias openai gpt-6-sol",
      "gpt-mini": "alias openai gpt-5.4-mini",
      "4o-mini": "alias openai gpt-4o-mini",
      flash: "alias google gemini-3.8-flash",
      "flash-lite": "alias google gemini-3.5-flash-lite",
      kimi: "alias openrouter moonshotai/kimi-k3",
      // 4.20 came before 4.3.
      grok: "alias openrouter x-ai/grok-4.3",
      "vllm/qwen": "alias vllm qwen2.5-coder-7b",
      // Plus and Max are of one version: the cheaper one.
      "openrouter/qwen": "alias openrouter qwen/qwen3.7-plus",
    };
    for (const [asked, model] of Object.entries(expected)) {
      assert.equal(means(asked), model, asked);
    }
  });

  it("keeps to the version that is given, and to the model where it is one", () => {
    const expected: Record<string, string | null> = {
      "gpt-5": "name openai gpt-5",
      "gpt-5.6": "name openai gpt-5.6-sol",
      "claude-sonnet-4": "name anthropic claude-sonnet-4-0",
      "sonnet 4.5": "alias anthropic claude-sonnet-4-5",
      "claude-3.5-haiku": "name anthropic claude-3-5-haiku-latest",
      o3: "name openai o3",
      "sonnet-9": null,
      "gpt-5.9": null,
      mini: null,
      "no-such-model": null,
      "": null,
    };
    for (const [asked, model] of Object.entries(expected)) {
      assert.equal(means(asked), model, asked);
    }
  });

  it("knows the ids of Bedrock and Vertex, folders before a name, and snapshots by their date", () => {
    const snapshot = "name anthropic claude-sonnet-4-5-20250929";
    for (const asked of [
      "claude-sonnet-4-5-20250929",
      "anthropic.claude-sonnet-4-5-20250929-v1:0",
      "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
      "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
      "claude-sonnet-4-5@20250929",
      "publishers/anthropic/models/claude-sonnet-4-5@20250929",
    ]) {
      assert.equal(means(asked), snapshot, asked);
    }
    assert.equal(means("gpt-4.1-2025-04-14"), "name openai gpt-4.1-2025-04-14");
    assert.equal(means("models/gemini-2.5-flash"), "name google gemini-2.5-flash");
    assert.equal(means("Qwen/Qwen2.5-Coder-7B-Instruct"), "name vllm qwen2.5-coder-7b");
    assert.equal(means("qwen2.5-coder:7b"), "name vllm qwen2.5-coder-7b");
    assert.equal(means("text-embedding-3-small"), "name openai text-embedding-3-small");
    assert.equal(means("gpt-3.5-turbo-instruct"), "name openai gpt-3.5-turbo-instruct");
  });

  it("takes a first part that names a provider for that provider, and else for the maker", () => {
    assert.equal(means("openrouter/anthropic/claude-sonnet-4.5"), "name openrouter anthropic/claude-sonnet-4.5");
    assert.equal(means("anthropic/claude-sonnet-4.5"), "name anthropic claude-sonnet-4-5");
    assert.equal(
      means("anthropic/claude-sonnet-4.5", registryOf(["openrouter"])),
      "name openrouter anthropic/claude-sonnet-4.5",
    );
    assert.equal(means("openai/gpt-oss-120b", registryOf(["groq"])), "name groq openai/gpt-oss-120b");
  });

  it("names the same model at every provider that has it", () => {
    const places = ["anthropic claude-opus-4-8", "google claude-opus-4-8", "openrouter anthropic/claude-opus-4.8"];
    for (const asked of ["claude-opus-4-8", "claude-opus-4.8", "ANTHROPIC.CLAUDE-OPUS-4-8-V1:0"]) {
      assert.deepEqual(
        usual.find(asked)?.models.map(({ provider, model }) => `${provider} ${model}`),
        places,
      );
    }
  });
});

describe("what is known of a model", () => {
  it("comes from the price book, the catalogue, the server's own list and the makers' pages", () => {
    const { rates, contextWindowTokens, outputLimitTokens, abilities, tier, costBasis } = usual.of("openai", "gpt-4o");
    assert.deepEqual(
      [rates?.input, rates?.output, contextWindowTokens, outputLimitTokens],
      [2.5e6, 10e6, 128_000, 16_384],
    );
    assert.deepEqual(abilities, { tools: true, vision: true, reasoning: false, coding: null });
    assert.deepEqual([tier, costBasis], ["moderate", "catalog"]);
    const local = usual.of("vllm", "qwen2.5-coder-7b");
    assert.deepEqual([local.contextWindowTokens, local.costBasis, local.hourlyRateUsd], [32_768, "compute-hour", 0.16]);
    assert.equal(local.abilities.coding, true);
    assert.equal(usual.of("vllm", "other").contextWindowTokens, null);
    assert.equal(registryOf(["house"]).of("house", "acme-large-2").costBasis, "override");
    assert.equal(registryOf(["house"]).of("house", "acme-large-3").rates, null);
  });

  it("is not guessed: later versions and unknown variants are unknown until somebody has looked", () => {
    for (const model of ["claude-opus-9", "gpt-5-sing", "qwen3-guard-8b", "acme-large-2", "gpt-4o-search-preview"]) {
      const { abilities, tier, source } = usual.of("openai", model);
      assert.deepEqual([...Object.values(abilities), tier, source], [null, null, null, null, null, null], model);
    }
    assert.ok(!usual.all({ abilities: ["vision"] }).some(({ abilities }) => abilities.vision !== true));
  });

  it("lists what a server says it has in place of the catalogue's models", () => {
    const served = {
      openai: [
        { id: "gpt-4o", contextWindowTokens: null },
        { id: "gpt-4o", contextWindowTokens: null },
      ],
    };
    const registry = registryOf(["openai"], served);
    assert.deepEqual(
      registry.all().map(({ model }) => model),
      ["gpt-4o"],
    );
    assert.equal(registry.find("gpt")?.models[0]?.model, "gpt-4o");
  });

  it("is no name that a price for every model would fit", () => {
    const at = (kind: object) => ({ protocol: "openai", baseUrl: "http://127.0.0.1:9/v1", pricing: kind });
    const rates = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 };
    const { providers, prices } = parseConfig({
      providers: { flat: at({ kind: "fixed", ...rates }), own: at({ kind: "catalog" }) },
      prices: [
        { provider: "own", model: "acme-*", ...rates },
        { provider: "own", model: "*", ...rates },
      ],
    });
    const book = new PriceBook(providers, prices);
    const registry = new ModelRegistry({ providers, prices: book, served: new Map(), now: NOW });
    assert.equal(registry.find("nonsense"), null);
    assert.equal(means("acme-9", registry), "name own acme-9");
  });

  it("is not what a default price says: an alias stands for a model whose price is known", () => {
    const { providers, prices, defaultPrice } = parseConfig({
      providers: { openai: { protocol: "openai", baseUrl: "http://127.0.0.1:9/v1" } },
      defaultPrice: { inputUsdPerMTok: 15, outputUsdPerMTok: 75 },
    });
    const ids = ["gpt-99", "gpt-4o"].map((id) => ({ id, contextWindowTokens: null }));
    const registry = new ModelRegistry({
      providers,
      prices: new PriceBook(providers, prices, { defaultPrice }),
      served: new Map([["openai", ids]]),
      now: NOW,
    });
    assert.equal(means("gpt", registry), "alias openai gpt-4o");
    assert.equal(means("gpt-99", registry), "name openai gpt-99");
    assert.equal(registry.of("openai", "gpt-99").costBasis, "default");
  });
});
