import assert from "node:assert/strict";
import type { Refusal } from "../../src/domain/events.ts";
import { nanoFromUsd } from "../../src/domain/money.ts";
import { stopInWords } from "../../src/extension/budgets/stopWords.ts";
import { inEnglish } from "../../src/extension/translate.ts";

const NOW = Date.parse("2026-11-21T14:20:00.000Z");
const CALL = { tool: "claude", project: "web", requestedModel: "claude-opus-5" };
const REFUSAL: Refusal = {
  reason: "budget",
  budget: "month",
  window: "month",
  spentNanoUsd: nanoFromUsd(50),
  heldNanoUsd: 0,
  limitNanoUsd: nanoFromUsd(50),
  worstCaseNanoUsd: nanoFromUsd(3),
  neededNanoUsd: nanoFromUsd(1.2),
  resetsAt: null,
  message: "",
};
const words = (refusal: Partial<Refusal>, call: Partial<typeof CALL> | { tool: null } = {}) =>
  stopInWords({ ...CALL, ...call }, { ...REFUSAL, ...refusal }, NOW, inEnglish);

describe("what is said of a tool that was stopped", () => {
  it("is who, by which budget, the amounts, and when it resets", () => {
    assert.match(
      words({ resetsAt: "2026-12-01T00:00:00.000Z" }),
      /^claude \(project web\) was stopped by the month budget: \$50\.00 of \$50\.00 is spent\. It resets .+\.$/,
    );
    assert.equal(
      words({ spentNanoUsd: nanoFromUsd(49), heldNanoUsd: nanoFromUsd(0.5) }),
      "claude (project web) was stopped by the month budget: $0.50 of $50.00 is left, and its call needs $1.20.",
    );
    assert.match(words({ reason: "unpriced" }), /nobody knows the price of claude-opus-5\.$/);
    assert.match(words({ reason: "unmetered" }), /nobody can tell what its call would cost\.$/);
    assert.match(words({ budget: "run-0123456789" }, { tool: null }), /^A program .* by the budget of its run:/);
  });

  it("holds no link, whatever a folder or a tool is named", () => {
    const text = words({}, { tool: "[run](command:evil)", project: `[x](https://x.example)${"y".repeat(300)}` });
    assert.doesNotMatch(text, /\]\(|command:evil\)|x\.example\)/);
    assert.ok(text.length < 250, text);
  });
});
