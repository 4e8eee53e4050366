import assert from "node:assert/strict";
import type { ModelEstimate } from "../../src/domain/modelApi.ts";
import { cheapestFirst, comparisonDocument, costInWords, tokensInWords } from "../../src/extension/ask/comparison.ts";
import { abilitiesInWords, priceInWords } from "../../src/extension/ask/modelWords.ts";
import { inEnglish } from "../../src/extension/translate.ts";

const one = (more: Partial<ModelEstimate> = {}): ModelEstimate => ({
  asked: "gpt-4o",
  provider: "openai",
  model: "gpt-4o",
  inputTokens: 1_204,
  cachedInputTokens: 0,
  inputBasis: "tokenizer",
  usualOutputTokens: 600,
  expectedNanoUsd: 9_010_000,
  worstCaseNanoUsd: 44_000_000,
  costBasis: "catalog",
  contextWindowTokens: 128_000,
  promptsTooLong: 0,
  tightestBudget: null,
  leftNanoUsd: null,
  ...more,
});
const unknown = one({ model: "acme", expectedNanoUsd: null, worstCaseNanoUsd: null, costBasis: "unpriced" });

describe("costs side by side", () => {
  it("stand with the cheapest first, and what nobody knows last and never as nothing", () => {
    const sorted = cheapestFirst([unknown, one(), one({ model: "free", expectedNanoUsd: 0, costBasis: "free" })]);
    assert.deepEqual(
      sorted.map(({ model }) => model),
      ["free", "gpt-4o", "acme"],
    );
    assert.equal(costInWords(one(), inEnglish), "about $0.0090, at most $0.044");
    assert.equal(costInWords(unknown, inEnglish), "price unknown");
    assert.match(costInWords(one({ costBasis: "compute-hour" }), inEnglish), /paid by the hour/);
  });

  it("say where tokens are guessed from bytes", () => {
    assert.equal(tokensInWords(one(), inEnglish), "1,204 tokens in, 600 out");
    assert.match(tokensInWords(one({ inputBasis: "bytes" }), inEnglish), /^about 1,204 tokens in by its bytes/);
  });

  it("make a table that reads as text too, with what it takes for granted", () => {
    const estimates = [one({ inputBasis: "bytes", promptsTooLong: 1 }), unknown];
    const text = comparisonDocument({ prompts: 1, cachedShare: 0, estimates }, "a|b *c*", 4_096, inEnglish);
    const lines = text.split("\n").filter((line) => line.startsWith("|"));
    assert.equal(new Set(lines.map((line) => line.length)).size, 1, text);
    assert.match(text, /^# Cost of a\\\|b \\\*c\\\*\n/);
    assert.match(text, /\| gpt-4o \| openai {3}\| ~1,204 \| {4}600 \| {2}\$0\.0090 \| +\$0\.044 \|/);
    assert.match(text, /one of 4,096 tokens/);
    assert.match(text, /guessed from the text's bytes/);
    assert.match(text, /Too long for gpt-4o\./);
    assert.match(text, /No input is taken to come from a provider's cache/);
    const learned = [one({ cachedInputTokens: 602 }), unknown];
    const other = comparisonDocument({ prompts: 1, cachedShare: null, estimates: learned }, "a", 4_096, inEnglish);
    assert.match(other, /from the provider's cache, as with earlier calls: gpt-4o 50%\./);
  });
});

describe("a model in a list", () => {
  const model = {
    provider: "openai",
    model: "gpt-4o",
    family: "gpt",
    contextWindowTokens: 128_000,
    outputLimitTokens: 16_384,
    abilities: { tools: true, vision: true, reasoning: false, coding: null },
    tier: "moderate",
    source: null,
    costBasis: "catalog",
    priceVersion: null,
    inputUsdPerMTok: 2.5,
    cachedInputUsdPerMTok: 1.25,
    outputUsdPerMTok: 10,
    hourlyRateUsd: null,
  } as const;

  it("says what it costs and can do, and nothing that nobody knows", () => {
    assert.equal(priceInWords(model, inEnglish), "$2.50 in, $10.00 out per million tokens");
    assert.equal(abilitiesInWords(model, inEnglish), "128k context · tools, vision");
    const abilities = { tools: null, vision: null, reasoning: null, coding: null };
    assert.equal(abilitiesInWords({ ...model, abilities, contextWindowTokens: null }, inEnglish), "");
    assert.equal(priceInWords({ ...model, inputUsdPerMTok: null }, inEnglish), "price unknown");
    assert.equal(priceInWords({ ...model, hourlyRateUsd: 0.16 }, inEnglish), "$0.16 an hour");
    assert.equal(priceInWords({ ...model, costBasis: "free" }, inEnglish), "free");
  });
});
