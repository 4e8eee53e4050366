import * as vscode from "vscode";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import { AskFlow } from "./askFlow.ts";
import { type Chosen, compareCost } from "./compareCost.ts";
import type { Excerpt, Question } from "./question.ts";
import { RunningPrompts } from "./runningPrompts.ts";
import { selectedExcerpt } from "./selectedExcerpt.ts";

/** **Ask…**, **Ask About Selection**, **Compare Cost on Models…** and **Cancel Prompt**. */
export const askCommands: Contribution = {
  name: "ask commands",
  activate(services) {
    const running = new RunningPrompts(services.contextKeys);
    /** The last question that was not answered: the next one begins with it. In memory only. */
    let unanswered: Question | null = null;
    const follow = async (question: Question & Partial<Chosen>) => {
      const flow = new AskFlow(services, running, question, question.choice);
      try {
        unanswered = await flow.run();
      } catch (error) {
        unanswered = flow.question;
        throw error;
      }
    };
    const ask = (excerpt: Excerpt | null) =>
      follow({ prompt: unanswered?.prompt ?? "", excerpt: excerpt ?? unanswered?.excerpt ?? null });
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
      registerCommand(services, COMMANDS.compareCost, async () => {
        const chosen = await compareCost(services);
        return chosen === undefined ? undefined : follow(chosen);
      }),
      registerCommand(services, COMMANDS.cancelPrompt, () =>
        running.cancel(vscode.window.activeTextEditor?.document.uri.toString()),
      ),
      { dispose: () => running.cancelAll() },
    );
  },
};
