import fc from "fast-check";
import { type Budget, budgetSchema } from "../../src/domain/budget.ts";
import type { Decision } from "../../src/domain/events.ts";
import { Gate } from "../../src/domain/gate.ts";
import { CALENDAR, type Model, type Real, SETTINGS, spentIn } from "./gateModel.ts";
import { alerts, charge, clock, correct, decide, HOUR_MS, hold, restart, setBudgets, settle } from "./gateSteps.ts";

/** The day before clocks are put back. */
const START = Date.parse("2026-10-24T20:00:00Z");

const budget = (name: string): fc.Arbitrary<Budget> =>
  fc
    .record({
      limitUsd: fc.integer({ min: 0, max: 300 }).map((cents) => cents / 100),
      hard: fc.boolean(),
      window: fc.constantFrom("hour", "day", "week", "total"),
      warnAt: fc.constantFrom([0.5, 0.75, 0.9], [0.3]),
      scope: fc.constantFrom({}, { project: "web" }, { model: "gpt-5-dated" }, { provider: "vllm" }),
    })
    .map((parts) => budgetSchema.parse({ name, ...parts }));

const budgets = fc.tuple(budget("a"), budget("b"), budget("c")).chain((all) => fc.subarray(all));
const share = fc.double({ min: 0, max: 1, noNaN: true });
const call = fc.record({
  project: fc.constantFrom("web", "api"),
  tokens: fc.integer({ min: 0, max: 128_000 }),
  input: fc.nat(300_000_000),
  clampable: fc.boolean(),
});

describe("the gate beside a model that only sums up", () => {
  it("agrees with it whatever happens: calls, budgets, decisions, clocks and restarts", () => {
    const calls = [
      call.map(hold),
      call.map(hold),
      fc.tuple(fc.nat(), share, fc.constantFrom("gpt-5", "gpt-5-dated")).map((parts) => settle(...parts)),
      fc.tuple(fc.nat(), share).map((parts) => correct(...parts)),
      fc.tuple(fc.nat(400_000_000), fc.nat(2 * HOUR_MS)).map((parts) => charge(...parts)),
      fc.constant(alerts),
    ];
    const rest = [
      budgets.map(setBudgets),
      fc
        .tuple(
          fc.constantFrom<Decision["kind"]>("raise", "allow-once", "pause", "resume"),
          fc.nat(2),
          fc.double({ min: 0, max: 5, noNaN: true }),
          fc.option(fc.integer({ min: 1, max: 30 * HOUR_MS })),
        )
        .map((parts) => decide(...parts)),
      fc.integer({ min: -3 * HOUR_MS, max: 9 * HOUR_MS }).map(clock),
      fc.constant(restart),
    ];
    const steps = fc.commands([...calls, ...calls, ...rest], { maxCommands: 60, size: "max" });
    fc.assert(
      fc.property(budgets, steps, (first, commands) => {
        fc.modelRun(() => {
          const model: Model = {
            now: START,
            budgets: new Map(),
            spends: [],
            open: [],
            alerts: new Set(),
            ids: 0,
          };
          const newGate = () =>
            new Gate({
              calendar: CALENDAR,
              settings: () => SETTINGS,
              spentOf: (budget, window) => spentIn(model, budget, window),
            });
          const real: Real = { gate: newGate(), newGate };
          setBudgets(first).run(model, real);
          return { model, real };
        }, commands);
      }),
      { numRuns: 500, seed: 20261121 },
    );
  });
});
