import * as vscode from "vscode";
import { formatMoment } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import type { Services } from "../services.ts";
import { parseUsd, suggestedLimit, typedUsd } from "./amount.ts";
import { decidedBy } from "./decidedBy.ts";
import { findBudget } from "./findBudget.ts";
import { pauseBudget, resumeBudget } from "./pauseBudget.ts";
import { setBudget } from "./setBudget.ts";

/**
 * **Set Budget…**, **Raise Budget…**, **Allow One More Call**, **Pause Budget…** and **Resume Budget**. Each takes a budget's
 * name as its argument.
 */
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
        await allowOnce(services, { name: named(name) });
      }),
      registerCommand(services, COMMANDS.pauseBudget, (name?: unknown) => pauseBudget(services, named(name))),
      registerCommand(services, COMMANDS.resumeBudget, (name?: unknown) => resumeBudget(services, named(name))),
    );
  },
};

/** What led to a decision: which budget it is about, and the reason, for the record. */
interface Occasion {
  readonly name?: string | undefined;
  readonly why?: string | undefined;
}

/** Raises a budget's limit until its window ends; whether it was raised. `needed`: a call's worst case, in nano-USD. */
export async function raiseBudget(
  services: Services,
  { name, why, needed = 0 }: Occasion & { readonly needed?: number | undefined },
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
  await api.decide(budget.name, { kind: "raise", limitUsd, by: decidedBy(), why: why ?? null });
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
export async function allowOnce(services: Services, { name, why }: Occasion): Promise<boolean> {
  const t = vscode.l10n.t;
  const budget = await findBudget(services, name, t("Allow One More Call"));
  if (budget === undefined) {
    return false;
  }
  const api = await services.sidecar.api();
  await api.decide(budget.name, { kind: "allow-once", by: decidedBy(), why: why ?? null });
  vscode.window.setStatusBarMessage(t("One more call may pass the {name} budget.", { name: budget.name }), 5_000);
  return true;
}
