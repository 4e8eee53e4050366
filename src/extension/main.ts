import { homedir } from "node:os";
import * as vscode from "vscode";
import { AnswerDocuments } from "./ask/answerDocuments.ts";
import { askCommands } from "./ask/askCommands.ts";
import { backendCommands } from "./backends/backendCommands.ts";
import { batchCommand } from "./batch/batchCommand.ts";
import { budgetCommands } from "./budgets/budgetCommands.ts";
import { forecastWarnings } from "./budgets/forecastWarnings.ts";
import { SettingsPush, settingsPush } from "./budgets/settingsPush.ts";
import { stopCommands } from "./budgets/stopCommands.ts";
import { budgetWarnings } from "./budgets/warnings.ts";
import { ContextKeys } from "./contextKeys.ts";
import { activateAll } from "./contribution.ts";
import { costPanel } from "./costPanel.ts";
import { ApiKeys } from "./keys/apiKeys.ts";
import { keyCommands } from "./keys/keyCommands.ts";
import { priceCommands } from "./prices/setModelPrice.ts";
import { withProxy } from "./proxyEnvironment.ts";
import type { Services } from "./services.ts";
import { SettingsStore } from "./settingsStore.ts";
import { sidecarCommands } from "./sidecarCommands.ts";
import { dataDirOf, SidecarView } from "./sidecarView.ts";
import { statusBar } from "./statusBar.ts";
import { terminals } from "./terminals/terminals.ts";

const CONTRIBUTIONS = [
  statusBar,
  settingsPush,
  budgetWarnings,
  forecastWarnings,
  askCommands,
  batchCommand,
  backendCommands,
  budgetCommands,
  stopCommands,
  costPanel,
  priceCommands,
  keyCommands,
  sidecarCommands,
  terminals,
];

export function activate(context: vscode.ExtensionContext): void {
  const services = createServices(context);
  context.subscriptions.push(activateAll(CONTRIBUTIONS, services));
  services.sidecar.start();
}

/** The sidecar stays: other windows and tools may need it, and it leaves by itself when nobody does. */
export function deactivate(): void {}

function createServices(context: vscode.ExtensionContext): Services {
  const log = vscode.window.createOutputChannel("Tollgate", { log: true });
  const settings = new SettingsStore(log);
  const sidecar = new SidecarView({
    dataDir: dataDirOf(process.env, homedir()),
    sidecarPath: vscode.Uri.joinPath(context.extensionUri, "dist", "sidecar.cjs").fsPath,
    environment: () => withProxy(process.env, settings.proxy),
    version: String(context.extension.packageJSON.version),
    log,
  });
  const answers = new AnswerDocuments();
  context.subscriptions.push(log, settings, sidecar, answers);
  return {
    context,
    log,
    settings,
    sidecar,
    answers,
    settingsPush: new SettingsPush({ settings, sidecar, memento: context.globalState }),
    keys: new ApiKeys(context.secrets, process.env),
    contextKeys: new ContextKeys((key, value) => void vscode.commands.executeCommand("setContext", key, value)),
  };
}
