import assert from "node:assert/strict";
import type fc from "fast-check";
import { type Attribution, type Budget, scopeMatches } from "../../src/domain/budget.ts";
import { type CallBound, worstCaseOf } from "../../src/domain/callBound.ts";
import type { Alert, Decision } from "../../src/domain/events.ts";
import {
  check,
  expire,
  figuresOf,
  type Model,
  type ModelBudget,
  type OpenCall,
  type Real,
  SETTINGS,
  type Spend,
} from "./gateModel.ts";

export const HOUR_MS = 3_600_000;
const USD = 1_000_000_000;

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

export function hold({ project, tokens, input, clampable }: CallDraft): Step {
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

export const settle = (pick: number, share: number, served: string): Step =>
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

export const correct = (pick: number, share: number): Step =>
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

export const charge = (nano: number, agoMs: number): Step =>
  step(
    () => `charge ${nano} of compute that began ${agoMs} ms ago`,
    (model, { gate }) => {
      const attribution = { provider: "vllm", model: "", tags: [] };
      const at = model.now - agoMs;
      gate.charge(attribution, nano, at, model.now);
      model.spends.push({ at, attributions: [attribution], nano });
    },
  );

export const setBudgets = (drafts: readonly Budget[]): Step =>
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

export const decide = (kind: Decision["kind"], pick: number, usd: number, forMs: number | null): Step =>
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

export const clock = (ms: number): Step =>
  step(
    () => `the clock moves by ${ms / HOUR_MS} h`,
    (model) => {
      model.now += ms;
    },
  );

const keyOf = ({ budget, windowStart, limitNanoUsd, threshold }: Omit<Alert, "id">) =>
  `${budget} ${windowStart} ${limitNanoUsd} ${threshold}`;

/** Each threshold that is reached has been told of by now, and none twice. */
export const alerts: Step = step(
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
export const restart: Step = step(
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
