import assert from "node:assert/strict";
import { budgetSchema } from "../../src/domain/budget.ts";
import { gateSettingsSchema } from "../../src/domain/config.ts";
import type { Decision } from "../../src/domain/events.ts";
import { Gate, type HoldRequest } from "../../src/domain/gate.ts";

const NOON = Date.parse("2026-11-21T12:00:00Z");
const HOUR_MS = 3_600_000;
const USD = 1_000_000_000;

/** A gate with one budget of 1 USD a day, of which so much is spent. */
function gateWith(spentUsd: number, parts: Record<string, unknown> = {}): Gate {
  const gate = new Gate({
    calendar: { timeZone: "UTC", weekStartsOn: 1 },
    settings: () => gateSettingsSchema.parse({}),
    spentOf: () => spentUsd * USD,
  });
  gate.setBudgets([budgetSchema.parse({ name: "day", limitUsd: 1, window: "day", ...parts })], NOON);
  return gate;
}

/** A call of 0.01 USD of input and up to 0.01 USD of output, which usually costs 0.011 USD. */
function request(id: string, parts: Partial<HoldRequest> = {}): HoldRequest {
  return {
    id,
    attribution: { provider: "openai", model: "gpt-5", tags: [] },
    bound: {
      fixedNanoUsd: 0.01 * USD,
      outputRate: 10_000_000,
      choices: 1,
      outputLimitTokens: 1_000,
      usualOutputTokens: 4_096,
      clampable: true,
    },
    usualNanoUsd: 0.011 * USD,
    ...parts,
  };
}

const decision = (kind: Decision["kind"], until: number | null = null): Decision => ({
  id: "d",
  budget: "day",
  kind,
  limitNanoUsd: null,
  until,
  by: "ada",
  why: null,
});

describe("a paused hard budget", () => {
  it("holds nothing back, not even a model without a price, counts all of it, and refuses again after a resume", () => {
    const gate = gateWith(1);
    assert.equal(gate.hold(request("a"), NOON).kind, "refused");
    gate.decide(decision("pause"), NOON);
    const passed = gate.hold(request("b"), NOON);
    assert.deepEqual(passed.kind === "held" && [passed.clampedOutput, passed.allowedBy], [null, []]);
    gate.settle("b", 0.015 * USD, NOON);
    assert.equal(gate.account("day", NOON)?.spentNanoUsd, USD + 0.015 * USD);
    assert.equal(gate.hold(request("c", { bound: null }), NOON).kind, "held");
    gate.decide(decision("resume"), NOON);
    assert.equal(gate.hold(request("d"), NOON).kind, "refused");
    assert.equal(gate.hold(request("e", { bound: null }), NOON).kind, "refused");
  });

  it("refuses again from the moment at which its pause ends", () => {
    const gate = gateWith(1);
    gate.decide(decision("pause", NOON + HOUR_MS), NOON);
    assert.equal(gate.hold(request("a"), NOON + HOUR_MS - 1).kind, "held");
    assert.equal(gate.account("day", NOON + HOUR_MS - 1)?.pausedUntil, NOON + HOUR_MS);
    assert.equal(gate.hold(request("b"), NOON + HOUR_MS).kind, "refused");
    assert.equal(gate.account("day", NOON + HOUR_MS)?.pausedUntil, undefined);
  });

  it("stays paused over the end of its window where it is not told otherwise, and over a change of its limit", () => {
    const gate = gateWith(1);
    gate.decide(decision("pause"), NOON);
    gate.setBudgets([budgetSchema.parse({ name: "day", limitUsd: 0.5, window: "day" })], NOON);
    assert.equal(gate.hold(request("a"), NOON + 48 * HOUR_MS).kind, "held");
    assert.equal(gate.account("day", NOON + 48 * HOUR_MS)?.pausedUntil, null);
  });

  it("ends with its last pause, also where an earlier one would have lasted longer", () => {
    const gate = gateWith(1);
    gate.decide(decision("pause"), NOON);
    gate.decide(decision("pause", NOON + 10), NOON);
    assert.equal(gate.hold(request("a"), NOON + 10).kind, "refused");
  });

  it("warns at each threshold as ever", () => {
    const gate = gateWith(0.7);
    gate.decide(decision("pause"), NOON);
    gate.hold(request("a"), NOON);
    gate.settle("a", 0.4 * USD, NOON);
    const thresholds = gate.takeAlerts(NOON).map(({ threshold }) => threshold);
    assert.deepEqual(thresholds, [0.5, 0.75, 0.9, 1]);
    assert.equal(gate.account("day", NOON)?.state, "spent");
  });

  it("holds the worst case of what it lets in, so that its limit holds for what comes after the pause", () => {
    const gate = gateWith(0.965);
    gate.decide(decision("pause"), NOON);
    gate.hold(request("a"), NOON);
    gate.decide(decision("resume"), NOON);
    assert.equal(gate.account("day", NOON)?.heldNanoUsd, 0.02 * USD);
    const next = gate.hold(request("b"), NOON);
    assert.ok(next.kind === "held" && next.holdNanoUsd <= 0.015 * USD);
  });

  it("uses up no allowance that it does not need", () => {
    const gate = gateWith(1);
    gate.decide(decision("allow-once"), NOON);
    gate.decide(decision("pause"), NOON);
    gate.hold(request("a"), NOON);
    gate.decide(decision("resume"), NOON);
    assert.equal(gate.hold(request("b"), NOON).kind, "held");
    assert.equal(gate.hold(request("c"), NOON).kind, "refused");
  });
});
