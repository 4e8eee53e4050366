import type { BudgetStatus, Overview } from "../../src/domain/api.ts";
import { nanoFromUsd } from "../../src/domain/money.ts";
import { NOW } from "./sampleTime.ts";

interface SampleBudget {
  readonly window?: BudgetStatus["window"];
  readonly limit: number;
  readonly configured?: number;
  readonly spent: number;
  readonly held?: number;
  readonly hard?: boolean;
  readonly scope?: BudgetStatus["scope"];
  readonly allowances?: number;
  readonly resetsAt: string;
  readonly raisedUntil?: string;
  /** Null for a pause that does not end by itself. */
  readonly pausedUntil?: string | null;
  readonly computeForecast?: BudgetStatus["computeForecast"];
}

export function budget(name: string, given: SampleBudget): BudgetStatus {
  const { window = "month", limit, configured = limit, spent, held = 0, hard = true, scope = {} } = given;
  return {
    name,
    window,
    hard,
    scope,
    warnAt: [0.5, 0.75, 0.9],
    spentNanoUsd: nanoFromUsd(spent),
    heldNanoUsd: nanoFromUsd(held),
    limitNanoUsd: nanoFromUsd(limit),
    configuredLimitNanoUsd: nanoFromUsd(configured),
    leftNanoUsd: Math.max(0, nanoFromUsd(limit) - nanoFromUsd(spent) - nanoFromUsd(held)),
    state: spent >= limit ? "spent" : spent / limit >= 0.5 ? "warning" : "ok",
    windowStart: "2026-10-31T23:00:00.000Z",
    resetsAt: given.resetsAt,
    raised: configured !== limit,
    raisedUntil: given.raisedUntil ?? null,
    allowances: given.allowances ?? 0,
    paused: given.pausedUntil !== undefined,
    pausedUntil: given.pausedUntil ?? null,
    computeForecast: given.computeForecast ?? null,
  };
}

export function alert(
  id: string,
  name: string,
  threshold: number,
  spent: number,
  limit: number,
): Overview["alerts"][number] {
  return {
    id,
    at: NOW - Math.round((1 - threshold) * 7_200_000),
    budget: name,
    threshold,
    windowStart: Date.parse("2026-10-31T23:00:00.000Z"),
    spentNanoUsd: nanoFromUsd(spent),
    limitNanoUsd: nanoFromUsd(limit),
  };
}
