import * as vscode from "vscode";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import { AskFlow } from "./askFlow.ts";
import type { Excerpt, Question } from "./question.ts";
import { RunningPrompts } from "./runningPrompts.ts";

/** **Ask…**, **Ask About Selection** and **Cancel Prompt**. */
export const askCommands: Contribution = {
  name: "ask commands",
  activate(services) {
    const running = new RunningPrompts(services.contextKeys);
    /** The last question that was not answered: the next one begins with it. In memory only. */
    let unanswered: Question | null = null;
    const ask = async (excerpt: Excerpt | null) => {
      const flow = new AskFlow(services, running, {
        prompt: unanswered?.prompt ?? "",
        excerpt: excerpt ?? unanswered?.excerpt ?? null,
      });
      try {
        unanswered = await flow.run();
      } catch (error) {
        unanswered = flow.question;
        throw error;
      }
    };
    return vscode.Disposable.from(
      registerCommand(services, COMMANDS.ask, () => ask(null)),
      registerCommand(services, COMMANDS.askSelection, () => {
        const excerpt = selectedExcerpt();
        if (excerpt === null) {
          void vscode.window.showInformationMessage(vscode.l10n.t("Select some text first."));
          return undefined;
        }
        return ask(excerpt);
      }),
      registerCommand(services, COMMANDS.cancelPrompt, () =>
        running.cancel(vscode.window.activeTextEditor?.document.uri.toString()),
      ),
      { dispose: () => running.cancelAll() },
    );
  },
};

function selectedExcerpt(): Excerpt | null {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.selection.isEmpty) {
    return null;
  }
  const { document, selection } = editor;
  // A selection that ends before a line's first character does not take in that line.
  const lastLine =
    selection.end.character === 0 && selection.end.line > selection.start.line
      ? selection.end.line - 1
      : selection.end.line;
  return {
    text: document.getText(selection).replace(/\r?\n$/, ""),
    languageId: document.languageId,
    file: vscode.workspace.asRelativePath(document.uri, false),
    fromLine: selection.start.line + 1,
    toLine: lastLine + 1,
  };
}
