import * as vscode from "vscode";
import type { CommandId } from "./commandIds.ts";
import type { Services } from "./services.ts";

/** One feature of the extension. It is made on its own: where it fails, the others still work. */
export interface Contribution {
  readonly name: string;
  activate(services: Services): vscode.Disposable;
}

/** Makes every contribution; one that throws is logged and left out. */
export function activateAll(contributions: readonly Contribution[], services: Services): vscode.Disposable {
  const made: vscode.Disposable[] = [];
  for (const contribution of contributions) {
    try {
      made.push(contribution.activate(services));
    } catch (error) {
      services.log.error(`${contribution.name} could not be started`, error);
    }
  }
  return vscode.Disposable.from(...made);
}

/** Registers a command; what it throws is logged and shown, once. */
export function registerCommand<A extends unknown[]>(
  { log }: Pick<Services, "log">,
  id: CommandId,
  run: (...args: A) => unknown,
): vscode.Disposable {
  return vscode.commands.registerCommand(id, async (...args: A) => {
    try {
      await run(...args);
    } catch (error) {
      log.error(`${id} failed`, error);
      void showFailure(messageOf(error));
    }
  });
}

/** Shows an error with a way to the log. */
export async function showFailure(message: string): Promise<void> {
  const showLog = vscode.l10n.t("Show Log");
  const restart = vscode.l10n.t("Restart Sidecar");
  const chosen = await vscode.window.showErrorMessage(`Tollgate: ${message}`, showLog, restart);
  if (chosen === showLog) {
    await vscode.commands.executeCommand("tollgate.showLog" satisfies CommandId);
  } else if (chosen === restart) {
    await vscode.commands.executeCommand("tollgate.restartSidecar" satisfies CommandId);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
