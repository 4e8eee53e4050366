import { PromptError } from "../promptError.ts";
import type { BatchPrompt } from "./batchFile.ts";
import type { BatchResult } from "./batchResult.ts";

/** Who fails so often in a row will go on to fail. */
export const MOST_FAILURES_IN_A_ROW = 20;

export interface BatchPlan {
  readonly prompts: readonly BatchPrompt[];
  /** Prompts that are under way at once, at least 1. */
  readonly concurrency: number;
  /** Asks one prompt. @throws PromptError */
  ask(prompt: BatchPrompt): Promise<BatchResult>;
  /** A failed prompt's result, for the ledger may tell what it cost. */
  failed(prompt: BatchPrompt, error: unknown): Promise<BatchResult>;
  /** To be told of each result as it comes, in no order. */
  onResult(result: BatchResult): void;
  /** Once aborted, no other prompt is begun; those under way go on. */
  readonly stop: AbortSignal;
}

export interface BatchEnd {
  readonly answered: number;
  readonly failed: number;
  /** Prompts without a result. */
  readonly remaining: number;
  /** Why there are any: a budget is spent, nothing further would pass, all fails, or it was stopped. Null where all have been asked. */
  readonly stoppedBy: PromptError | "failures" | "stop" | null;
}

/**
 * Asks the prompts of a batch, so many at once. One that fails does not stop the rest, unless what failed it will fail all: a
 * spent budget, a wrong or missing key, a sidecar that is gone, or one failure after another.
 */
export async function runBatch(plan: BatchPlan): Promise<BatchEnd> {
  const { prompts, stop } = plan;
  let next = 0;
  let answered = 0;
  let failed = 0;
  let inARow = 0;
  let stoppedBy: BatchEnd["stoppedBy"] = null;
  let broken: { readonly error: unknown } | null = null;

  async function askOne(prompt: BatchPrompt): Promise<void> {
    let result: BatchResult;
    try {
      result = await plan.ask(prompt);
      answered += 1;
      inARow = 0;
    } catch (error) {
      if (error instanceof PromptError && failsAll(error)) {
        stoppedBy ??= error.kind === "cancelled" ? "stop" : error;
        return;
      }
      result = await plan.failed(prompt, error);
      failed += 1;
      inARow += 1;
      if (inARow >= MOST_FAILURES_IN_A_ROW) {
        stoppedBy ??= "failures";
      }
    }
    try {
      plan.onResult(result);
    } catch (error) {
      // What cannot be kept is not to be paid for; those under way come to their end first.
      stoppedBy ??= "stop";
      broken ??= { error };
    }
  }

  async function work(): Promise<void> {
    for (let prompt = prompts[next]; prompt !== undefined && stoppedBy === null; prompt = prompts[next]) {
      if (stop.aborted) {
        stoppedBy = "stop";
        return;
      }
      next += 1;
      await askOne(prompt);
    }
  }

  const workers = Math.min(plan.concurrency, prompts.length);
  await Promise.all(Array.from({ length: workers }, work));
  if (broken !== null) {
    throw (broken as { readonly error: unknown }).error;
  }
  return { answered, failed, remaining: prompts.length - answered - failed, stoppedBy };
}

/** Whether the prompts after it would fail the same way; those that cost money would be no use either. */
function failsAll({ kind, refusal }: PromptError): boolean {
  switch (kind) {
    case "refused":
      return refusal?.reason === "budget";
    case "key-missing":
    case "key-wrong":
    case "sidecar":
    case "cancelled":
      return true;
    default:
      return false;
  }
}
