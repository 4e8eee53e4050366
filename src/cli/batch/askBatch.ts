import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";
import { answered, type BatchResult, failed } from "../../prompts/batch/batchResult.ts";
import { type BatchEnd, runBatch } from "../../prompts/batch/runBatch.ts";
import { PromptError } from "../../prompts/promptError.ts";
import { runWithFallback } from "../../prompts/runWithFallback.ts";
import type { Asker, Target } from "../asker.ts";
import { takeOverInWords } from "../takeOverWords.ts";

/** A prompt with all that is decided of it. */
export interface WantedPrompt {
  readonly prompt: BatchPrompt;
  readonly target: Target;
  readonly system: string | null;
  readonly maxOutputTokens: number;
  /** All of its text, for a count of its tokens. */
  readonly text: string;
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
  /** To be told once of each way that backends take over. */
  readonly say: (words: string) => void;
}

/** Asks all prompts of a batch, each with retries and fallback of its own. */
export function askBatch(options: AskBatchOptions): Promise<BatchEnd> {
  const { asker, wanted, timeoutMs, cancel, say } = options;
  const byLine = new Map(wanted.map((one) => [one.prompt.line, one]));
  const said = new Set<string>();
  const sayOnce = (words: string) => {
    if (!said.has(words)) {
      said.add(words);
      say(words);
    }
  };
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
      const result = await runWithFallback(plan, {
        signal: cancel,
        onTakeOver: (takeOver) => sayOnce(takeOverInWords(takeOver)),
      });
      return answered(prompt, result, await asker.bookedCall(result.callId));
    },
    failed: async (prompt, error) => {
      const id = error instanceof PromptError ? error.callId : null;
      return failed(prompt, error, await asker.bookedCall(id).catch(() => null));
    },
  });
}
