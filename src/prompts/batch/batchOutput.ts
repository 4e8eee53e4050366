import { appendFileSync, copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { BatchPrompt } from "./batchFile.ts";
import { type BatchResult, lineOf, resultsIn } from "./batchResult.ts";
import { OutputLock } from "./outputLock.ts";

/** Where results go. They come in any order and are to be read in that of the prompts. */
export interface BatchOutput {
  /** Prompts that need not be asked again, by their lines. */
  readonly done: ReadonlyMap<number, BatchResult>;
  take(result: BatchResult): void;
  /** To be called once, when no other result comes. */
  close(): void;
}

/** To standard output: a result is written once those of all prompts before it are. */
export class StreamedOutput implements BatchOutput {
  readonly done = new Map<number, BatchResult>();
  readonly #lines: readonly number[];
  readonly #write: (line: string) => void;
  readonly #waiting = new Map<number, BatchResult>();
  #next = 0;

  constructor(prompts: readonly BatchPrompt[], write: (line: string) => void) {
    this.#lines = prompts.map(({ line }) => line);
    this.#write = write;
  }

  take(result: BatchResult): void {
    this.#waiting.set(result.line, result);
    for (let line = this.#lines[this.#next]; line !== undefined && this.#flush(line); line = this.#lines[this.#next]) {
      this.#next += 1;
    }
  }

  close(): void {
    for (const line of this.#lines.slice(this.#next)) {
      this.#flush(line);
    }
  }

  #flush(line: number): boolean {
    const result = this.#waiting.get(line);
    if (result !== undefined) {
      this.#waiting.delete(line);
      this.#write(lineOf(result));
    }
    return result !== undefined;
  }
}

/** Results that cannot be written, or that are not to be written over. The message is for people. */
export class BatchOutputError extends Error {
  override readonly name = "BatchOutputError";
}

/** Whether there is a file with results that a batch can go on with, or has to leave alone. */
export function hasResults(path: string): boolean {
  return existsSync(path) && readFileSync(path, "utf8").trim() !== "";
}

/** What a file of results has answered already, by lines of the prompts. @throws BatchOutputError where it holds anything else */
export function answeredIn(path: string, prompts: readonly BatchPrompt[]): ReadonlyMap<number, BatchResult> {
  return answersAmong(keptOf(resultsOf(path), prompts));
}

function answersAmong(results: ReadonlyMap<number, BatchResult>): ReadonlyMap<number, BatchResult> {
  return new Map([...results].filter(([, { status }]) => status === "ok"));
}

/** To a file: each result is there as soon as it is known, however the batch ends; at the end they are put in order. */
export class FileOutput implements BatchOutput {
  readonly done: ReadonlyMap<number, BatchResult>;
  readonly #path: string;
  readonly #results: Map<number, BatchResult>;
  readonly #lock: OutputLock;

  /**
   * Goes on with the results that the file holds. Answers whose prompts are not there any more have been paid for: the file as it was stays
   * beside it then, as `FILE.old`. @throws BatchOutputError where it cannot be written, is written by another batch, or holds anything else
   */
  constructor(path: string, prompts: readonly BatchPrompt[]) {
    this.#path = path;
    this.#lock = this.#locked();
    try {
      const before = existsSync(path) ? resultsOf(path) : [];
      this.#results = keptOf(before, prompts);
      this.done = answersAmong(this.#results);
      const answers = new Set(before.filter(({ status }) => status === "ok").map(({ id, line }) => id ?? line));
      if (answers.size > this.done.size) {
        copyFileSync(path, `${path}.old`);
      }
      this.#write();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  take(result: BatchResult): void {
    this.#results.set(result.line, result);
    appendFileSync(this.#path, `${lineOf(result)}\n`);
  }

  close(): void {
    try {
      this.#write();
    } finally {
      this.#lock.release();
    }
  }

  #locked(): OutputLock {
    try {
      return new OutputLock(this.#path);
    } catch (error) {
      throw new BatchOutputError(`${this.#path} cannot be written: ${(error as Error).message}`);
    }
  }

  #write(): void {
    const ordered = [...this.#results.values()].sort((a, b) => a.line - b.line);
    const beside = `${this.#path}.new`;
    try {
      writeFileSync(beside, ordered.map((result) => `${lineOf(result)}\n`).join(""));
      renameSync(beside, this.#path);
    } catch (error) {
      throw new BatchOutputError(`${this.#path} cannot be written: ${(error as Error).message}`);
    }
  }
}

function resultsOf(path: string): BatchResult[] {
  try {
    return resultsIn(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BatchOutputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Results of an earlier run, where the file still has their prompts: by their ids, else by their lines. */
function keptOf(results: readonly BatchResult[], prompts: readonly BatchPrompt[]): Map<number, BatchResult> {
  const byId = new Map(prompts.flatMap((prompt) => (prompt.id === null ? [] : [[prompt.id, prompt] as const])));
  const byLine = new Map(prompts.map((prompt) => [prompt.line, prompt]));
  const kept = new Map<number, BatchResult>();
  for (const result of results) {
    const prompt = result.id === null ? byLine.get(result.line) : byId.get(result.id);
    if (prompt !== undefined && prompt.hash === result.prompt) {
      kept.set(prompt.line, { ...result, line: prompt.line });
    }
  }
  return kept;
}
