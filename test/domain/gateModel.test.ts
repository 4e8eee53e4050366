import assert from "node:assert/strict";
import fc from "fast-check";
import { type Attribution, type Budget, budgetSchema, limitOf, scopeMatches } from "../../src/domain/budget.ts";
import { type CallBound, worstCaseOf } from "../../src/domain/callBound.ts";
import { gateSettingsSchema } from "../../src/domain/config.ts";
import type { Alert, Decision } from "../../src/domain/events.ts";
import { Gate } from "../../src/domain/gate.ts";
import { isWithin, type Window, windowAt } from "../../src/domain/window.ts";

const CALENDAR = { timeZone: "Europe/Berlin", weekStartsOn: 1 };
const SETTINGS = gateSettingsSchema.parse({});
/** The day before clocks are put back. */
const START = Date.parse("2026-10-24T20:00:00Z");
const HOUR_MS = 3_600_000;
const USD = 1_000_000_000;

interface Spend {
  readonly at: number;
  /** The model asked for, and the one served. */
  readonly attributions: readonly Attribution[];
  nano: number;
}

interface OpenCall {
  readonly id: string;
  readonly at: number;
  readonly attribution: Attribution;
  readonly worst: number;
  readonly usual: number;
}

interface ModelBudget {
  readonly budget: Budget;
  raise: { limit: number; until: number | null } | null;
  pause: { until: number | null } | null;
  allowances: Array<number | null>;
}

/** All that has happened, in lists; every figure is summed up anew from them. */
interface Model {
  now: number;
  budgets: Map<string, ModelBudget>;
  spends: Spend[];
  open: OpenCall[];
  alerts: Set<string>;
  ids: number;
}

/** What the gate has for books is what the model has booked. */
interface Real {
  gate: Gate;
  newGate(): Gate;
}

const isOver = (until: number | null, now: number) => until !== null && now >= until;
const windowOf = ({ budget }: ModelBudget, now: number): Window => windowAt(budget.window, now, CALENDAR);
const covers = ({ scope }: Budget, attributions: readonly Attribution[]) =>
  attributions.some((attribution) => scopeMatches(scope, attribution));

function spentIn({ spends }: Model, budget: Budget, window: Window): number {
  return spends
    .filter(({ at, attributions }) => isWithin(window, at) && covers(budget, attributions))
    .reduce((sum, { nano }) => sum + nano, 0);
}

/** Forgets what has ended by the clock. */
function expire(model: Model): void {
  for (const one of model.budgets.values()) {
    one.raise = one.raise !== null && isOver(one.raise.until, model.now) ? null : one.raise;
    one.pause = one.pause !== null && isOver(one.pause.until, model.now) ? null : one.pause;
    one.allowances = one.allowances.filter((until) => !isOver(until, model.now));
  }
}

function figuresOf(model: Model, one: ModelBudget) {
  const window = windowOf(one, model.now);
  const held = model.open
    .filter(({ at, attribution }) => isWithin(window, at) && scopeMatches(one.budget.scope, attribution))
    .reduce((sum, { worst, usual }) => sum + (one.budget.hard ? worst : Math.min(usual, worst)), 0);
  const spent = spentIn(model, one.budget, window);
  const limit = one.raise?.limit ?? limitOf(one.budget);
  return { spent, held, limit, room: limit - spent - held, windowStart: window.start };
}

function check(model: Model, { gate }: Real): void {
  const accounts = gate.accounts(model.now);
  assert.deepEqual(
    accounts.map(({ budget }) => budget.name),
    [...model.budgets.keys()],
  );
  for (const account of accounts) {
    const one = model.budgets.get(account.budget.name) as ModelBudget;
    const { spent, held, limit } = figuresOf(model, one);
    assert.deepEqual(
      [account.spentNanoUsd, account.heldNanoUsd, account.limitNanoUsd, account.allowances, account.isHard],
      [spent, held, limit, one.allowances.length, one.budget.hard && one.pause === null],
      `${account.budget.name}: spent, held, limit, allowances, hard`,
    );
  }
}

type Step = fc.Command<Model, Real>;
const always = () => true;

/** A step, after which what the gate says is what the model sums up. */
function step(name: () => string, run: (model: Model, real: Real) => void, isPossible = always as Step["check"]): Step {
  return {
    toString: name,
    check: isPossible,
    run: (model, real) => {
      run(model, real);
      expire(model);
      check(model, real);
    },
  };
}

