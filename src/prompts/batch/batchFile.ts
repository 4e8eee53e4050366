import { createHash } from "node:crypto";
import { type LineContent, plainLine, readLine } from "./batchLine.ts";

/** A prompt of a batch file. */
export interface BatchPrompt extends LineContent {
  /** Of the file, from 1. */
  readonly line: number;
  /** All of its text, for a count of its tokens. */
  readonly text: string;
  /** Of what would be sent: tells whether an answer of an earlier run is this prompt's. */
  readonly hash: string;
}

/** A file of prompts that makes no sense; the message names each line that is wrong. */
export class BatchFileError extends Error {
  override readonly name = "BatchFileError";
}

/** Of many lines that are wrong alike, so many are named. */
const MOST_NAMED = 10;

/** The same, all of which can be sent. @throws BatchFileError that names each line that is wrong, or that holds more than texts */
export function sendablePromptsOf(content: string, name: string): BatchPrompt[] {
  const prompts = promptsOf(content, name);
  refuse(
    name,
    prompts.flatMap(({ line, trouble }) => (trouble === null ? [] : [`line ${line} ${trouble}`])),
  );
  return prompts;
}

/**
 * The prompts of a batch: the lines of a text file, or JSON lines (`.jsonl`, `.ndjson`). A JSON line is a text, or an object with
 * `prompt`, `text`, `input` or `messages`, by itself or below `body` or `params` as batch APIs have it.
 * @throws BatchFileError
 */
export function promptsOf(content: string, name: string): BatchPrompt[] {
  const isJson = /\.(jsonl|ndjson)$/i.test(name);
  const prompts: BatchPrompt[] = [];
  const wrong: string[] = [];
  const lineOfId = new Map<string, number>();
  for (const [index, text] of content
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (text.trim() === "") {
      continue;
    }
    const line = index + 1;
    const read = isJson ? readLine(text) : plainLine(text);
    const before = typeof read === "string" || read.id === null ? undefined : lineOfId.get(read.id);
    if (typeof read === "string") {
      wrong.push(`line ${line} ${read}`);
    } else if (before !== undefined) {
      wrong.push(`line ${line} has the id of line ${before}, ${JSON.stringify(read.id)}`);
    } else {
      prompts.push({ ...read, line, text: textOf(read), hash: hashOf(read) });
      if (read.id !== null) {
        lineOfId.set(read.id, line);
      }
    }
  }
  refuse(name, wrong);
  if (prompts.length === 0) {
    throw new BatchFileError(`there is no prompt in ${name}`);
  }
  return prompts;
}

/** @throws BatchFileError where any line is wrong */
function refuse(name: string, wrong: readonly string[]): void {
  if (wrong.length > 0) {
    const more = wrong.length > MOST_NAMED ? [`and ${wrong.length - MOST_NAMED} lines more`] : [];
    throw new BatchFileError(`${name}: ${[...wrong.slice(0, MOST_NAMED), ...more].join("; ")}`);
  }
}

function textOf({ system, messages }: LineContent): string {
  return [...(system === null ? [] : [system]), ...messages.map((message) => message.text)].join("\n\n");
}

function hashOf({ model, system, messages, maxOutputTokens }: LineContent): string {
  const sent = JSON.stringify([model, system, messages.map(({ role, text }) => [role, text]), maxOutputTokens]);
  return createHash("sha256").update(sent).digest("hex").slice(0, 16);
}
