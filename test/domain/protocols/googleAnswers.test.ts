import assert from "node:assert/strict";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { costOf, FREE_RATES } from "../../../src/domain/rates.ts";
import { chunk, end, facts, read } from "./sampleGenerate.ts";
import { bodyOf, utf8 } from "./streams.ts";

const answered = (answer: unknown, more: object = {}, model?: string) =>
  googleGenerate.readJson(200, bodyOf(answer), read(more, model));

const tokens = (text: number, audio: number) => [
  { modality: "TEXT", tokenCount: text },
  { modality: "AUDIO", tokenCount: audio },
];

describe("google-generate answers", () => {
  const RATES = { ...FREE_RATES, input: 300_000, cachedInput: 30_000, audioInput: 1_000_000, output: 2_500_000 };

  it("count the cached prefix once, thoughts beside what is said, and what tools brought in", () => {
    const usageMetadata = {
      promptTokenCount: 5_000,
      cachedContentTokenCount: 4_000,
      candidatesTokenCount: 100,
      thoughtsTokenCount: 900,
      toolUsePromptTokenCount: 70,
      totalTokenCount: 6_070,
    };
    const { usage, basis, model } = answered(chunk("Hi", usageMetadata, end));
    assert.deepEqual(
      [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, usage.reasoningTokens, basis, model],
      [5_070, 4_000, 1_000, 900, "reported", "gemini-2.5-flash"],
    );
    assert.equal(costOf(usage, RATES), 1_070 * 300 + 4_000 * 30 + 1_000 * 2_500);
  });

  it("charge sound at its own rate, heard and spoken, and cached sound as cached", () => {
    const usageMetadata = {
      promptTokenCount: 150,
      promptTokensDetails: tokens(100, 50),
      cachedContentTokenCount: 30,
      cacheTokensDetails: tokens(10, 20),
      candidatesTokenCount: 40,
      candidatesTokensDetails: tokens(5, 35),
      totalTokenCount: 190,
    };
    const { usage } = answered(chunk("Hi", usageMetadata, end));
    assert.deepEqual([usage.audioInputTokens, usage.cachedInputTokens, usage.audioOutputTokens], [30, 30, 35]);
    assert.equal(
      costOf(usage, { ...RATES, audioOutput: 4_000_000 }),
      90 * 300 + 30 * 30 + 30 * 1_000 + 5 * 2_500 + 35 * 4_000,
    );
  });

  it("find a part that is not told in the total, and take what is told nowhere for what the text shows", () => {
    const thoughtsLeftOut = { promptTokenCount: 10, candidatesTokenCount: 4, totalTokenCount: 64 };
    const { usage, basis } = answered(chunk("Hi", thoughtsLeftOut, end));
    assert.deepEqual([usage.outputTokens, usage.reasoningTokens, basis], [54, 50, "reported"]);
    const saidInTotal = answered(
      chunk("Hi", { promptTokenCount: 10, thoughtsTokenCount: 46, totalTokenCount: 60 }, end),
    );
    assert.deepEqual([saidInTotal.usage.outputTokens, saidInTotal.basis], [50, "reported"]);
    const saidLeftOut = answered(chunk("x".repeat(30), { promptTokenCount: 10, totalTokenCount: 10 }, end));
    assert.deepEqual([saidLeftOut.usage.outputTokens, saidLeftOut.basis], [10, "estimated"]);
    const silent = answered({ candidates: [{ content: { parts: [{ text: "x".repeat(30) }] }, ...end }] });
    assert.deepEqual([silent.usage.outputTokens, silent.basis], [10, "estimated"]);
    assert.ok(silent.usage.inputTokens > 0 && silent.usage.inputTokens <= facts.inputBoundTokens);
  });

  it("that are blocked cost their prompt", () => {
    const promptFeedback = { blockReason: "SAFETY" };
    const told = answered({ promptFeedback, usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 } });
    assert.deepEqual([told.usage.inputTokens, told.usage.outputTokens, told.basis], [9, 0, "reported"]);
    const untold = answered({ promptFeedback, usageMetadata: { trafficType: "ON_DEMAND" } });
    assert.deepEqual([untold.usage.inputTokens > 0, untold.usage.outputTokens, untold.basis], [true, 0, "estimated"]);
  });

  it("name their tier, as AI Studio and Vertex tell it", () => {
    const tierOf = (more: object) => answered(chunk("", { promptTokenCount: 1, ...more }, end)).serviceTier;
    assert.equal(tierOf({ serviceTier: "priority" }), "priority");
    assert.equal(tierOf({ trafficType: "ON_DEMAND" }), "standard");
    assert.equal(tierOf({ trafficType: "ON_DEMAND_FLEX" }), "flex");
    assert.equal(tierOf({ trafficType: "PROVISIONED_THROUGHPUT" }), "standard");
    assert.equal(tierOf({}), null);
  });

  it("count the searches that were made, as they are billed", () => {
    const groundingMetadata = { webSearchQueries: ["weather", "weather in Oslo", "weather", ""] };
    const answer = chunk("Hi", { promptTokenCount: 1, candidatesTokenCount: 1 }, { ...end, groundingMetadata });
    assert.equal(answered(answer).usage.webSearches, 1);
    assert.equal(answered(answer, {}, "gemini-3-pro-preview").usage.webSearches, 2);
    const maps = { groundingMetadata: { groundingChunks: [{ maps: { uri: "…" } }] } };
    assert.equal(answered(chunk("Hi", { promptTokenCount: 1 }, { ...end, ...maps })).usage.webSearches, 1);
    assert.equal(
      answered(chunk("Hi", { promptTokenCount: 1 }, end), { tools: [{ googleSearch: {} }] }).usage.webSearches,
      0,
    );
  });

  it("that are errors name them, alone or in an array", () => {
    const error = { error: { code: 429, message: "…", status: "RESOURCE_EXHAUSTED" } };
    for (const body of [error, [error]]) {
      const { errorType, basis } = googleGenerate.readJson(429, bodyOf(body), facts);
      assert.deepEqual([errorType, basis], ["RESOURCE_EXHAUSTED", "none"]);
    }
    assert.equal(googleGenerate.readJson(503, utf8("<html>"), facts).errorType, "http_503");
    assert.equal(googleGenerate.readJson(500, bodyOf({}), facts).errorType, "http_500");
    assert.match(googleGenerate.readJson(200, utf8("<html>"), facts).trouble ?? "", /JSON/);
  });
});
