import assert from "node:assert/strict";
import { CachedInput, NO_CACHE } from "../../src/domain/cachedInput.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";

const usage = (inputTokens: number, cachedInputTokens: number, cacheWrite5mTokens = 0) => ({
  ...{ ...NO_USAGE, inputTokens, cachedInputTokens, cacheWrite5mTokens },
});

describe("how much of a prompt comes from a cache", () => {
  it("is learned of each tool's calls with a model, by their tokens, once there are a few", () => {
    const cached = new CachedInput();
    for (let call = 0; call < 4; call += 1) {
      cached.observe("anthropic", "claude", "agent", usage(10_000, 8_000, 1_000));
    }
    assert.equal(cached.usual("anthropic", "claude", "agent", 5_000), NO_CACHE);
    cached.observe("anthropic", "claude", "agent", usage(10_000, 8_000, 1_000));
    const { cached: read, write5m, write1h } = cached.usual("anthropic", "claude", "agent", 5_000);
    assert.deepEqual([read.toFixed(6), write5m.toFixed(6), write1h], ["0.800000", "0.100000", 0]);
    assert.equal(cached.usual("anthropic", "claude", null, 5_000), NO_CACHE);
    assert.equal(cached.usual("anthropic", "claude", "agent", 500), NO_CACHE, "no provider keeps so little");
    cached.observe("anthropic", "claude", "agent", usage(1_000_000, 0));
    assert.ok(cached.usual("anthropic", "claude", "agent", 5_000).cached < 0.04, "a long call weighs more");
  });

  it("is forgotten by and by, and never all and more", () => {
    const cached = new CachedInput();
    for (let call = 0; call < 300; call += 1) {
      cached.observe("openai", "gpt", "agent", usage(10_000, call < 100 ? 0 : 9_000));
    }
    assert.ok(Math.abs(cached.usual("openai", "gpt", "agent", 5_000).cached - 0.9) < 0.02);
    for (let call = 0; call < 300; call += 1) {
      cached.observe("odd", "m", null, usage(2_000, 2_000, 2_000));
    }
    assert.deepEqual(cached.usual("odd", "m", null, 5_000), { cached: 0.5, write5m: 0.5, write1h: 0 });
  });
});
