import assert from "node:assert/strict";
import { type Attribution, type Budget, limitOf, scopeMatches } from "../../src/domain/budget.ts";
import { gateSettingsSchema } from "../../src/domain/config.ts";
import type { Gate } from "../../src/domain/gate.ts";
import { isWithin, type Window, windowAt } from "../../src/domain/window.ts";

export const CALENDAR = { timeZone: "Europe/Berlin", weekStartsOn: 1 };
export const SETTINGS = gateSettingsSchema.parse({});

export interface Spend {
  readonly at: number;
  /** The model asked for, and the one served. */
  readonly attributions: readonly Attribution[];
  nano: number;
}

export interface OpenCall {
  readonly id: string;
  readonly at: number;
  readonly attribution: Attribution;
  readonly worst: number;
  readonly usual: number;
}

export interface ModelBudget {
  readonly budget: Budget;
  raise: { limit: number; until: number | null } | null;
  pause: { until: number | null } | null;
  allowances: Array<number | null>;
}

/** All that has happened, in lists; every figure is summed up anew from them. */
export interface Model {
  now: number;
  budgets: Map<string, ModelBudget>;
  spends: Spend[];
  open: OpenCall[];
  alerts: Set<string>;
  ids: number;
}

/** What the gate has for books is what the model has booked. */
export interface Real {
  gate: Gate;
  newGate(): Gate;
}

const isOver = (until: number | null, now: number) => until !== null && now >= until;
const windowOf = ({ budget }: ModelBudget, now: number): Window => windowAt(budget.window, now, CALENDAR);
const covers = ({ scope }: Budget, attributions: readonly Attribution[]) =>
  attributions.some((attribution) => scopeMatches(scope, attribution));

export function spentIn({ spends }: Model, budget: Budget, window: Window): number {
  return spends
    .filter(({ at, attributions }) => isWithin(window, at) && covers(budget, attributions))
    .reduce((sum, { nano }) => sum + nano, 0);
}

/** Forgets what has ended by the clock. */
export function expire(model: Model): void {
  for (const one of model.budgets.values()) {
    one.raise = one.raise !== null && isOver(one.raise.until, model.now) ? null : one.raise;
    one.pause = one.pause !== null && isOver(one.pause.until, model.now) ? null : one.pause;
    one.allowances = one.allowances.filter((until) => !isOver(until, model.now));
  }
}

export function figuresOf(model: Model, one: ModelBudget) {
  const window = windowOf(one, model.now);
  const held = model.open
    .filter(({ at, attribution }) => isWithin(window, at) && scopeMatches(one.budget.scope, attribution))
    .reduce((sum, { worst, usual }) => sum + (one.budget.hard ? worst : Math.min(usual, worst)), 0);
  const spent = spentIn(model, one.budget, window);
  const limit = one.raise?.limit ?? limitOf(one.budget);
  return { spent, held, limit, room: limit - spent - held, windowStart: window.start };
}

export function check(model: Model, { gate }: Real): void {
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
