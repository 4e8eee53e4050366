import * as vscode from "vscode";
import type { Services } from "./services.ts";

/** Writes every booked call as JSON lines, newest first, to a file that the user chooses. */
export async function exportLedger({ sidecar }: Services): Promise<void> {
  const t = vscode.l10n.t;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    title: t("Export Ledger"),
    filters: { [t("JSON Lines")]: ["jsonl"] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, "tollgate-calls.jsonl") }),
  });
  if (target === undefined) {
    return;
  }
  const title = t("Exporting the Tollgate ledger");
  const lines: string[] = [];
  const done = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      for await (const call of (await sidecar.api()).allCalls({ limit: 1_000 })) {
        if (token.isCancellationRequested) {
          return false;
        }
        lines.push(JSON.stringify(call));
        if (lines.length % 1_000 === 0) {
          progress.report({ message: t("{n} calls", { n: lines.length }) });
        }
      }
      await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
      return true;
    },
  );
  if (done) {
    const open = t("Open");
    if (
      (await vscode.window.showInformationMessage(t("{n} calls were exported.", { n: lines.length }), open)) === open
    ) {
      await vscode.window.showTextDocument(target);
    }
  }
}
