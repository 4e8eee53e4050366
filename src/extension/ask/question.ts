import { fenceFor } from "../markdown.ts";

/** Code that a prompt is about. */
export interface Excerpt {
  readonly text: string;
  readonly languageId: string;
  /** As people name the file: below its workspace folder. */
  readonly file: string;
  /** Counted from 1, both ends included. */
  readonly fromLine: number;
  readonly toLine: number;
}

/** What is asked, before it becomes the text that is sent. */
export interface Question {
  readonly prompt: string;
  readonly excerpt: Excerpt | null;
}

/** The text that goes to the model: the prompt, and below it the code with where it stands. */
export function questionText({ prompt, excerpt }: Question): string {
  if (excerpt === null) {
    return prompt;
  }
  const fence = fenceFor(excerpt.text);
  const where = `${excerpt.file}, ${linesInWords(excerpt)}`;
  return `${prompt}\n\nFrom ${where}:\n\n${fence}${excerpt.languageId}\n${excerpt.text}\n${fence}\n`;
}

export function linesInWords({ fromLine, toLine }: Excerpt): string {
  return fromLine === toLine ? `line ${fromLine}` : `lines ${fromLine}–${toLine}`;
}
