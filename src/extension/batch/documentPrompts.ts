import { basename } from "node:path";
import type * as vscode from "vscode";
import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";

/** The prompts of a document, by a reader that takes its text and its name. */
export function documentPrompts(
  document: vscode.TextDocument,
  read: (content: string, name: string) => BatchPrompt[],
): BatchPrompt[] {
  const text = document.getText();
  const name = basename(document.fileName);
  // A document that has no name yet tells by how it begins.
  const isJson = document.isUntitled && /^\s*[{"]/.test(text);
  return read(text, isJson ? `${name}.jsonl` : name);
}
