import type { Command } from "commander";
import { formatMoment } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import { EXIT } from "../exitCode.ts";
import { note, print, printJson } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

export function addCheck(program: Command): void {
  program
    .command("check")
    .summary("whether every budget holds, for scripts and CI")
    .description("Leaves with 0 within every budget, with 3 when one is spent.")
    .addHelpText("after", "\nExamples:\n  tollgate check && npm run agents\n  tollgate check --json")
    .action(async (flags: CommonOptions) => {
      const status = await withSidecar(flags, (api) => api.status());
      const spent = status.budgets.filter(({ state }) => state === "spent");
      if (flags.json) {
        printJson({ ok: spent.length === 0, spent: spent.map(({ name }) => name), budgets: status.budgets });
      } else if (spent.length === 0) {
        const count = status.budgets.length;
        print(count === 0 ? "No budget is set" : `Within ${count === 1 ? "the budget" : `all ${count} budgets`}`);
      }
      if (spent.length > 0) {
        for (const { name, spentNanoUsd, limitNanoUsd, resetsAt } of flags.json ? [] : spent) {
          const reset =
            resetsAt === null ? "" : `, resets ${formatMoment(Date.parse(resetsAt), Date.parse(status.now))}`;
          note(
            `tollgate: the budget ${name} is spent: ${formatUsd(spentNanoUsd)} of ${formatUsd(limitNanoUsd)}${reset}`,
          );
        }
        process.exitCode = EXIT.budgetSpent;
      }
    });
}
