import * as vscode from "vscode";

export const ANSWER_SCHEME = "tollgate-answer";

/** So many ms of a stream's text reach the editor as one change. */
const BATCH_MS = 60;

/** One answer while it grows. */
export interface Answer {
  readonly uri: vscode.Uri;
  append(text: string): void;
  /** Shows all of what was appended; nothing may be appended after it. */
  finish(): void;
}

/**
 * The answers of this window, as read-only Markdown documents: they have no unsaved state, so closing one asks nothing, and
 * they are kept in memory only, for as long as they are open.
 */
export class AnswerDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #disposables: vscode.Disposable[];
  #count = 0;
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#disposables = [
      vscode.workspace.registerTextDocumentContentProvider(ANSWER_SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => followEnd(document, contentChanges)),
      this.#changed,
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.#texts.get(uri.toString()) ??
      vscode.l10n.t("This answer is gone: Tollgate does not store answers. Use “Save As…” to keep one.")
    );
  }

  /** Opens a new answer, beside what the user is at unless a column is named. */
  async open(name: string, head: string, column?: vscode.ViewColumn): Promise<Answer> {
    this.#count += 1;
    const uri = vscode.Uri.from({ scheme: ANSWER_SCHEME, path: `/${name.replace(/[/\\]/g, "-")} ${this.#count}.md` });
    const key = uri.toString();
    this.#texts.set(key, head);
    const active = vscode.window.activeTextEditor;
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, {
      viewColumn: column ?? columnFor(),
      preview: false,
      preserveFocus: active !== undefined && active.document.uri.scheme !== ANSWER_SCHEME,
    });
    let timer: NodeJS.Timeout | undefined;
    const flush = () => {
      clearTimeout(timer);
      timer = undefined;
      this.#changed.fire(uri);
    };
    return {
      uri,
      append: (text) => {
        const before = this.#texts.get(key);
        if (before !== undefined) {
          this.#texts.set(key, before + text);
          timer ??= setTimeout(flush, BATCH_MS);
        }
      },
      finish: flush,
    };
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
    this.#texts.clear();
  }
}

/** Beside the code, the cost panel, or whatever else is being looked at; a further answer joins the answers that are there. */
function columnFor(): vscode.ViewColumn {
  const shown = vscode.window.visibleTextEditors.find(({ document }) => document.uri.scheme === ANSWER_SCHEME);
  const isEmpty = vscode.window.tabGroups.activeTabGroup.activeTab === undefined;
  return shown?.viewColumn ?? (isEmpty ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside);
}

/** Scrolls with a growing answer as long as its end is in view. */
function followEnd(document: vscode.TextDocument, changes: readonly vscode.TextDocumentContentChangeEvent[]): void {
  if (document.uri.scheme !== ANSWER_SCHEME || changes.length === 0) {
    return;
  }
  const changedFrom = Math.min(...changes.map(({ range }) => range.start.line));
  for (const editor of vscode.window.visibleTextEditors) {
    const lastVisible = editor.visibleRanges.at(-1)?.end.line ?? 0;
    if (editor.document === document && lastVisible >= changedFrom - 1) {
      const end = document.lineAt(document.lineCount - 1).range.end;
      editor.revealRange(new vscode.Range(end, end), vscode.TextEditorRevealType.Default);
    }
  }
}
