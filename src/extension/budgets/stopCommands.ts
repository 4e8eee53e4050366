import * as vscode from "vscode";
import type { ComputeStatus } from "../../domain/api.ts";
import { commandWords } from "../../domain/compute/commandWords.ts";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, messageOf, registerCommand } from "../contribution.ts";
import type { Services } from "../services.ts";
import { decidedBy } from "./decidedBy.ts";

const MEMENTO_KEY = "tollgate.askedStopCommands";

interface Stoppable {
  readonly provider: string;
  readonly command: readonly string[];
  readonly allowed: boolean;
}

/** Asks once whether a server's stop command may run when a budget is spent, and again whenever it is another command. */
export const stopCommands: Contribution = {
  name: "stop commands",
  activate(services) {
    const asked = new Set(services.context.globalState.get<string[]>(MEMENTO_KEY) ?? []);
    const consider = () => {
      for (const stoppable of stoppableOf(services.sidecar.status?.compute ?? [])) {
        const name = JSON.stringify([stoppable.provider, ...stoppable.command]);
        if (!stoppable.allowed && !asked.has(name)) {
          asked.add(name);
          void askOnce(services, stoppable, name, asked);
        }
      }
    };
    return vscode.Disposable.from(
      services.sidecar.onDidChange(consider),
      registerCommand(services, COMMANDS.confirmStopCommand, () => confirm(services)),
    );
  },
};

function stoppableOf(compute: readonly ComputeStatus[]): Stoppable[] {
  return compute.flatMap(({ provider, stopCommand }) => (stopCommand === null ? [] : [{ provider, ...stopCommand }]));
}

/** In one window only. */
async function askOnce(services: Services, stoppable: Stoppable, name: string, asked: Set<string>): Promise<void> {
  try {
    const api = await services.sidecar.api();
    if (!(await api.claimAlert(`stop-command ${name}`))) {
      return;
    }
    await services.context.globalState.update(MEMENTO_KEY, [...asked]);
    const t = vscode.l10n.t;
    const allow = t("Allow");
    const chosen = await vscode.window.showWarningMessage(question(stoppable), allow, t("Don't Allow"));
    if (chosen === allow) {
      await decide(services, stoppable, true);
    }
  } catch (error) {
    services.log.warn(`It could not be asked whether a stop command may run: ${messageOf(error)}`);
  }
}

/** Lets a stop command run, or not any more. */
async function confirm(services: Services): Promise<void> {
  const t = vscode.l10n.t;
  const api = await services.sidecar.api();
  const items = stoppableOf((await api.status()).compute).map((stoppable) => ({
    label: stoppable.provider,
    description: stoppable.allowed ? t("allowed") : t("not allowed"),
    detail: commandWords(stoppable.command),
    stoppable,
  }));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(
      t("No server has a stop command. Write one into the pricing of its provider, as `stopCommand`."),
    );
    return;
  }
  const picked = items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { title: t("Stop Command") });
  if (picked === undefined) {
    return;
  }
  const { stoppable } = picked;
  const yes = stoppable.allowed ? t("Don't Allow") : t("Allow");
  const chosen = await vscode.window.showWarningMessage(question(stoppable), { modal: true }, yes);
  if (chosen === yes) {
    await decide(services, stoppable, !stoppable.allowed);
  }
}

function question({ provider, command }: Stoppable): string {
  return vscode.l10n.t("May Tollgate run this when a hard budget that covers {provider} is spent? {command}", {
    provider,
    command: commandWords(command),
  });
}

async function decide(services: Services, { provider, command }: Stoppable, allowed: boolean): Promise<void> {
  const t = vscode.l10n.t;
  const api = await services.sidecar.api();
  await api.decideStopCommand(provider, { command: [...command], allowed, by: decidedBy() });
  vscode.window.setStatusBarMessage(
    allowed
      ? t("The stop command of {provider} runs when a budget is spent.", { provider })
      : t("The stop command of {provider} does not run.", { provider }),
    5_000,
  );
}
