import assert from "node:assert/strict";
import { budgetSchema } from "../../src/domain/budget.ts";
import type { CallBound } from "../../src/domain/callBound.ts";
import { gateSettingsSchema } from "../../src/domain/config.ts";
import { Gate, type HoldRequest } from "../../src/domain/gate.ts";

const NOON = Date.parse("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;
const USD = 1_000_000_000;

function gateWith(budgets: unknown[], spent = 0, settings: Record<string, number> = {}): Gate {
  const gate = new Gate({
    calendar: { timeZone: "UTC", weekStartsOn: 1 },
    settings: () => gateSettingsSchema.parse(settings),
    spentOf: () => spent,
  });
  gate.setBudgets(
    budgets.map((budget) => budgetSchema.parse(budget)),
    NOON,
  );
  return gate;
}

/** A call of 0.01 USD of input at 10 USD per million output tokens. */
function bound(outputLimitTokens: number, parts: Partial<CallBound> = {}): CallBound {
  return {
    fixedNanoUsd: 0.01 * USD,
    outputRate: 10_000_000,
    choices: 1,
    outputLimitTokens,
    usualOutputTokens: 4_096,
    clampable: true,
    ...parts,
  };
}

function request(id: string, outputLimitTokens: number, parts: Partial<HoldRequest> = {}): HoldRequest {
  return {
    id,
    attribution: { provider: "openai", model: "gpt-5", project: "web", tags: [] },
    bound: bound(outputLimitTokens),
    usualNanoUsd: 0.011 * USD,
    ...parts,
  };
}

const month = { name: "month", limitUsd: 1, window: "month" };

describe("the gate", () => {
  it("holds the worst case and settles it to the real cost", () => {
    const gate = gateWith([month]);
    const held = gate.hold(request("a", 1_000), NOON);
    assert.deepEqual(held, {
      kind: "held",
      holdNanoUsd: 0.02 * USD,
      budgets: ["month"],
      isHard: true,
      allowedBy: [],
      clampedOutput: null,
    });
    assert.equal(gate.account("month", NOON)?.heldNanoUsd, 0.02 * USD);
    gate.settle("a", 12_345, NOON);
    const account = gate.account("month", NOON);
    assert.deepEqual([account?.heldNanoUsd, account?.spentNanoUsd], [0, 12_345]);
  });

  it("lowers the output limit to what the budget still buys before it refuses", () => {
    const gate = gateWith([month], 0.98 * USD);
    const held = gate.hold(request("a", 128_000), NOON);
    assert.equal(held.kind, "held");
    assert.equal(held.kind === "held" && held.clampedOutput, 1_000);
    gate.settle("a", 0.02 * USD, NOON);
    const refused = gate.hold(request("b", 128_000), NOON);
    assert.equal(refused.kind, "refused");
    assert.equal(refused.kind === "refused" && refused.account.budget.name, "month");
  });

  it("lets one call take only a share of a tight budget, so that a second one is not kept out", () => {
    const gate = gateWith([month]);
    const first = gate.hold(request("title", 128_000), NOON);
    const second = gate.hold(request("answer", 128_000), NOON);
    assert.equal(first.kind, "held");
    assert.equal(second.kind, "held");
    assert.ok(first.kind === "held" && first.holdNanoUsd <= 0.26 * USD);
  });

  it("makes a call wait where only other calls' holds stand in the way", () => {
    const gate = gateWith([{ ...month, limitUsd: 0.0126 }]);
    assert.equal(gate.hold(request("a", 256), NOON).kind, "held");
    assert.equal(gate.hold(request("b", 256), NOON).kind, "wait");
    gate.settle("a", 0, NOON);
    assert.equal(gate.hold(request("b", 256), NOON).kind, "held");
  });

  it("refuses a model without a price under a hard budget only", () => {
    assert.equal(gateWith([month]).hold(request("a", 1, { bound: null }), NOON).kind, "refused");
    assert.equal(gateWith([{ ...month, hard: false }]).hold(request("a", 1, { bound: null }), NOON).kind, "held");
    assert.equal(gateWith([]).hold(request("a", 1, { bound: null }), NOON).kind, "held");
  });

  it("says whether it is the price that nobody knows, or how much work is ordered", () => {
    const reasonOf = (parts: Partial<HoldRequest>) => {
      const answer = gateWith([month]).hold(request("a", 1, { bound: null, ...parts }), NOON);
      return answer.kind === "held" ? null : answer.reason;
    };
    assert.equal(reasonOf({}), "unpriced");
    assert.equal(reasonOf({ boundless: true }), "boundless");
    assert.equal(gateWith([]).hold(request("a", 1, { bound: null, boundless: true }), NOON).kind, "held");
  });

  it("lets a call that costs nothing pass a spent budget", () => {
    const free = bound(1_000, { fixedNanoUsd: 0, outputRate: 0 });
    assert.equal(gateWith([month], USD).hold(request("a", 1, { bound: free }), NOON).kind, "held");
  });

  it("never refuses for a soft budget, and holds only the usual cost against it", () => {
    const gate = gateWith([{ ...month, hard: false }], 2 * USD);
    const held = gate.hold(request("a", 128_000), NOON);
    assert.equal(held.kind, "held");
    assert.equal(held.kind === "held" && held.clampedOutput, null);
    assert.equal(gate.account("month", NOON)?.heldNanoUsd, 0.011 * USD);
  });

  it("lets exactly one more call through for an allowance", () => {
    const gate = gateWith([month], USD);
    assert.equal(gate.hold(request("a", 1_000), NOON).kind, "refused");
    const decision = { id: "d", budget: "month", limitNanoUsd: null, until: null, by: "ada", why: null };
    gate.decide({ ...decision, kind: "allow-once" }, NOON);
    const allowed = gate.hold(request("b", 1_000), NOON);
    assert.deepEqual(allowed.kind === "held" && allowed.allowedBy, ["month"]);
    assert.equal(gate.hold(request("c", 1_000), NOON).kind, "refused");
  });

  it("raises a limit until the window ends, not longer", () => {
    const gate = gateWith([{ ...month, window: "day" }]);
    gate.settle("none", 0, NOON);
    const until = Date.parse("2026-11-22T00:00:00Z");
    gate.decide({ id: "d", budget: "month", kind: "raise", limitNanoUsd: 5 * USD, until, by: "ada", why: null }, NOON);
    assert.equal(gate.account("month", NOON)?.limitNanoUsd, 5 * USD);
    assert.equal(gate.account("month", until)?.limitNanoUsd, USD);
  });

  it("charges a call to the window it started in, when that has rolled over meanwhile", () => {
    const gate = gateWith([{ ...month, window: "day" }]);
    gate.hold(request("a", 1_000), NOON);
    gate.settle("a", 0.02 * USD, NOON + DAY_MS);
    const account = gate.account("month", NOON + DAY_MS);
    assert.deepEqual([account?.spentNanoUsd, account?.heldNanoUsd], [0, 0]);
  });

  it("holds and charges calls under way against a budget that is made meanwhile", () => {
    const gate = gateWith([month]);
    gate.hold(request("a", 1_000), NOON);
    const added = { ...month, name: "web", scope: { project: "web" } };
    gate.setBudgets(
      [month, added].map((one) => budgetSchema.parse(one)),
      NOON,
    );
    assert.equal(gate.account("web", NOON)?.heldNanoUsd, 0.02 * USD);
    gate.settle("a", 12_345, NOON);
    const account = gate.account("web", NOON);
    assert.deepEqual([account?.heldNanoUsd, account?.spentNanoUsd], [0, 12_345]);
  });

  it("finds its holds again when the clock is set back", () => {
    const gate = gateWith([{ ...month, window: "day" }]);
    gate.hold(request("a", 1_000), NOON);
    assert.equal(gate.account("month", NOON + DAY_MS)?.heldNanoUsd, 0);
    assert.equal(gate.account("month", NOON)?.heldNanoUsd, 0.02 * USD);
  });

  it("charges budgets of the model that was served in place of the one asked for, once", () => {
    const gate = gateWith([month, { ...month, name: "dated", scope: { model: "gpt-5-2026*" } }]);
    gate.hold(request("a", 1_000), NOON);
    gate.settle("a", 777, NOON, { provider: "openai", model: "gpt-5-2026-01-01", tags: [] });
    assert.deepEqual(
      gate.accounts(NOON).map((account) => account.spentNanoUsd),
      [777, 777],
    );
  });

  it("warns once at each threshold of a window, and anew when the limit changes", () => {
    const gate = gateWith([{ ...month, warnAt: [0.75, 0.9] }]);
    const spend = (usd: number) => {
      gate.charge({ provider: "vllm", model: "", tags: [] }, usd * USD, NOON, NOON);
      return gate.takeAlerts(NOON).map((alert) => alert.threshold);
    };
    assert.deepEqual(spend(0.74), []);
    assert.deepEqual(spend(0.01), [0.75]);
    assert.deepEqual(spend(0.01), []);
    assert.deepEqual(spend(0.24), [0.9, 1]);
    gate.setBudgets([budgetSchema.parse({ ...month, limitUsd: 1.2, warnAt: [0.75, 0.9] })], NOON);
    assert.deepEqual(
      gate.takeAlerts(NOON).map((alert) => alert.threshold),
      [0.75],
    );
  });

  it("does not say spent for a call that only others keep out, or that would take more than half of the limit", () => {
    const gate = gateWith([{ ...month, limitUsd: 0.1 }]);
    assert.equal(gate.hold(request("a", 1, { bound: bound(1, { fixedNanoUsd: 0.05 * USD + 1 }) }), NOON).kind, "held");
    assert.equal(gate.hold(request("b", 1, { bound: bound(1, { fixedNanoUsd: 0.05 * USD }) }), NOON).kind, "wait");
    gate.refused("month", 0.05 * USD, NOON);
    assert.equal(gate.account("month", NOON)?.state, "ok");
    gate.settle("a", 0.05 * USD + 1, NOON);
    gate.refused("month", 0.05 * USD + 1, NOON);
    assert.equal(gate.account("month", NOON)?.state, "ok");
    gate.refused("month", 0.05 * USD, NOON);
    assert.equal(gate.account("month", NOON)?.state, "spent");
    const free = bound(1, { fixedNanoUsd: 0, outputRate: 0 });
    assert.equal(gate.hold(request("c", 1, { bound: free }), NOON).kind, "held");
    assert.equal(gate.account("month", NOON)?.state, "spent", "what costs nothing shows nothing");
  });

  it("says spent when what is left buys no call, until one passes again", () => {
    const gate = gateWith([month], 0.995 * USD);
    assert.equal(gate.account("month", NOON)?.state, "warning");
    assert.equal(gate.hold(request("a", 1_000), NOON).kind, "refused");
    gate.refused("month", 0.0126 * USD, NOON);
    assert.equal(gate.account("month", NOON)?.state, "spent");
    const small = bound(100, { fixedNanoUsd: 0 });
    assert.equal(gate.hold(request("b", 1, { bound: small }), NOON).kind, "held");
    assert.equal(gate.account("month", NOON)?.state, "warning");
  });
});
