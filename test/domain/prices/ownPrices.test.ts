import assert from "node:assert/strict";
import { ConfigError, type Price, parseConfig, parseNamed, priceSchema } from "../../../src/domain/config.ts";
import { PriceBook } from "../../../src/domain/priceBook.ts";
import { withPrice } from "../../../src/domain/prices/ownPrices.ts";

const price = (parts: Partial<Price>): Price => ({
  provider: "openai",
  model: "tuned",
  inputUsdPerMTok: 1,
  outputUsdPerMTok: 2,
  ...parts,
});
const bookOf = (prices: Price[], timeZone = "Europe/Berlin", more: object = {}) => {
  const config = parseConfig({
    providers: {
      openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" },
      free: { protocol: "openai", baseUrl: "https://llm.example/v1", pricing: { kind: "free" } },
      corporate: { protocol: "openai", baseUrl: "https://llm.example/v1" },
    },
    prices,
    ...more,
  });
  return new PriceBook(config.providers, config.prices, { timeZone, defaultPrice: config.defaultPrice });
};
const at = (iso: string) => Date.parse(iso);
const NOW = at("2026-11-21T12:00:00Z");

describe("a user's own price", () => {
  it("holds from local midnight, or from an instant, until just before its end", () => {
    const book = bookOf([
      price({ until: "2026-11-01", inputUsdPerMTok: 3 }),
      price({ from: "2026-11-01", until: "2026-11-10T08:00:00+01:00", inputUsdPerMTok: 4 }),
      price({ provider: "*", model: "*", inputUsdPerMTok: 9 }),
    ]);
    const input = (iso: string) => book.lookUp("openai", "tuned", at(iso))?.rates.input;
    // Berlin is an hour ahead of UTC.
    assert.equal(input("2026-10-31T22:59:59.999Z"), 3_000_000);
    assert.equal(input("2026-10-31T23:00:00Z"), 4_000_000);
    assert.equal(input("2026-11-10T06:59:59.999Z"), 4_000_000);
    assert.equal(input("2026-11-10T07:00:00Z"), 9_000_000);
    // Asked in any order, and with what was found before still in mind.
    assert.equal(input("2026-10-31T23:00:00Z"), 4_000_000);
    assert.equal(input("2026-10-31T22:59:59.999Z"), 3_000_000);
    const inTokyo = bookOf([price({ from: "2026-11-01" })], "Asia/Tokyo");
    assert.equal(inTokyo.lookUp("openai", "tuned", at("2026-10-31T14:59:59Z")), null);
    assert.equal(inTokyo.lookUp("openai", "tuned", at("2026-10-31T15:00:00Z"))?.basis, "override");
  });

  it("names every class, and where it does not, costs what input or output costs", () => {
    const [plain, full] = [
      price({}),
      price({
        cachedInputUsdPerMTok: 0.1,
        cacheWriteUsdPerMTok: 1.25,
        cacheWrite1hUsdPerMTok: 2.5,
        audioInputUsdPerMTok: 40,
        audioOutputUsdPerMTok: 80,
        webSearchUsd: 0.02,
      }),
    ].map((one) => bookOf([one]).lookUp("openai", "tuned", NOW)?.rates);
    assert.deepEqual(plain, {
      input: 1_000_000,
      cachedInput: 1_000_000,
      cacheWrite5m: 1_000_000,
      cacheWrite1h: 1_000_000,
      output: 2_000_000,
      audioInput: 1_000_000,
      audioOutput: 2_000_000,
      // What OpenAI's searches cost at most, since nothing else is known.
      webSearchNanoUsd: 10_000_000,
    });
    assert.deepEqual(full, {
      input: 1_000_000,
      cachedInput: 100_000,
      cacheWrite5m: 1_250_000,
      cacheWrite1h: 2_500_000,
      output: 2_000_000,
      audioInput: 40_000_000,
      audioOutput: 80_000_000,
      webSearchNanoUsd: 20_000_000,
    });
  });

  it("is refused where it makes no sense, by the key that is wrong", () => {
    const refuses = (parts: object, what: RegExp) =>
      assert.throws(
        () => parseNamed(priceSchema, { ...price({}), ...parts }, "prices.0"),
        (error: Error) => error instanceof ConfigError && what.test(error.message),
      );
    refuses({ inputUsdPerMTok: -1 }, /prices\.0\.inputUsdPerMTok/);
    refuses({ from: "tomorrow" }, /prices\.0\.from.*local midnight/);
    refuses({ from: "2026-02-30" }, /prices\.0\.from/);
    refuses({ from: "2026-11-01T08:00:00" }, /prices\.0\.from/);
    refuses({ from: "2026-11-02", until: "2026-11-01" }, /prices\.0\.until: the price ends before it begins/);
    refuses({ imageUsd: 1 }, /prices\.0\.imageUsd: unknown key/);
  });

  it("is set where it counts: before less exact names, and before what began earlier", () => {
    const has: Price[] = [price({ model: "*" }), price({ provider: "*", model: "*" })];
    const names = (prices: Price[]) => prices.map(({ provider, model, from = "" }) => `${provider}/${model}${from}`);
    const one = withPrice(has, price({ model: "tuned-*" }));
    const two = withPrice(one, price({ model: "tuned-5" }));
    const three = withPrice(two, price({ model: "tuned-5", from: "2027-01-01" }));
    const four = withPrice(three, price({ provider: "*", model: "tuned-5" }));
    assert.deepEqual(names(four), [
      "openai/tuned-52027-01-01",
      "openai/tuned-5",
      "*/tuned-5",
      "openai/tuned-*",
      "openai/*",
      "*/*",
    ]);
    const again = withPrice(four, price({ model: "tuned-5", inputUsdPerMTok: 7 }));
    assert.deepEqual(names(again), names(four));
    assert.equal(bookOf(again).lookUp("openai", "tuned-5", NOW)?.rates.input, 7_000_000);
    assert.equal(bookOf(again).lookUp("openai", "tuned-5", at("2027-01-01T00:00:00Z"))?.rates.input, 1_000_000);
  });
});

