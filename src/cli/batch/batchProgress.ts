import { formatCount, formatDuration } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import type { BatchResult } from "../../prompts/batch/batchResult.ts";
import { note } from "../output.ts";

const CLEAR_LINE = "\r\x1b[K";

/** How a batch goes, in one line of the terminal; elsewhere nothing but remarks. */
export class BatchProgress {
  readonly #total: number;
  readonly #startedAt: number;
  readonly #isShown = process.stderr.isTTY === true;
  readonly #noted = new Set<string>();
  #done = 0;
  #failed = 0;
  #costNanoUsd = 0;

  constructor(total: number, startedAt: number) {
    this.#total = total;
    this.#startedAt = startedAt;
  }

  take({ status, costNanoUsd }: BatchResult, now: number): void {
    this.#done += 1;
    this.#failed += status === "error" ? 1 : 0;
    this.#costNanoUsd += costNanoUsd ?? 0;
    this.#show(now);
  }

  /** Writes a remark above the line. */
  note(line: string): void {
    if (this.#isShown) {
      process.stderr.write(CLEAR_LINE);
    }
    note(`tollgate: ${line}`);
  }

  /** The same, once in all. */
  noteOnce(line: string): void {
    if (!this.#noted.has(line)) {
      this.#noted.add(line);
      this.note(line);
    }
  }

  end(): void {
    if (this.#isShown) {
      process.stderr.write(CLEAR_LINE);
    }
  }

  #show(now: number): void {
    if (!this.#isShown) {
      return;
    }
    const left = ((now - this.#startedAt) / this.#done) * (this.#total - this.#done);
    const parts = [
      `${formatCount(this.#done)} of ${formatCount(this.#total)}`,
      ...(this.#failed === 0 ? [] : [`${formatCount(this.#failed)} failed`]),
      formatUsd(this.#costNanoUsd),
      ...(left < 1_000 ? [] : [`about ${formatDuration(left)} left`]),
    ];
    process.stderr.write(`${CLEAR_LINE}${parts.join(" · ").slice(0, (process.stderr.columns || 80) - 1)}`);
  }
}
