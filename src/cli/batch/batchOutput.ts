import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";
import { type BatchResult, lineOf, resultsIn } from "../../prompts/batch/batchResult.ts";
import { CliError, UsageError } from "../exitCode.ts";

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

/** To a file: each result is there as soon as it is known, however the batch ends; at the end they are put in order. */
export class FileOutput implements BatchOutput {
  readonly done: ReadonlyMap<number, BatchResult>;
  readonly #path: string;
  readonly #results: Map<number, BatchResult>;

  /** @throws UsageError where the file holds something and is not to be gone on with, or holds anything but results */
  constructor(path: string, prompts: readonly BatchPrompt[], resume: boolean) {
    this.#path = path;
    const before = existsSync(path) ? resultsOf(path) : [];
    if (before.length > 0 && !resume) {
      throw new UsageError(`--output: ${path} holds results already; --resume goes on with them`);
    }
    this.#results = keptOf(before, prompts);
    this.done = new Map([...this.#results].filter(([, { status }]) => status === "ok"));
    this.#write();
  }

  take(result: BatchResult): void {
    this.#results.set(result.line, result);
    appendFileSync(this.#path, `${lineOf(result)}\n`);
  }

  close(): void {
    this.#write();
  }

  #write(): void {
    const ordered = [...this.#results.values()].sort((a, b) => a.line - b.line);
    const beside = `${this.#path}.new`;
    try {
      writeFileSync(beside, ordered.map((result) => `${lineOf(result)}\n`).join(""));
      renameSync(beside, this.#path);
    } catch (error) {
      throw new CliError(`--output: ${this.#path} cannot be written: ${(error as Error).message}`);
    }
  }
}

function resultsOf(path: string): BatchResult[] {
  try {
    return resultsIn(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`--output: ${path}: ${error instanceof Error ? error.message : String(error)}`);
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