describe("the default price", () => {
  const more = { defaultPrice: { inputUsdPerMTok: 10, outputUsdPerMTok: 30 } };
  const book = bookOf([price({})], "UTC", more);
  const basis = (provider: string, model: string) => book.lookUp(provider, model, NOW)?.basis ?? null;

  it("holds for models that nobody has priced, and is told apart", () => {
    assert.equal(basis("openai", "brand-new"), "default");
    assert.equal(basis("corporate", "anything"), "default");
    assert.deepEqual(book.lookUp("corporate", "anything", NOW)?.rates.output, 30_000_000);
    assert.equal(basis("openai", "tuned"), "override");
    assert.equal(basis("openai", "gpt-4o"), "catalog");
    assert.equal(basis("free", "anything"), "free");
    assert.equal(basis("nowhere", "anything"), null);
  });

  it("holds neither for calls without a model nor for models whose price has parts that tokens do not tell", () => {
    assert.equal(basis("openai", ""), null);
    assert.equal(basis("openai", "gpt-4o-audio-preview"), null);
  });

  it("is off unless somebody sets it", () => {
    assert.equal(bookOf([]).lookUp("openai", "brand-new", NOW), null);
  });

  it("is never lower in a cheaper tier, and higher in a dearer one", () => {
    const input = (tier: string) => book.lookUp("openai", "brand-new", NOW, tier)?.rates.input ?? 0;
    assert.equal(input("flex"), 10_000_000);
    assert.ok(input("priority") >= 20_000_000);
  });
});

describe("a price book that took another's place", () => {
  it("leaves calls that started before to the other", () => {
    const before = bookOf([price({})]);
    const config = parseConfig({ providers: { openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" } } });
    const after = new PriceBook(config.providers, [price({ inputUsdPerMTok: 50 })], {
      earlier: (atMs) => (atMs < NOW ? before : null),
    });
    assert.equal(after.lookUp("openai", "tuned", NOW - 1)?.rates.input, 1_000_000);
    assert.equal(after.dearest("openai", "tuned", NOW - 1, 10)?.input, 1_000_000);
    assert.equal(after.lookUp("openai", "tuned", NOW)?.rates.input, 50_000_000);
    assert.equal(after.latest, NOW);
  });
});
