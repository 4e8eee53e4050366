import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseConfig } from "../../src/domain/config.ts";
import { PriceBook, type Priced } from "../../src/domain/priceBook.ts";
import { CATALOG_VERSION } from "../../src/domain/prices/builtInCatalog.ts";
import { costOf, type Rates, ratesSchema } from "../../src/domain/rates.ts";
import { NO_USAGE, type Usage } from "../../src/domain/usage.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");

const config = parseConfig({
  providers: {
    openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" },
    anthropic: { protocol: "anthropic", baseUrl: "http://127.0.0.1:4100" },
    work: { protocol: "openai", baseUrl: "https://api.deepseek.com" },
    router: { protocol: "openai", baseUrl: "https://openrouter.ai/api/v1", pricing: { kind: "reported" } },
    vllm: { protocol: "openai", baseUrl: "http://127.0.0.1:8000/v1", pricing: { kind: "compute-hour" } },
    free: { protocol: "openai", baseUrl: "https://llm.example/v1", pricing: { kind: "free" } },
    flat: {
      protocol: "openai",
      baseUrl: "https://llm.example/v1",
      pricing: { kind: "fixed", inputUsdPerMTok: 1, outputUsdPerMTok: 2, cachedInputUsdPerMTok: 0.25 },
    },
    corporate: { protocol: "openai", baseUrl: "https://llm.example/v1" },
  },
  prices: [
    { provider: "openai", model: "my-finetune", inputUsdPerMTok: 3, outputUsdPerMTok: 6, cachedInputUsdPerMTok: 1.5 },
    { provider: "openai", model: "ft:*", inputUsdPerMTok: 4, outputUsdPerMTok: 8 },
    { provider: "*", model: "ft:special", inputUsdPerMTok: 100, outputUsdPerMTok: 100 },
    { provider: "*", model: "house-*", inputUsdPerMTok: 0.0375, outputUsdPerMTok: 5, cacheWriteUsdPerMTok: 7 },
  ],
});
const book = new PriceBook(config.providers, config.prices);

const usage = (parts: Partial<Usage>): Usage => ({ ...NO_USAGE, ...parts });

function costAt(provider: string, model: string, parts: Partial<Usage>, at = NOW, tier: string | null = null): number {
  const priced = book.lookUp(provider, model, at, tier, parts.inputTokens);
  assert.ok(priced !== null, `${provider}/${model}`);
  return costOf(usage(parts), priced.rates);
}

const dear = (provider: string, model: string, inputBound: number, tier?: string): Rates => {
  const rates = book.dearest(provider, model, NOW, inputBound, tier);
  assert.ok(rates !== null);
  return rates;
};

