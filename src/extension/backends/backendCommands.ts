import * as vscode from "vscode";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import { checkBackends } from "./checkBackends.ts";
import { switchBackend } from "./switchBackend.ts";

/** **Switch Backend…** and **Check Backends**. */
export const backendCommands: Contribution = {
  name: "backend commands",
  activate(services) {
    return vscode.Disposable.from(
      registerCommand(services, COMMANDS.switchBackend, () => switchBackend(services)),
      registerCommand(services, COMMANDS.checkBackends, () => checkBackends(services)),
    );
  },
};
