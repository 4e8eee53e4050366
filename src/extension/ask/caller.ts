import * as vscode from "vscode";
import { callerIn, type FolderCaller } from "../callerIn.ts";

/** Who asks: this window, for the folder of the file in front, else the workspace's first. */
export function caller(): FolderCaller & { readonly tool: string } {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folder =
    (active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active)) ??
    vscode.workspace.workspaceFolders?.[0];
  return { tool: "vscode", ...callerIn(folder) };
}