interface CallDraft {
  readonly project: string;
  readonly tokens: number;
  readonly input: number;
  readonly clampable: boolean;
}

function hold({ project, tokens, input, clampable }: CallDraft): Step {
  return step(
    () => `hold ${project} ${input} nano + ${tokens} tokens${clampable ? "" : ", not to be lowered"}`,
    (model, { gate }) => {
      const attribution: Attribution = { provider: "openai", model: "gpt-5", project, tags: [] };
      const bound: CallBound = {
        fixedNanoUsd: input,
        outputRate: 10_000_000,
        choices: 1,
        outputLimitTokens: tokens,
        usualOutputTokens: 4_096,
        clampable,
      };
      const full = worstCaseOf(bound, tokens);
      const needed = clampable ? worstCaseOf(bound, Math.min(tokens, SETTINGS.minOutputTokens)) : full;
      const hard = [...model.budgets.values()]
        .filter(({ budget, pause }) => budget.hard && pause === null && scopeMatches(budget.scope, attribution))
        .map((one) => ({ one, ...figuresOf(model, one) }));
      const tight = hard.filter(({ room }) => needed > room);
      const stuck = tight.filter(({ one }) => one.allowances.length === 0);
      const expected =
        full === 0 || stuck.length === 0
          ? "held"
          : stuck.some(({ room, held }) => needed > room + held)
            ? "refused"
            : "wait";
      const id = `c${model.ids++}`;
      const usual = Math.floor(full / 3);
      const answer = gate.hold({ id, attribution, bound, usualNanoUsd: usual }, model.now);
      assert.equal(answer.kind, expected);
      if (answer.kind !== "held") {
        return;
      }
      const worst = answer.holdNanoUsd;
      assert.ok(needed <= worst && worst <= full, `${needed} <= ${worst} <= ${full}`);
      assert.equal(worst, worstCaseOf(bound, answer.clampedOutput ?? tokens));
      const roomy = hard.filter(({ one }) => !answer.allowedBy.includes(one.budget.name));
      assert.ok(roomy.every(({ room }) => worst <= room || full === 0));
      if (roomy.every(({ room }) => full <= room * SETTINGS.tightShare)) {
        assert.equal(answer.clampedOutput, null, "there was plenty");
      }
      const allowedBy = full === 0 ? [] : tight.map(({ one }) => one.budget.name);
      assert.deepEqual(answer.allowedBy, allowedBy);
      for (const name of allowedBy) {
        model.budgets.get(name)?.allowances.shift();
      }
      model.open.push({ id, at: model.now, attribution, worst, usual });
    },
  );
}

const settle = (pick: number, share: number, served: string): Step =>
  step(
    () => `settle number ${pick} at ${share} of its hold, served by ${served}`,
    (model, { gate }) => {
      const index = pick % model.open.length;
      const [{ id, at, attribution, worst }] = model.open.splice(index, 1) as [OpenCall];
      const nano = Math.floor(worst * share);
      const other = { ...attribution, model: served };
      gate.settle(id, nano, model.now, served === attribution.model ? undefined : other);
      model.spends.push({ at, attributions: [attribution, other], nano });
    },
    ({ open }) => open.length > 0,
  );

const correct = (pick: number, share: number): Step =>
  step(
    () => `correct spend ${pick} to ${share} of it`,
    (model, { gate }) => {
      const spend = model.spends[pick % model.spends.length] as Spend;
      const difference = Math.floor(spend.nano * share) - spend.nano;
      gate.correct(spend.attributions, difference, spend.at, model.now);
      spend.nano += difference;
    },
    ({ spends }) => spends.length > 0,
  );

const charge = (nano: number, agoMs: number): Step =>
  step(
    () => `charge ${nano} of compute that began ${agoMs} ms ago`,
    (model, { gate }) => {
      const attribution = { provider: "vllm", model: "", tags: [] };
      const at = model.now - agoMs;
      gate.charge(attribution, nano, at, model.now);
      model.spends.push({ at, attributions: [attribution], nano });
    },
  );

