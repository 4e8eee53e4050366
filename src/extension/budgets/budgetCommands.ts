import * as vscode from "vscode";
import type { BudgetStatus } from "../../domain/api.ts";
import { spentShare } from "../../domain/budgetLevel.ts";
import { formatMoment, formatPercent } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import type { Services } from "../services.ts";
import { parseUsd, suggestedLimit, typedUsd } from "./amount.ts";
import { setBudget } from "./setBudget.ts";

/** **Set Budget…**, **Raise Budget…** and **Allow One More Call**. Each takes a budget's name as its argument. */
export const budgetCommands: Contribution = {
  name: "budget commands",
  activate(services) {
    const named = (name: unknown) => (typeof name === "string" ? name : undefined);
    return vscode.Disposable.from(
      registerCommand(services, COMMANDS.setBudget, (name?: unknown) => setBudget(services, named(name))),
      registerCommand(services, COMMANDS.raiseBudget, async (name?: unknown) => {
        await raiseBudget(services, { name: named(name) });
      }),
      registerCommand(services, COMMANDS.allowOnce, async (name?: unknown) => {
        await allowOnce(services, named(name));
      }),
    );
  },
};

/** Raises a budget's limit until its window ends; whether it was raised. `needed`: a call's worst case, in nano-USD. */
export async function raiseBudget(
  services: Services,
  { name, needed = 0 }: { name?: string | undefined; needed?: number | undefined },
): Promise<boolean> {
  const t = vscode.l10n.t;
  const budget = await findBudget(services, name, t("Raise Budget"));
  if (budget === undefined) {
    return false;
  }
  const until =
    budget.resetsAt === null
      ? t("for good")
      : t("until {when}", { when: formatMoment(Date.parse(budget.resetsAt), Date.now()) });
  const offered = typedUsd(suggestedLimit(budget.limitNanoUsd, budget.spentNanoUsd + budget.heldNanoUsd, needed));
  const text = await vscode.window.showInputBox({
    title: t("Raise the {name} Budget", { name: budget.name }),
    prompt: t("New limit in USD, {until}. {spent} of {limit} is spent.", {
      until,
      spent: formatUsd(budget.spentNanoUsd),
      limit: formatUsd(budget.limitNanoUsd),
    }),
    placeHolder: t("An amount in USD, such as {example}", { example: offered }),
    value: offered,
    validateInput: (value) => {
      const usd = parseUsd(value);
      if (usd === null) {
        return t("Give an amount in USD, such as {example}.", { example: offered });
      }
      return nanoFromUsd(usd) > budget.limitNanoUsd
        ? undefined
        : t("That is not above the limit of {limit}.", { limit: formatUsd(budget.limitNanoUsd) });
    },
  });
  const limitUsd = text === undefined ? null : parseUsd(text);
  if (limitUsd === null) {
    return false;
  }
  const api = await services.sidecar.api();
  await api.decide(budget.name, { kind: "raise", limitUsd, by: "VS Code" });
  vscode.window.setStatusBarMessage(
    t("The {name} budget is raised to {limit} {until}.", {
      name: budget.name,
      limit: formatUsd(nanoFromUsd(limitUsd)),
      until,
    }),
    5_000,
  );
  return true;
}

/** Lets one more call pass a budget; whether it will. */
export async function allowOnce(services: Services, name?: string): Promise<boolean> {
  const t = vscode.l10n.t;
  const budget = await findBudget(services, name, t("Allow One More Call"));
  if (budget === undefined) {
    return false;
  }
  const api = await services.sidecar.api();
  await api.decide(budget.name, { kind: "allow-once", by: "VS Code" });
  vscode.window.setStatusBarMessage(t("One more call may pass the {name} budget.", { name: budget.name }), 5_000);
  return true;
}

/** The budget of that name, or the only one, or one that the user picks. */
async function findBudget(
  services: Services,
  name: string | undefined,
  title: string,
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
  if (budgets.length === 1) {
    return budgets[0];
  }
  const items = budgets
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
