import { userInfo } from "node:os";
import * as vscode from "vscode";

/** Who asks, as the ledger notes it and a budget's scope can match it. */
export function caller(): { tool: string; project?: string; user?: string } {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folder =
    (active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active)) ??
    vscode.workspace.workspaceFolders?.[0];
  return { tool: "vscode", ...(folder === undefined ? {} : { project: folder.name }), ...user() };
}

function user(): { user?: string } {
  try {
    return { user: userInfo().username };
  } catch {
    // A user without an entry in the system's list of users.
    return {};
  }
}
