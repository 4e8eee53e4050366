import assert from "node:assert/strict";
import type { BudgetStatus, Estimate } from "../../src/domain/api.ts";
import { costLine, isTight } from "../../src/extension/ask/costLine.ts";
import { inEnglish } from "../../src/extension/translate.ts";

const estimate = (more: Partial<Estimate> = {}): Estimate => ({
  expectedNanoUsd: 2_100_000,
  worstCaseNanoUsd: 31_000_000,
  inputTokens: 10,
  cachedInputTokens: 0,
  inputBasis: "tokenizer",
  inputBoundTokens: 40,
  usualOutputTokens: 600,
  outputLimitTokens: 4_096,
  clampedOutputTokens: null,
  costBasis: "catalog",
  tightestBudget: "month",
  refusal: null,
  undecided: false,
  ...more,
});
const month: BudgetStatus = {
  name: "month",
  window: "month",
  hard: true,
  scope: {},
  warnAt: [],
  spentNanoUsd: 4_020_000_000,
  heldNanoUsd: 0,
  limitNanoUsd: 5_000_000_000,
  configuredLimitNanoUsd: 5_000_000_000,
  leftNanoUsd: 980_000_000,
  state: "ok",
  windowStart: "2026-11-01T00:00:00Z",
  resetsAt: "2026-12-01T00:00:00Z",
  raised: false,
  raisedUntil: null,
  allowances: 0,
  paused: false,
  pausedUntil: null,
  computeForecast: null,
};

describe("what a prompt would cost", () => {
  it("is told with its worst case and with what is left", () => {
    assert.equal(costLine(estimate(), [month], inEnglish), "About $0.0021, at most $0.031 · month: $0.98 left");
    assert.match(costLine(estimate({ cachedInputTokens: 8 }), [month], inEnglish), / · 80% of the input from .* cache/);
  });

  it("is never shown as nothing where the price is unknown", () => {
    const unknown = estimate({ expectedNanoUsd: null, worstCaseNanoUsd: null, costBasis: "unpriced" });
    assert.match(costLine(unknown, [month], inEnglish), /unknown/);
    assert.ok(isTight(unknown, [month]));
  });

  it("says what the gate would do", () => {
    assert.match(costLine(estimate({ clampedOutputTokens: 812 }), [month], inEnglish), /lowered to 812 tokens/);
    assert.match(costLine(estimate({ refusal: "It does not fit." }), [month], inEnglish), /It does not fit\./);
    const undecided = costLine(estimate({ undecided: true }), [month], inEnglish);
    assert.match(undecided, /^About .* · month: \$0\.98 left · may not fit/);
    assert.doesNotMatch(undecided, /refused/);
  });

  it("is worth a second look only where money is tight", () => {
    assert.equal(isTight(estimate(), [month]), false);
    assert.equal(isTight(estimate({ worstCaseNanoUsd: 300_000_000 }), [month]), true);
    assert.equal(isTight(estimate({ clampedOutputTokens: 812 }), [month]), true);
    assert.equal(isTight(estimate({ undecided: true }), []), true);
    assert.equal(isTight(estimate({ worstCaseNanoUsd: 300_000_000 }), []), false);
  });
});
