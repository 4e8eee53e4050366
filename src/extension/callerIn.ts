import type * as vscode from "vscode";
import { userName } from "../client/userName.ts";

export interface FolderCaller {
  readonly project?: string;
  readonly user?: string;
  readonly folder?: string;
}

/** Who calls from a folder of the workspace, as the ledger notes it and a budget's scope can match it. */
export function callerIn(folder: vscode.WorkspaceFolder | undefined): FolderCaller {
  const user = userName();
  return {
    ...(folder === undefined ? {} : { project: folder.name.slice(0, 200) }),
    ...(folder?.uri.scheme === "file" ? { folder: folder.uri.fsPath } : {}),
    ...(user === undefined ? {} : { user }),
  };
}
