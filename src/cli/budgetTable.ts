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
      { title: "HELD", right: true },
      { title: "LIMIT", right: true },
      { title: "LEFT", right: true },
      { title: "WINDOW" },
      { title: "RESETS", mayShrink: true },
      { title: "COVERS", mayShrink: true },
    ],
    budgets.map((budget) => [
      budget.name,
      budget.hard ? budget.state : `${budget.state} (soft)`,
      formatUsd(budget.spentNanoUsd),
      formatUsd(budget.heldNanoUsd),
      formatUsd(budget.limitNanoUsd) + (budget.raisedUntil === null ? "" : " (raised)"),
      formatUsd(budget.leftNanoUsd),
      budget.window,
      budget.resetsAt === null ? "never" : formatMoment(Date.parse(budget.resetsAt), now),
      scopeInWords(budget.scope),
    ]),
    width,
  );
}
