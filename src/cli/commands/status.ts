import type { Command } from "commander";
import type { Status } from "../../domain/api.ts";
import { formatCount, formatDuration, formatPrice } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import { budgetLines } from "../budgetTable.ts";
import { print, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

export function addStatus(program: Command): void {
  program
    .command("status")
    .summary("budgets and the sidecar as they stand")
    .description("Shows what is spent, held and left of each budget, and where the sidecar is.")
    .addHelpText("after", "\nExamples:\n  tollgate status\n  tollgate status --json")
    .action(async (flags: CommonOptions) => {
      const status = await withSidecar(flags, (api) => api.status());
      if (flags.json) {
        printJson(status);
      } else {
        for (const line of statusLines(status, terminalWidth())) {
          print(line);
        }
      }
    });
}

function statusLines(status: Status, width: number): string[] {
  const now = Date.parse(status.now);
  const budgets =
    status.budgets.length === 0
      ? ["No budget is set. Set one with: tollgate budget set month 50"]
      : budgetLines(status.budgets, now, width);
  const compute = status.compute.map(
    ({ provider, up, todayNanoUsd, hourlyRateUsd, detail }) =>
      `${provider}: ${up ? "up" : "down"}, ${formatUsd(todayNanoUsd)} today at ${formatPrice(hourlyRateUsd)} an hour (${detail})`,
  );
  const { today, month, heldNanoUsd, callsInFlight } = status;
  const running = formatDuration(Math.max(0, now - Date.parse(status.startedAt)));
  return [
    ...budgets,
    "",
    `Today ${formatUsd(today.costNanoUsd)} in ${calls(today.calls)}, this month ${formatUsd(month.costNanoUsd)} in ${calls(month.calls)}`,
    `Held ${formatUsd(heldNanoUsd)} for ${calls(callsInFlight)} under way`,
    ...compute,
    `Sidecar ${status.version} at ${status.url}, process ${status.pid}, for ${running}`,
    `Data folder ${status.dataDir}`,
    ...status.notices.map((notice) => `Note: ${notice}`),
  ];
}

function calls(count: number): string {
  return count === 1 ? "1 call" : `${formatCount(count)} calls`;
}
