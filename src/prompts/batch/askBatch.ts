import type { Asker } from "../asker.ts";
import { PromptError } from "../promptError.ts";
import { runWithFallback, type TakeOver } from "../runWithFallback.ts";
import type { MeantPrompt } from "./batchEstimate.ts";
import type { BatchPrompt } from "./batchFile.ts";
import { answered, type BatchResult, failed } from "./batchResult.ts";
import { type BatchEnd, runBatch } from "./runBatch.ts";

/** A prompt with all that is decided of it. */
export interface WantedPrompt extends MeantPrompt {
  readonly prompt: BatchPrompt;
  readonly system: string | null;
}

export interface AskBatchOptions {
  readonly asker: Asker;
  readonly wanted: readonly WantedPrompt[];
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Once aborted, no other prompt is begun. */
  readonly stop: AbortSignal;
  /** Once aborted, those under way are given up. */
  readonly cancel: AbortSignal;
  readonly onResult: (result: BatchResult) => void;
  readonly onTakeOver: (takeOver: TakeOver) => void;
}

/** Asks all prompts of a batch, each with retries and fallback of its own. */
export function askBatch(options: AskBatchOptions): Promise<BatchEnd> {
  const { asker, wanted, timeoutMs, cancel, onTakeOver } = options;
  const byLine = new Map(wanted.map((one) => [one.prompt.line, one]));
  return runBatch({
    prompts: wanted.map(({ prompt }) => prompt),
    concurrency: options.concurrency,
    stop: options.stop,
    onResult: options.onResult,
    ask: async (prompt) => {
      const { target, system, maxOutputTokens } = byLine.get(prompt.line) as WantedPrompt;
      const plan = await asker.plan(target, {
        ...(system === null ? {} : { system }),
        messages: prompt.messages,
        maxOutputTokens,
        timeoutMs,
        requestType: "batch",
      });
      const result = await runWithFallback(plan, { signal: cancel, onTakeOver });
      return answered(prompt, result, await asker.bookedCall(result.callId));
    },
    failed: async (prompt, error) => {
      const id = error instanceof PromptError ? error.callId : null;
      return failed(prompt, error, await asker.bookedCall(id).catch(() => null));
    },
  });
}
