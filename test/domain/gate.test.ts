import assert from "node:assert/strict";
import fc from "fast-check";
import { type Budget, budgetSchema, scopeMatches } from "../../src/domain/budget.ts";
import { type CallBound, worstCaseOf } from "../../src/domain/callBound.ts";
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
    expectedNanoUsd: 0.011 * USD,
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

  it("says spent when what is left buys no call, until one passes again", () => {
    const gate = gateWith([month], 0.995 * USD);
    assert.equal(gate.account("month", NOON)?.state, "warning");
    assert.equal(gate.hold(request("a", 1_000), NOON).kind, "refused");
    gate.refused("month", NOON);
    assert.equal(gate.account("month", NOON)?.state, "spent");
    const small = bound(100, { fixedNanoUsd: 0 });
    assert.equal(gate.hold(request("b", 1, { bound: small }), NOON).kind, "held");
    assert.equal(gate.account("month", NOON)?.state, "warning");
  });

  it("never exceeds a hard limit, never refuses what fits, and holds nothing in the end", () => {
    const names = fc.constantFrom("web", "api", "cli");
    const budget = fc.record({
      limitUsd: fc.integer({ min: 0, max: 3_000 }).map((milli) => milli / 1_000),
      hard: fc.boolean(),
      scope: fc.oneof(
        fc.constant({}),
        names.map((project) => ({ project })),
        fc.constant({ model: "gpt-*" }),
      ),
    });
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant("hold" as const),
          project: names,
          tokens: fc.integer({ min: 1, max: 128_000 }),
          input: fc.nat(50_000_000),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("settle" as const),
          pick: fc.nat(),
          share: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
      },
    );
    fc.assert(
      fc.property(fc.array(budget, { maxLength: 4 }), fc.array(step, { maxLength: 60 }), (drafts, steps) => {
        const budgets: Budget[] = drafts.map((draft, index) =>
          budgetSchema.parse({ ...draft, name: `b${index}`, window: "month" }),
        );
        const gate = gateWith(budgets);
        const open = new Map<string, { hold: number; names: readonly string[] }>();
        const spent = new Map<string, number>();
        const check = () => {
          for (const account of gate.accounts(NOON)) {
            const held = [...open.values()].filter(({ names }) => names.includes(account.budget.name));
            assert.equal(account.spentNanoUsd, spent.get(account.budget.name) ?? 0);
            if (account.budget.hard) {
              assert.equal(
                account.heldNanoUsd,
                held.reduce((sum, { hold }) => sum + hold, 0),
              );
              assert.ok(account.spentNanoUsd + account.heldNanoUsd <= account.limitNanoUsd);
            }
          }
        };
        const settle = (id: string, share: number) => {
          const { hold = 0, names: covered = [] } = open.get(id) ?? {};
          const cost = Math.floor(hold * share);
          gate.settle(id, cost, NOON);
          open.delete(id);
          for (const name of covered) {
            spent.set(name, (spent.get(name) ?? 0) + cost);
          }
        };
        steps.forEach((next, index) => {
          if (next.kind === "settle") {
            const id = [...open.keys()][next.pick % Math.max(1, open.size)];
            if (id !== undefined) {
              settle(id, next.share);
            }
          } else {
            const attribution = { provider: "openai", model: "gpt-5", project: next.project, tags: [] };
            const call = bound(next.tokens, { fixedNanoUsd: next.input });
            const rooms = gate
              .accounts(NOON)
              .filter(({ budget: { hard, scope } }) => hard && scopeMatches(scope, attribution))
              .map((account) => account.roomNanoUsd);
            const fits = worstCaseOf(call, Math.min(next.tokens, 256)) <= Math.min(...rooms, Number.MAX_SAFE_INTEGER);
            const answer = gate.hold({ id: `c${index}`, attribution, bound: call, expectedNanoUsd: 1_000 }, NOON);
            assert.equal(answer.kind === "held", fits);
            if (answer.kind === "held") {
              open.set(`c${index}`, { hold: answer.holdNanoUsd, names: answer.budgets });
            }
          }
          check();
        });
        for (const id of [...open.keys()]) {
          settle(id, 1);
        }
        check();
        assert.ok(gate.accounts(NOON).every((account) => account.heldNanoUsd === 0));
      }),
      { numRuns: 400, seed: 42 },
    );
  });
});
