import assert from "node:assert/strict";
import { EstimateErrors } from "../../src/domain/estimateErrors.ts";
import { TokenMargin } from "../../src/domain/tokenMargin.ts";

describe("how far estimates are from what calls cost", () => {
  it("is told for each model by the size of the errors and by their side", () => {
    const errors = new EstimateErrors();
    errors.observe("openai", "gpt-4o", 1_500, 1_000);
    errors.observe("openai", "gpt-4o", 900, 1_000);
    errors.observe("openai", "free", 900, 0);
    assert.deepEqual(errors.of("openai", "gpt-4o"), { calls: 2, meanAbsoluteShare: 0.3, biasShare: 0.2 });
    assert.equal(errors.of("anthropic", "gpt-4o"), null);
    assert.deepEqual(
      errors.all().map(({ provider, model }) => [provider, model]),
      [["openai", "gpt-4o"]],
    );
  });

  it("forgets all but the last 200 calls", () => {
    const errors = new EstimateErrors();
    for (let call = 0; call < 300; call += 1) {
      errors.observe("openai", "gpt-4o", call < 100 ? 9_000 : 1_000, 1_000);
    }
    assert.deepEqual(errors.of("openai", "gpt-4o"), { calls: 200, meanAbsoluteShare: 0, biasShare: 0 });
  });
});

describe("what a prompt usually comes to", () => {
  it("is learned from what was billed for the same family, from a count and from bytes", () => {
    const margin = new TokenMargin();
    const guess = [margin.usually("claude-next", 1_000), margin.usuallyOfBytes("claude-next", 4_000)];
    assert.deepEqual(guess, [1_350, 1_000]);
    for (let call = 0; call < 21; call += 1) {
      assert.equal(margin.isGuessed("claude-next"), call < 20);
      margin.observe("claude-next", 1_000, 1_200 + call);
      margin.observeBytes("claude-next", 3_000, 1_000);
    }
    assert.equal(margin.usually("anthropic/claude-other", 1_000), 1_210);
    assert.equal(margin.usuallyOfBytes("claude-other", 4_000), 1_334);
    assert.equal(margin.usually("gpt-5-mini", 1_000), 1_000);
    // What is expected stays below what is held.
    assert.ok(margin.atMost("claude-other", 1_000) > 1_210);
  });
});
