import * as vscode from "vscode";
import { formatCount } from "../../domain/formats.ts";
import { BatchFileError, type BatchPrompt, promptsOf } from "../../prompts/batch/batchFile.ts";
import { documentPrompts } from "../batch/documentPrompts.ts";
import { linesInWords, type Question, questionText } from "./question.ts";
import { selectedExcerpt, wholeExcerpt } from "./selectedExcerpt.ts";

/** What is to be compared: a prompt, or each of many. */
export interface Subject {
  /** As a title names it. */
  readonly name: string;
  readonly texts: readonly string[];
  /** What can be asked; null for a batch. */
  readonly question: Question | null;
}

interface SubjectItem extends vscode.QuickPickItem {
  readonly subject: () => Subject | Thenable<Subject | undefined>;
}

/**
 * The selection; where nothing is selected, what the user picks of the file in front: all of it as one prompt, the prompts in
 * it, or one that is typed. Undefined where the user leaves.
 */
export async function comparedSubject(): Promise<Subject | undefined> {
  const t = vscode.l10n.t;
  const selected = selectedExcerpt();
  if (selected !== null) {
    const name = `${selected.file}, ${linesInWords(selected)}`;
    return asked(name, { prompt: "", excerpt: selected });
  }
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined || document.getText().trim() === "") {
    return typedPrompt();
  }
  const excerpt = wholeExcerpt(document);
  const prompts = promptsIn(document);
  const items: SubjectItem[] = [
    { label: t("Type a Prompt"), subject: typedPrompt },
    {
      label: excerpt.file,
      description: t("the file, as one prompt"),
      subject: () => asked(excerpt.file, { prompt: "", excerpt }),
    },
    ...(prompts.length < 2
      ? []
      : [
          {
            label: t("{n} Prompts in {file}", { n: formatCount(prompts.length), file: excerpt.file }),
            description: t("one on each line"),
            subject: () => ({
              name: t("{n} prompts in {file}", { n: formatCount(prompts.length), file: excerpt.file }),
              texts: prompts.map(({ text }) => text),
              question: null,
            }),
          },
        ]),
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: t("Compare Cost on Models"),
    placeHolder: t("What is to be counted? It is sent nowhere."),
  });
  return picked?.subject();
}

function asked(name: string, question: Question): Subject {
  return { name, texts: [questionText(question)], question };
}

/** None where the file is no batch. */
function promptsIn(document: vscode.TextDocument): readonly BatchPrompt[] {
  try {
    return documentPrompts(document, promptsOf);
  } catch (error) {
    if (error instanceof BatchFileError) {
      return [];
    }
    throw error;
  }
}

async function typedPrompt(): Promise<Subject | undefined> {
  const t = vscode.l10n.t;
  const prompt = await vscode.window.showInputBox({
    title: t("Compare Cost on Models"),
    placeHolder: t("Type or paste a prompt"),
    prompt: t("It is counted on this machine, and sent nowhere."),
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === "" ? t("Type what is to be counted.") : undefined),
  });
  return prompt === undefined ? undefined : asked(t("the prompt"), { prompt, excerpt: null });
}
