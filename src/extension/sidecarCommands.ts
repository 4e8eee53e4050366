import * as vscode from "vscode";
import { COMMANDS } from "./commandIds.ts";
import { type Contribution, registerCommand } from "./contribution.ts";
import { exportLedger } from "./exportLedger.ts";

/** **Restart Sidecar**, **Export Ledger…** and **Show Log**. */
export const sidecarCommands: Contribution = {
  name: "sidecar commands",
  activate(services) {
    const { sidecar, log } = services;
    return vscode.Disposable.from(
      registerCommand(services, COMMANDS.showLog, () => log.show()),
      registerCommand(services, COMMANDS.exportLedger, () => exportLedger(services)),
      registerCommand(services, COMMANDS.restartSidecar, () =>
        vscode.window.withProgress(
          { location: vscode.ProgressLocation.Window, title: vscode.l10n.t("Restarting the Tollgate sidecar") },
          async () => {
            await sidecar.restart();
            log.info("The sidecar was restarted");
          },
        ),
      ),
    );
  },
};
