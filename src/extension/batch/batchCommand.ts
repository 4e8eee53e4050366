import * as vscode from "vscode";
import { BatchFileError, type BatchPrompt, sendablePromptsOf } from "../../prompts/batch/batchFile.ts";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import type { Services } from "../services.ts";
import { answersFileFor } from "./answersFile.ts";
import { batchTargets } from "./batchTargets.ts";
import { confirmBatch } from "./confirmBatch.ts";
import { documentPrompts } from "./documentPrompts.ts";
import { sendBatch } from "./sendBatch.ts";

/** **Run Batch of Prompts…**: asks every prompt of the file in front. */
export const batchCommand: Contribution = {
  name: "batch command",
  activate: (services) => registerCommand(services, COMMANDS.runBatch, () => runBatchOf(services)),
};

async function runBatchOf(services: Services): Promise<void> {
  const t = vscode.l10n.t;
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined) {
    void vscode.window.showInformationMessage(
      t("Open a file of prompts first: one on each line, or JSON lines as batch APIs have them."),
    );
    return;
  }
  const prompts = promptsIn(document);
  const file = prompts === null ? undefined : await answersFileFor(document, prompts);
  if (prompts === null || file === undefined) {
    return;
  }
  const todo = prompts.filter(({ line }) => !file.done.has(line));
  if (todo.length === 0) {
    void vscode.window.showInformationMessage(t("All prompts are answered already, in {file}.", { file: file.name }));
    return;
  }
  const targets = await batchTargets(services, todo);
  const batch = targets === undefined ? undefined : await confirmBatch(services, { prompts: todo, targets, file });
  if (batch !== undefined) {
    await sendBatch(services, batch);
  }
}

/** Null where the file makes no sense, which is said. */
function promptsIn(document: vscode.TextDocument): BatchPrompt[] | null {
  try {
    return documentPrompts(document, sendablePromptsOf);
  } catch (error) {
    if (error instanceof BatchFileError) {
      void vscode.window.showErrorMessage(vscode.l10n.t("No prompt was sent. {reason}", { reason: error.message }));
      return null;
    }
    throw error;
  }
}
