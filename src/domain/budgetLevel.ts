import type { BudgetStatus } from "./api.ts";

/** How urgent a budget is to a person, from calm to blocked: each looks different wherever it is shown. */
export type BudgetLevel = "ok" | "warning" | "critical" | "spent";

const WARNING_SHARE = 0.75;
const CRITICAL_SHARE = 0.9;

type Spend = Pick<BudgetStatus, "spentNanoUsd" | "limitNanoUsd" | "state">;

/** Share of the limit that is spent, 0 to 1 and beyond; a limit of nothing is spent from the start. */
export function spentShare(budget: Omit<Spend, "state">): number {
  return budget.limitNanoUsd === 0 ? 1 : budget.spentNanoUsd / budget.limitNanoUsd;
}

/** A warning from 75% spent, critical from 90%. */
export function budgetLevel(budget: Spend): BudgetLevel {
  return budget.state === "spent" ? "spent" : levelOfShare(spentShare(budget));
}

/** The level that reaching this share of a limit means. */
export function levelOfShare(share: number): BudgetLevel {
  return share >= 1 ? "spent" : share >= CRITICAL_SHARE ? "critical" : share >= WARNING_SHARE ? "warning" : "ok";
}
