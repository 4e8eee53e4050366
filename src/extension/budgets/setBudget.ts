import * as vscode from "vscode";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import type { Services } from "../services.ts";
import { BUDGET_WINDOWS, type BudgetWindow } from "../settings.ts";
import { parseUsd, typedUsd } from "./amount.ts";

interface WindowItem extends vscode.QuickPickItem {
  readonly window: BudgetWindow;
}

/** Asks for an amount and a window, and writes the setting; the sidecar has the budget when this is done. */
export async function setBudget(services: Services, name?: string): Promise<void> {
  const t = vscode.l10n.t;
  const known = BUDGET_WINDOWS.find((window) => window === name);
  const { budgets } = await (await services.sidecar.api()).status();
  if (name !== undefined && known === undefined && budgets.some((budget) => budget.name === name)) {
    // Budgets with a name of their own come from the command line or from the sidecar's configuration.
    const text = await askAmount(
      t("Limit of the {name} Budget", { name }),
      budgets.find((budget) => budget.name === name)?.configuredLimitNanoUsd,
      false,
    );
    if (text !== undefined) {
      await changeNamed(services, name, parseUsd(text) ?? 0);
    }
    return;
  }
  const current = (window: BudgetWindow) => budgets.find((budget) => budget.name === window)?.configuredLimitNanoUsd;
  const typed = await askAmount(
    known === undefined ? t("Set Budget (1 of 2)") : t("Set the {name} Budget", { name: known }),
    known === undefined ? undefined : current(known),
    true,
  );
  if (typed === undefined) {
    return;
  }
  const limitUsd = typed.trim() === "" ? null : parseUsd(typed);
  const window = known ?? (await askWindow(limitUsd, current));
  if (window === undefined) {
    return;
  }
  await services.settings.write("tollgate.budgets", { ...ownBudgets(services), [window]: limitUsd });
  await services.settingsPush.apply();
  const words = { name: window, limit: limitUsd === null ? "" : formatUsd(nanoFromUsd(limitUsd)) };
  vscode.window.setStatusBarMessage(
    limitUsd === null ? t("The {name} budget is removed.", words) : t("The {name} budget is {limit}.", words),
    5_000,
  );
}

async function askAmount(
  title: string,
  currentNanoUsd: number | undefined,
  mayRemove: boolean,
): Promise<string | undefined> {
  const t = vscode.l10n.t;
  return vscode.window.showInputBox({
    title,
    prompt: mayRemove ? t("Limit in USD. Leave it empty to remove a budget.") : t("Limit in USD."),
    placeHolder: t("An amount in USD, such as 20"),
    ...(currentNanoUsd === undefined ? {} : { value: typedUsd(currentNanoUsd) }),
    validateInput: (text) =>
      (mayRemove && text.trim() === "") || parseUsd(text) !== null
        ? undefined
        : t("Give an amount in USD of 0 or more, such as 20 or 2.50."),
  });
}

async function askWindow(
  limitUsd: number | null,
  current: (window: BudgetWindow) => number | undefined,
): Promise<BudgetWindow | undefined> {
  const t = vscode.l10n.t;
  const details: Record<BudgetWindow, string> = {
    total: t("For all time, never reset"),
    month: t("Each calendar month"),
    week: t("Each week"),
    day: t("Each day"),
  };
  const items = BUDGET_WINDOWS.toReversed()
    .filter((window) => limitUsd !== null || current(window) !== undefined)
    .map((window): WindowItem => {
      const limit = current(window);
      return {
        label: window,
        detail: details[window],
        ...(limit === undefined ? {} : { description: t("now {limit}", { limit: formatUsd(limit) }) }),
        window,
      };
    });
  if (items.length === 0) {
    void vscode.window.showInformationMessage(t("There is no budget to remove."));
    return undefined;
  }
  const title = t("Set Budget (2 of 2)");
  const placeHolder =
    limitUsd === null
      ? t("Which budget is to be removed?")
      : t("{limit} for which window of time?", { limit: formatUsd(nanoFromUsd(limitUsd)) });
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.window;
}

function ownBudgets({ settings }: Services): Record<string, unknown> {
  const value = settings.userValue("tollgate.budgets");
  return typeof value === "object" && value !== null ? { ...value } : {};
}

async function changeNamed(services: Services, name: string, limitUsd: number): Promise<void> {
  const api = await services.sidecar.api();
  const budget = (await api.budgets()).find((candidate) => candidate.name === name);
  if (budget !== undefined) {
    await api.setBudget({ ...budget, limitUsd });
  }
}