describe("prices", () => {
  it("are right to the nano-dollar", () => {
    // USD/MTok × tokens = micro-USD; a nano-USD is a thousandth of that.
    const rows: Array<[string, string, Partial<Usage>, nano: number]> = [
      // 2.50, cached 1.25, out 10
      [
        "openai",
        "gpt-4o",
        { inputTokens: 1_000, cachedInputTokens: 600, outputTokens: 50 },
        1_000_000 + 750_000 + 500_000,
      ],
      ["openai", "gpt-4o-2024-08-06", { inputTokens: 1, outputTokens: 1 }, 12_500],
      // 0.15, cached 0.075, out 0.60
      ["openai", "gpt-4o-mini", { inputTokens: 7, cachedInputTokens: 3, outputTokens: 11 }, 600 + 225 + 6_600],
      // a third of a nano-dollar is rounded up: 1 cached token at 0.0125 USD/MTok and the like
      ["openai", "gpt-5", { inputTokens: 3, cachedInputTokens: 3 }, 375],
      // 3, read 0.30, writes 3.75 and 6, out 15
      [
        "anthropic",
        "claude-sonnet-4-5-20250929",
        {
          inputTokens: 8_100,
          cachedInputTokens: 5_000,
          cacheWrite5mTokens: 1_000,
          cacheWrite1hTokens: 2_000,
          outputTokens: 10,
        },
        300_000 + 1_500_000 + 3_750_000 + 12_000_000 + 150_000,
      ],
      // 4, read 0.20 (0.05 of input, not 0.1), out 20
      [
        "anthropic",
        "claude-opus-5-5",
        { inputTokens: 1_000, cachedInputTokens: 1_000, outputTokens: 100 },
        200_000 + 2_000_000,
      ],
      // two searches at 10 USD a thousand
      [
        "anthropic",
        "claude-haiku-4-5",
        { inputTokens: 10, outputTokens: 10, webSearches: 2 },
        10_000 + 50_000 + 20_000_000,
      ],
      // long context moves the whole request: 200,001 × 6, 10 × 22.50
      ["anthropic", "claude-sonnet-4-5", { inputTokens: 200_001, outputTokens: 10 }, 1_200_006_000 + 225_000],
      ["anthropic", "claude-sonnet-4-5", { inputTokens: 200_000, outputTokens: 10 }, 600_000_000 + 150_000],
      // from exactly 272,000: 5 and 22.50, cached 0.50
      [
        "openai",
        "gpt-5.4",
        { inputTokens: 272_000, cachedInputTokens: 72_000, outputTokens: 1 },
        1_000_000_000 + 36_000_000 + 22_500,
      ],
      // own prices: 3, cached 1.50, out 6; without a cached price the input's
      ["openai", "my-finetune", { inputTokens: 10, cachedInputTokens: 4, outputTokens: 1 }, 18_000 + 6_000 + 6_000],
      ["openai", "ft:gpt-4o:acme", { inputTokens: 10, cachedInputTokens: 4, outputTokens: 1 }, 48_000],
      // 0.0375 USD/MTok is 37,500 pico-USD a token: 37.5 nano-USD, rounded up
      ["corporate", "house-large", { inputTokens: 1 }, 38],
      ["corporate", "house-large", { inputTokens: 100, cacheWrite5mTokens: 60, cacheWrite1hTokens: 40 }, 700_000],
      ["flat", "anything", { inputTokens: 100, cachedInputTokens: 40, outputTokens: 10 }, 60_000 + 10_000 + 20_000],
      ["free", "anything", { inputTokens: 100, outputTokens: 10 }, 0],
      ["vllm", "anything", { inputTokens: 100, outputTokens: 10 }, 0],
    ];
    for (const [provider, model, parts, nano] of rows) {
      assert.equal(costAt(provider, model, parts), nano, `${provider}/${model} ${JSON.stringify(parts)}`);
    }
  });

  it("are those of the day and the hour", () => {
    const at = (iso: string, provider: string, model: string, parts: Partial<Usage>) =>
      costAt(provider, model, parts, Date.parse(iso));
    // o3 fell from 10 to 2 USD/MTok on 2025-06-10.
    assert.equal(at("2025-06-09T23:59:59Z", "openai", "o3", { inputTokens: 1_000 }), 10_000_000);
    assert.equal(at("2025-06-10T00:00:00Z", "openai", "o3", { inputTokens: 1_000 }), 2_000_000);
    assert.equal(at("2025-06-09T23:59:59Z", "openai", "o3", { inputTokens: 1_000 }), 10_000_000);
    // DeepSeek's peak hours: 1.32 against 0.66.
    assert.equal(at("2026-11-21T01:00:00Z", "work", "deepseek-v4-pro", { inputTokens: 1_000 }), 1_320_000);
    assert.equal(at("2026-11-21T04:00:00Z", "work", "deepseek-v4-pro", { inputTokens: 1_000 }), 660_000);
  });

  it("say on whose word they rest", () => {
    const word = (provider: string, model: string) => {
      const { basis, version } = book.lookUp(provider, model, NOW) as Priced;
      return `${basis} ${version}`;
    };
    assert.equal(word("openai", "gpt-4o"), `catalog ${CATALOG_VERSION}`);
    assert.equal(word("openai", "my-finetune"), "override configuration");
    assert.equal(word("flat", "x"), "override configuration");
    assert.equal(word("vllm", "x"), "compute-hour configuration");
    assert.equal(word("free", "x"), "free configuration");
    assert.equal(word("router", "openai/gpt-4o"), `catalog ${CATALOG_VERSION}`);
    const { dependencies } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    assert.equal(CATALOG_VERSION, `genai-prices-${dependencies["@pydantic/genai-prices"]}`);
  });

  it("that nobody knows are null, never 0", () => {
    assert.equal(book.lookUp("openai", "no-such-model", NOW), null);
    assert.equal(book.lookUp("openai", "", NOW), null);
    assert.equal(book.lookUp("corporate", "gpt-4o", NOW), null);
    assert.equal(book.lookUp("nowhere", "gpt-4o", NOW), null);
    assert.equal(book.lookUp("constructor", "gpt-4o", NOW), null);
    assert.equal(book.dearest("openai", "no-such-model", NOW, 10), null);
    // Its sound has a price that the catalogue does not say.
    assert.equal(book.lookUp("openai", "gpt-4o-audio-preview", NOW), null);
  });

  it("come from the first of a user's entries that matches", () => {
    assert.equal(costAt("openai", "ft:special", { inputTokens: 1 }), 4_000);
    assert.equal(costAt("flat", "ft:special", { inputTokens: 1 }), 100_000);
    assert.equal(costAt("free", "ft:special", { inputTokens: 1 }), 0);
  });

  it("of a cheaper tier are charged where they are published, and never held below the standard", () => {
    const input = { inputTokens: 1_000 };
    const standard = costAt("openai", "gpt-4o", input);
    assert.equal(costAt("openai", "gpt-4o", input, NOW, "default"), standard);
    for (const tier of ["flex", "batch"]) {
      assert.equal(costAt("openai", "gpt-4o", input, NOW, tier), standard / 2);
      assert.equal(dear("openai", "gpt-4o", 10, tier).input, 2_500_000);
      // OpenRouter's own discount is not published.
      assert.equal(costAt("router", "openai/gpt-4o", input, NOW, tier), standard);
    }
  });

  it("never go below the standard for a dearer tier, nor for one that nobody knows, and say so", () => {
    const input = { inputTokens: 1_000 };
    const standard = costAt("openai", "gpt-4o", input);
    assert.equal(costAt("openai", "gpt-4o", input, NOW, "priority"), standard * 1.7);
    assert.equal(costAt("openai", "gpt-4o", input, NOW, "fast"), standard * 1.7);
    for (const tier of ["constructor", "brand-new", "ultrafast"]) {
      assert.ok(costAt("openai", "gpt-4o", input, NOW, tier) >= 2.5 * standard, tier);
      assert.match(book.lookUp("openai", "gpt-4o", NOW, tier)?.version ?? "", /at most \d/);
    }
    assert.equal(costAt("anthropic", "claude-opus-4-8", input, NOW, "standard+us"), 5_500_000);
    assert.equal(costAt("anthropic", "claude-opus-4-8", input, NOW, "standard+fast"), 10_000_000);
    assert.equal(costAt("anthropic", "claude-opus-4-7", input, NOW, "fast+us"), 33_000_000);
    assert.equal(costAt("work", "deepseek-v4-flash", input, NOW, "priority"), 550_000);
    assert.equal(dear("openai", "gpt-4o", 10, "priority").input, 4_250_000);
    assert.equal(book.lookUp("openai", "gpt-4o", NOW, "priority")?.version, `${CATALOG_VERSION}, priority at 1.7×`);
  });

  it("of every model in the catalogue are whole pico-USD, and output is never free by omission", () => {
    for (const provider of ["openai", "anthropic", "router", "work"]) {
      for (const model of book.models(provider)) {
        const priced = book.lookUp(provider, model, NOW);
        if (priced !== null) {
          ratesSchema.parse(priced.rates);
          assert.ok(priced.rates.output >= priced.rates.cachedInput || priced.rates.output > 0, model);
        }
      }
    }
  });
});

