import { basename } from "node:path";
import * as vscode from "vscode";
import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";
import { answeredIn, BatchOutputError, hasResults } from "../../prompts/batch/batchOutput.ts";
import type { BatchResult } from "../../prompts/batch/batchResult.ts";

/** Where the answers of a batch go. */
export interface AnswersFile {
  readonly path: string;
  /** As messages name it. */
  readonly name: string;
  /** All of the batch, answered or not. */
  readonly prompts: readonly BatchPrompt[];
  /** Prompts that an earlier run has answered, by their lines. */
  readonly done: ReadonlyMap<number, BatchResult>;
}

/** The file beside the prompts, or another that the user chooses; undefined where the user leaves. */
export async function answersFileFor(
  document: vscode.TextDocument,
  prompts: readonly BatchPrompt[],
): Promise<AnswersFile | undefined> {
  const { uri } = document;
  const path = uri.scheme === "file" ? uri.fsPath.replace(/(\.\w+)?$/, ".answers.jsonl") : await anotherFile(undefined);
  return path === undefined ? undefined : answersFile(path, prompts);
}

/** Asks for a path. */
async function anotherFile(before: string | undefined): Promise<string | undefined> {
  const t = vscode.l10n.t;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const suggested =
    before === undefined
      ? folder === undefined
        ? undefined
        : vscode.Uri.joinPath(folder, "prompts.answers.jsonl")
      : vscode.Uri.file(before.replace(/(\.answers)?\.jsonl$/, ".new.answers.jsonl"));
  const chosen = await vscode.window.showSaveDialog({
    title: t("Answers of the Batch"),
    filters: { [t("JSON Lines")]: ["jsonl"] },
    ...(suggested === undefined ? {} : { defaultUri: suggested }),
  });
  return chosen?.fsPath;
}

/** Where there are answers already, the user says whether to go on with them. */
async function answersFile(path: string, prompts: readonly BatchPrompt[]): Promise<AnswersFile | undefined> {
  const t = vscode.l10n.t;
  const name = basename(path);
  if (!hasResults(path)) {
    return { path, name, prompts, done: new Map() };
  }
  let done: ReadonlyMap<number, BatchResult> | null = null;
  try {
    done = answeredIn(path, prompts);
  } catch (error) {
    if (!(error instanceof BatchOutputError)) {
      throw error;
    }
  }
  const goOn = t("Go On with These Answers");
  const other = t("Another File…");
  const items = [
    ...(done === null
      ? []
      : [{ label: goOn, detail: t("{n} of {all} prompts are answered in it", { n: done.size, all: prompts.length }) }]),
    { label: other, detail: t("Asks every prompt again") },
  ];
  const placeHolder =
    done === null
      ? t("{file} holds something else", { file: name })
      : t("{file} holds answers already", { file: name });
  const picked = await vscode.window.showQuickPick(items, { title: t("Run Batch of Prompts"), placeHolder });
  if (picked?.label === goOn && done !== null) {
    return { path, name, prompts, done };
  }
  const chosen = picked === undefined ? undefined : await anotherFile(path);
  return chosen === undefined ? undefined : answersFile(chosen, prompts);
}
