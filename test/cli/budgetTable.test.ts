import assert from "node:assert/strict";
import { budgetLines } from "../../src/cli/budgetTable.ts";
import type { BudgetStatus } from "../../src/domain/api.ts";

/** Half past two in the afternoon of the local clock. */
const NOW = new Date(2026, 10, 21, 14, 30).getTime();

function lineOf(parts: Partial<BudgetStatus>): string {
  const budget: BudgetStatus = {
    name: "all",
    window: "total",
    hard: true,
    scope: {},
    warnAt: [],
    spentNanoUsd: 5_000_000_000,
    heldNanoUsd: 0,
    limitNanoUsd: 5_000_000_000,
    configuredLimitNanoUsd: 5_000_000_000,
    leftNanoUsd: 0,
    state: "spent",
    windowStart: new Date(0).toISOString(),
    resetsAt: null,
    raised: false,
    raisedUntil: null,
    allowances: 0,
    paused: false,
    pausedUntil: null,
    computeForecast: null,
    ...parts,
  };
  return budgetLines([budget], NOW, Number.POSITIVE_INFINITY)[1] ?? "";
}

describe("the table of budgets", () => {
  it("marks a limit that was raised, also one that stays raised for good, and no other", () => {
    assert.match(lineOf({ raised: true, raisedUntil: new Date(NOW + 1).toISOString() }), /\$5\.00 \(raised\)/);
    assert.match(lineOf({ raised: true }), /\$5\.00 \(raised\)/);
    assert.doesNotMatch(lineOf({}), /raised/);
  });

  it("says that a budget is paused, and until when", () => {
    const until = new Date(NOW + 50 * 60_000).toISOString();
    assert.match(lineOf({ paused: true, pausedUntil: until }), /^all +spent \(paused until 3:20 PM\) +\$5\.00/);
    assert.match(lineOf({ paused: true }), /spent \(paused until resumed\)/);
    assert.match(lineOf({ paused: true, hard: false }), /spent \(soft, paused until resumed\)/);
    assert.doesNotMatch(lineOf({}), /paused/);
  });
});
