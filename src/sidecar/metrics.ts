import type { Status } from "../domain/api.ts";
import { usdFromNano } from "../domain/money.ts";

/** The figures as Prometheus text (exposition format 0.0.4); `wrongPasses` counts since the start. */
export function prometheusText(status: Status, wrongPasses: number): string {
  const lines: string[] = [];
  const family = (
    name: string,
    help: string,
    samples: ReadonlyArray<readonly [labels: Record<string, string>, value: number]>,
    type: "gauge" | "counter" = "gauge",
  ) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of samples) {
      lines.push(`${name}${labelText(labels)} ${value}`);
    }
  };
  const { budgets } = status;
  family(
    "tollgate_budget_limit_usd",
    "Limit of the budget",
    budgets.map((budget) => [{ budget: budget.name }, usdFromNano(budget.limitNanoUsd)]),
  );
  family(
    "tollgate_budget_spent_usd",
    "Spent in the budget's window",
    budgets.map((budget) => [{ budget: budget.name }, usdFromNano(budget.spentNanoUsd)]),
  );
  family(
    "tollgate_budget_held_usd",
    "Held for calls in flight",
    budgets.map((budget) => [{ budget: budget.name }, usdFromNano(budget.heldNanoUsd)]),
  );
  family("tollgate_spent_today_usd", "Spent since local midnight", [[{}, usdFromNano(status.today.costNanoUsd)]]);
  family("tollgate_spent_month_usd", "Spent since the first of the month", [
    [{}, usdFromNano(status.month.costNanoUsd)],
  ]);
  family("tollgate_calls_today", "Calls booked since local midnight", [[{}, status.today.calls]]);
  family("tollgate_calls_in_flight", "Calls held and not yet settled", [[{}, status.callsInFlight]]);
  family(
    "tollgate_compute_up",
    "Whether a compute-hour provider is up",
    status.compute.map(({ provider, up }) => [{ provider }, up ? 1 : 0]),
  );
  const wrongHelp = "Calls since the start whose pass was wrong, revoked or expired";
  family("tollgate_wrong_passes_total", wrongHelp, [[{}, wrongPasses]], "counter");
  return `${lines.join("\n")}\n`;
}

function labelText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
