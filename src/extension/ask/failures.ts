import * as vscode from "vscode";
import type { Refusal } from "../../domain/events.ts";
import { allowOnce, raiseBudget } from "../budgets/budgetCommands.ts";
import { COMMANDS } from "../commandIds.ts";
import { KEY_VARIABLES, keyIsOptional } from "../keys/apiKeys.ts";
import { addApiKey } from "../keys/keyCommands.ts";
import { setModelPrice } from "../prices/setModelPrice.ts";
import type { Services } from "../services.ts";
import type { ModelChoice } from "./recentModels.ts";

/** What to do with a prompt that was not answered. It stays at hand in any case. */
export type NextStep = "again" | "model" | "leave";

/** What the gate said when it refused a call. Money is nano-USD. */
export interface Refused {
  readonly message: string;
  readonly reason: Refusal["reason"];
  /** The budget that the call did not fit; null where it was refused for another reason. */
  readonly budget: string | null;
  readonly neededNanoUsd: number | null;
}

/** Whether the provider has a key, or needs none, or the user has added one now. */
export async function addMissingKey(services: Services, { provider }: ModelChoice): Promise<boolean> {
  if ((await services.keys.find(provider)) !== undefined) {
    return true;
  }
  const info = (await (await services.sidecar.api()).providers()).find(({ name }) => name === provider);
  if (info === undefined || keyIsOptional(info)) {
    return true;
  }
  const t = vscode.l10n.t;
  const add = t("Add API Key…");
  const variable = KEY_VARIABLES[provider];
  const message =
    variable === undefined
      ? t("There is no API key for {provider}.", { provider })
      : t("There is no API key for {provider}: add one, or set {variable} in the environment that VS Code starts in.", {
          provider,
          variable,
        });
  const chosen = await vscode.window.showWarningMessage(message, add);
  return chosen === add && (await addApiKey(services, provider));
}

/** `choice` is the model whose call was refused: a decision that follows is recorded with it. */
export async function afterRefusal(services: Services, choice: ModelChoice, refused: Refused): Promise<NextStep> {
  const t = vscode.l10n.t;
  const raise = t("Raise…");
  const once = t("Allow Once");
  const price = t("Set Price…");
  const model = t("Another Model…");
  const { budget, reason } = refused;
  // A higher limit is no help where the call's cost is unknown.
  const ways = reason === "unpriced" ? [price, once] : [raise, once];
  const chosen = await vscode.window.showErrorMessage(refused.message, ...(budget === null ? [] : ways), model);
  if (chosen === model) {
    return "model";
  }
  if (chosen === price) {
    return (await setModelPrice(services, choice)) ? "again" : "leave";
  }
  if (budget === null) {
    return "leave";
  }
  const occasion = { name: budget, why: t("A call of {model} ({provider}) was refused", { ...choice }) };
  if (chosen === raise) {
    const needed = refused.neededNanoUsd ?? undefined;
    return (await raiseBudget(services, { ...occasion, needed })) ? "again" : "leave";
  }
  return chosen === once && (await allowOnce(services, occasion)) ? "again" : "leave";
}

export async function afterWrongKey(services: Services, { provider }: ModelChoice, message: string): Promise<NextStep> {
  const t = vscode.l10n.t;
  const add = t("Add API Key…");
  const model = t("Another Model…");
  const chosen = await vscode.window.showErrorMessage(message, add, model);
  if (chosen === model) {
    return "model";
  }
  return chosen === add && (await addApiKey(services, provider)) ? "again" : "leave";
}

export async function afterFailure(message: string): Promise<NextStep> {
  const t = vscode.l10n.t;
  const again = t("Try Again");
  const model = t("Another Model…");
  const log = t("Show Log");
  const chosen = await vscode.window.showErrorMessage(message, again, model, log);
  if (chosen === log) {
    await vscode.commands.executeCommand(COMMANDS.showLog);
  }
  return chosen === again ? "again" : chosen === model ? "model" : "leave";
}
