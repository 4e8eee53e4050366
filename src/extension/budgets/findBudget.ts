import * as vscode from "vscode";
import type { BudgetStatus } from "../../domain/api.ts";
import { spentShare } from "../../domain/budgetLevel.ts";
import { formatPercent } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import type { Services } from "../services.ts";
import { setBudget } from "./setBudget.ts";

/** Which budgets can be meant where none is named, and what is said where there is none such. */
export interface Candidates {
  readonly fits: (budget: BudgetStatus) => boolean;
  readonly none: string;
}

/** The budget of that name, or the only one that can be meant, or one that the user picks. */
export async function findBudget(
  services: Services,
  name: string | undefined,
  title: string,
  candidates: Candidates = { fits: () => true, none: "" },
): Promise<BudgetStatus | undefined> {
  const t = vscode.l10n.t;
  const { budgets } = await (await services.sidecar.api()).status();
  if (name !== undefined) {
    const found = budgets.find((budget) => budget.name === name);
    if (found === undefined) {
      throw new Error(t("There is no budget named {name}.", { name }));
    }
    return found;
  }
  if (budgets.length === 0) {
    const set = t("Set Budget…");
    if ((await vscode.window.showInformationMessage(t("There is no budget yet."), set)) === set) {
      await setBudget(services);
    }
    return undefined;
  }
  const fitting = budgets.filter(candidates.fits);
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(candidates.none);
    return undefined;
  }
  if (fitting.length === 1) {
    return fitting[0];
  }
  const items = fitting
    .toSorted((a, b) => spentShare(b) - spentShare(a))
    .map((budget) => ({
      label: budget.name,
      description: t("{spent} of {limit} ({percent})", {
        spent: formatUsd(budget.spentNanoUsd),
        limit: formatUsd(budget.limitNanoUsd),
        percent: formatPercent(spentShare(budget)),
      }),
      budget,
    }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: t("Which budget?") }))?.budget;
}
