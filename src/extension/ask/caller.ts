import * as vscode from "vscode";
import { userName } from "../../client/userName.ts";

/** Who asks, as the ledger notes it and a budget's scope can match it. */
export function caller(): { tool: string; project?: string; user?: string; folder?: string } {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folder =
    (active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active)) ??
    vscode.workspace.workspaceFolders?.[0];
  const user = userName();
  return {
    tool: "vscode",
    ...(folder === undefined
      ? {}
      : { project: folder.name, ...(folder.uri.scheme === "file" ? { folder: folder.uri.fsPath } : {}) }),
    ...(user === undefined ? {} : { user }),
  };
}
