import assert from "node:assert/strict";
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
const learned = { usual: new UsualOutput(), margin: new TokenMargin() };

describe("a call in which another model advises", () => {
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

  it("is held at the dearer model's rates, and not at all where nobody knows these", () => {
    const held = (advisor?: string) => {
      const tools = [{ type: "advisor_20260301", name: "advisor", model: advisor, max_uses: 2, max_tokens: 1_000 }];
      const messages = [{ role: "user", content: "Hello" }];
      const body = JSON.stringify({ model: "claude-haiku-4-5", max_tokens: 100, messages, tools });
      const facts = anthropicMessages.read(Buffer.from(body));
      return { facts, bound: priceCall(prices, learned, "anthropic", facts, startedAt).bound };
    };
    const { facts, bound } = held("claude-opus-4-8");
    const without = held(undefined).bound?.fixedNanoUsd ?? 0;
    assert.ok((bound?.fixedNanoUsd ?? 0) - without >= facts.inputBoundTokens * 5_000 + 2 * 1_000 * 25_000);
    assert.equal(held("claude-nobody-knows").bound, null);
  });
});
