import type * as vscode from "vscode";
import type { AnswerDocuments } from "./ask/answerDocuments.ts";
import type { SettingsPush } from "./budgets/settingsPush.ts";
import type { ContextKeys } from "./contextKeys.ts";
import type { ApiKeys } from "./keys/apiKeys.ts";
import type { SettingsStore } from "./settingsStore.ts";
import type { SidecarView } from "./sidecarView.ts";

/** What contributions share. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly settings: SettingsStore;
  readonly sidecar: SidecarView;
  readonly settingsPush: SettingsPush;
  readonly keys: ApiKeys;
  readonly contextKeys: ContextKeys;
  readonly answers: AnswerDocuments;
}
