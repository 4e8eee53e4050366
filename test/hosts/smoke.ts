import assert from "node:assert/strict";
import * as vscode from "vscode";

/** Runs inside an extension host, in every kind of VS Code: the extension starts, and keeps what its manifest promises. */
export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension<unknown>("tollgate.tollgate");
  assert.ok(extension, "Tollgate is not installed");
  await extension.activate();
  const manifest = extension.packageJSON as { contributes: { commands: { command: string }[] } };
  const registered = new Set(await vscode.commands.getCommands(true));
  const missing = manifest.contributes.commands
    .map(({ command }) => command)
    .filter((command) => !registered.has(command));
  assert.deepEqual(missing, [], "declared commands that nobody has registered");
}