describe("the dearest rates", () => {
  it("are those of the longest prompt that the bound allows", () => {
    assert.equal(dear("openai", "gpt-5.4", 271_999).input, 2_500_000);
    assert.equal(dear("openai", "gpt-5.4", 272_000).input, 5_000_000);
    assert.equal(dear("openai", "gpt-5.4", 272_000).output, 22_500_000);
  });

  it("are no lower in any class than what a call within the bound is charged at", () => {
    for (const model of ["gpt-5.4", "gpt-6-sol", "gpt-4o"]) {
      for (const bound of [0, 1, 271_999, 272_000, 272_001, 1_000_000]) {
        for (const tokens of [0, 1, 200_000, 272_000, 1_000_000].filter((count) => count <= bound)) {
          const { rates } = book.lookUp("openai", model, NOW, null, tokens) as Priced;
          const most = dear("openai", model, bound);
          for (const name of Object.keys(rates) as Array<keyof Rates>) {
            assert.ok(most[name] >= rates[name], `${model} ${name} at ${tokens} of ${bound}`);
          }
        }
      }
    }
  });
});

describe("models", () => {
  it("to pick from are the user's own and the catalogue's that chat", () => {
    const names = book.models("openai");
    assert.equal(names[0], "my-finetune");
    assert.ok(names.includes("gpt-4o") && names.includes("gpt-5"));
    assert.ok(!names.some((name) => /embedding|whisper|image|\*/.test(name)));
    assert.ok(book.models("anthropic").includes("claude-sonnet-4-5"));
    assert.deepEqual(book.models("vllm"), []);
  });

  it("have the output limits of their makers' pages", () => {
    const limits = {
      "gpt-4o": 16_384,
      "gpt-4o-mini": 16_384,
      "gpt-4.1-mini": 32_768,
      "gpt-5.4": 128_000,
      o3: 100_000,
      "gpt-4": 8_192,
      "no-such-model": 128_000,
    };
    for (const [model, limit] of Object.entries(limits)) {
      assert.equal(book.outputLimit("openai", model), limit, model);
    }
    assert.equal(book.outputLimit("anthropic", "claude-sonnet-4-5-20250929"), 64_000);
    assert.equal(book.outputLimit("anthropic", "claude-opus-4-1-20250805"), 32_000);
    assert.equal(book.outputLimit("anthropic", "claude-opus-4-8"), 128_000);
  });
});