const setBudgets = (drafts: readonly Budget[]): Step =>
  step(
    () => `budgets ${JSON.stringify(drafts)}`,
    (model, { gate }) => {
      gate.setBudgets(drafts, model.now);
      const entries = drafts.map((budget): [string, ModelBudget] => {
        const before = model.budgets.get(budget.name);
        const isSame = before !== undefined && JSON.stringify(before.budget) === JSON.stringify(budget);
        const kept = before ?? { raise: null, pause: null, allowances: [] };
        return [budget.name, isSame ? before : { ...kept, budget, raise: null }];
      });
      for (const name of model.budgets.keys()) {
        if (!drafts.some((budget) => budget.name === name)) {
          model.alerts = new Set([...model.alerts].filter((alert) => !alert.startsWith(`${name} `)));
        }
      }
      model.budgets = new Map(entries);
    },
  );

const decide = (kind: Decision["kind"], pick: number, usd: number, forMs: number | null): Step =>
  step(
    () => `${kind} budget ${pick}: ${usd} USD for ${forMs} ms`,
    (model, { gate }) => {
      const one = [...model.budgets.values()][pick % model.budgets.size] as ModelBudget;
      const until = forMs === null ? null : model.now + forMs;
      const limit = Math.round(usd * USD);
      const budget = one.budget.name;
      gate.decide({ id: "d", budget, kind, limitNanoUsd: limit, until, by: "ada", why: null }, model.now);
      one.raise = kind === "raise" ? { limit, until } : one.raise;
      one.pause = kind === "pause" ? { until } : kind === "resume" ? null : one.pause;
      one.allowances = kind === "allow-once" ? [...one.allowances, until] : one.allowances;
    },
    ({ budgets }) => budgets.size > 0,
  );

const clock = (ms: number): Step =>
  step(
    () => `the clock moves by ${ms / HOUR_MS} h`,
    (model) => {
      model.now += ms;
    },
  );

const keyOf = ({ budget, windowStart, limitNanoUsd, threshold }: Omit<Alert, "id">) =>
  `${budget} ${windowStart} ${limitNanoUsd} ${threshold}`;

/** Each threshold that is reached has been told of by now, and none twice. */
const alerts: Step = step(
  () => "alerts",
  (model, { gate }) => {
    for (const alert of gate.takeAlerts(model.now)) {
      assert.ok(!model.alerts.has(keyOf(alert)), `told twice: ${keyOf(alert)}`);
      model.alerts.add(keyOf(alert));
    }
    for (const one of model.budgets.values()) {
      const { spent, limit, windowStart } = figuresOf(model, one);
      for (const threshold of limit === 0 ? [] : [...one.budget.warnAt, 1]) {
        const alert = { budget: one.budget.name, windowStart, limitNanoUsd: limit, threshold, spentNanoUsd: spent };
        assert.ok(spent < threshold * limit || model.alerts.has(keyOf(alert)), `not told: ${keyOf(alert)}`);
      }
    }
  },
);

/** The sidecar dies and starts again: calls under way are booked at what was held. */
const restart: Step = step(
  () => "restart",
  (model, real) => {
    for (const { at, attribution, worst } of model.open.splice(0)) {
      model.spends.push({ at, attributions: [attribution], nano: worst });
    }
    real.gate = real.newGate();
    const budgets = [...model.budgets.values()];
    real.gate.setBudgets(
      budgets.map(({ budget }) => budget),
      model.now,
    );
    for (const { budget, raise, pause, allowances } of budgets) {
      const decision = { id: "d", budget: budget.name, limitNanoUsd: null, until: null, by: "ada", why: null };
      const decisions: Decision[] = [
        ...allowances.map((until) => ({ ...decision, kind: "allow-once" as const, until })),
        ...(raise === null
          ? []
          : [{ ...decision, kind: "raise" as const, limitNanoUsd: raise.limit, until: raise.until }]),
        ...(pause === null ? [] : [{ ...decision, kind: "pause" as const, until: pause.until }]),
      ];
      for (const each of decisions) {
        real.gate.decide(each, model.now);
      }
    }
    for (const alert of model.alerts) {
      const [budget = "", windowStart, limitNanoUsd, threshold] = alert.split(" ");
      const figures = { windowStart: Number(windowStart), limitNanoUsd: Number(limitNanoUsd), spentNanoUsd: 0 };
      real.gate.restoreAlert({ id: "a", budget, threshold: Number(threshold), ...figures }, model.now);
    }
  },
);

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
