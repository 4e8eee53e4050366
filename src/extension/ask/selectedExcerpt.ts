import * as vscode from "vscode";
import type { Excerpt } from "./question.ts";

/** All of a document. */
export function wholeExcerpt(document: vscode.TextDocument): Excerpt {
  return {
    text: document.getText().replace(/\r?\n$/, ""),
    languageId: document.languageId,
    file: vscode.workspace.asRelativePath(document.uri, false),
    fromLine: 1,
    toLine: document.lineCount,
  };
}

/** What is selected in the editor that is in front; null where nothing is. */
export function selectedExcerpt(): Excerpt | null {
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
