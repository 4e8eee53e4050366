import type { BudgetStatus } from "../domain/api.ts";
import { formatMoment, scopeInWords } from "../domain/formats.ts";
import { formatUsd } from "../domain/money.ts";
import { tableLines } from "./table.ts";

/** Budgets as they stand, one a line. `now` is ms since the epoch. */
export function budgetLines(budgets: readonly BudgetStatus[], now: number, width: number): string[] {
  return tableLines(
    [
      { title: "BUDGET", mayShrink: true },
      { title: "STATE" },
      { title: "SPENT", right: true },
      { title: "HELD", right: true, rank: 3 },
      { title: "LIMIT", right: true },
      { title: "LEFT", right: true },
      { title: "WINDOW", rank: 2 },
      { title: "RESETS", mayShrink: true, rank: 1 },
      { title: "COVERS", mayShrink: true, rank: 4 },
    ],
    budgets.map((budget) => [
      budget.name,
      stateOf(budget, now),
      formatUsd(budget.spentNanoUsd),
      formatUsd(budget.heldNanoUsd),
      formatUsd(budget.limitNanoUsd) + (budget.raised ? " (raised)" : ""),
      formatUsd(budget.leftNanoUsd),
      budget.window,
      budget.resetsAt === null ? "never" : formatMoment(Date.parse(budget.resetsAt), now),
      scopeInWords(budget.scope),
    ]),
    width,
  );
}

function stateOf(budget: BudgetStatus, now: number): string {
  const marks = [
    ...(budget.hard ? [] : ["soft"]),
    ...(budget.paused ? [pausedInWords(budget.pausedUntil, now)] : []),
    ...(budget.switchedTo === undefined ? [] : [`calls go to ${budget.switchedTo}`]),
  ];
  return marks.length === 0 ? budget.state : `${budget.state} (${marks.join(", ")})`;
}

/** `paused until 3:20 PM`. `until` is ISO 8601, null where the pause does not end by itself; `now` is ms since the epoch. */
export function pausedInWords(until: string | null, now: number): string {
  return until === null ? "paused until resumed" : `paused until ${formatMoment(Date.parse(until), now)}`;
}
