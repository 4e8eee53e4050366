import assert from "node:assert/strict";
import { CachedInput } from "../../src/domain/cachedInput.ts";
import { parseConfig } from "../../src/domain/config.ts";
import { PriceBook } from "../../src/domain/priceBook.ts";
import { NOTHING_READ, type Reading } from "../../src/domain/protocol.ts";
import { anthropicMessages } from "../../src/domain/protocols/anthropicMessages.ts";
import { TokenMargin } from "../../src/domain/tokenMargin.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";
import { UsualOutput } from "../../src/domain/usualOutput.ts";
import { priceOf } from "../../src/sidecar/gateway/outcome.ts";
import { priceCall } from "../../src/sidecar/gateway/priceCall.ts";

const { providers } = parseConfig({
  providers: { anthropic: { protocol: "anthropic", baseUrl: "https://api.anthropic.com" } },
});
const prices = new PriceBook(providers, []);
const startedAt = Date.parse("2026-11-21T12:00:00Z");
const learned = { usual: new UsualOutput(), margin: new TokenMargin(), cached: new CachedInput() };

describe("a call in which other models work, too,", () => {
  const tokens = (inputTokens: number, outputTokens: number) => ({ ...NO_USAGE, inputTokens, outputTokens });

  it("costs each model's tokens at that model's rates", () => {
    const reading: Reading = {
      ...NOTHING_READ,
      model: "claude-haiku-4-5",
      usage: tokens(1_300, 130),
      basis: "reported",
      otherModels: [{ model: "claude-opus-4-8", usage: tokens(300, 30) }],
    };
    const { costNanoUsd } = priceOf({ provider: "anthropic", model: "claude-haiku-4-5", startedAt }, reading, prices);
    assert.equal(costNanoUsd, 1_000 * 1_000 + 100 * 5_000 + 300 * 5_000 + 30 * 25_000);
  });

  const held = (more: object) => {
    const messages = [{ role: "user", content: "Hello" }];
    const body = JSON.stringify({ model: "claude-haiku-4-5", max_tokens: 100, messages, ...more });
    const facts = anthropicMessages.read(Buffer.from(body));
    const { bound } = priceCall(prices, learned, "anthropic", facts, startedAt);
    return { facts, input: facts.inputBoundTokens, bound, fixed: bound?.fixedNanoUsd ?? 0 };
  };

  it("is held at the dearer model's rates, and not at all where nobody knows these", () => {
    const advised = (model?: string) => {
      const tool = { type: "advisor_20260301", name: "advisor", model, max_uses: 2, max_tokens: 1_000 };
      return held({ tools: [tool] });
    };
    const { input, fixed } = advised("claude-opus-4-8");
    assert.ok(fixed - advised(undefined).fixed >= input * 5_000 + 2 * 1_000 * 25_000);
    assert.equal(advised("claude-nobody-knows").bound, null);
  });

  it("is held for each model that may try after the first one declined", () => {
    const plain = held({});
    const one = held({ fallbacks: [{ model: "claude-opus-4-8" }] });
    const two = held({ fallbacks: [{ model: "claude-opus-4-8" }, { model: "claude-sonnet-4-5", max_tokens: 500 }] });
    assert.ok(one.fixed - plain.fixed >= (plain.input + 100) * 5_000 + 100 * 25_000);
    assert.ok(two.fixed - one.fixed >= (plain.input + 200) * 3_000 + 500 * 15_000);
    assert.ok(held({ fallbacks: "default" }).fixed - plain.fixed >= plain.input * 1_000 + 100 * 5_000);
    assert.equal(held({ fallbacks: [{ model: "claude-nobody-knows" }] }).bound, null);
  });

  it("is held for the summary that a long prompt is replaced with", () => {
    const system = "word ".repeat(60_000);
    const edit = (value?: number) => {
      const trigger = value === undefined ? {} : { trigger: { type: "input_tokens", value } };
      return { context_management: { edits: [{ type: "compact_20260112", ...trigger }] } };
    };
    const compacted = held({ system, ...edit(50_000) });
    assert.deepEqual(compacted.facts.otherModels, [
      { model: "claude-haiku-4-5", inputTokens: compacted.input, outputTokens: 16_000 },
    ]);
    assert.ok(compacted.fixed >= 2 * compacted.input * 1_000 + 16_000 * 5_000);
    assert.equal(held(edit()).facts.otherModels, undefined, "a short prompt is not summarized");
  });
});
