import { z } from "zod";
import { backendSchema } from "../../domain/backends/backendSettings.ts";
import { standsInForSchema } from "../../domain/backends/standsInFor.ts";
import type { Call } from "../../domain/call.ts";
import { usdFromNano } from "../../domain/money.ts";
import { PromptError } from "../promptError.ts";
import type { FallbackResult } from "../runWithFallback.ts";
import type { BatchPrompt } from "./batchFile.ts";

const count = z.int().min(0);

/** One line of a batch's results. Amounts are those of the call that answered, or of the last that failed. */
export const batchResultSchema = z.object({
  line: z.int().min(1),
  id: z.string().nullable(),
  status: z.enum(["ok", "error"]),
  text: z.string().nullable(),
  /** Why there is no whole answer. */
  error: z.object({ kind: z.string(), message: z.string() }).nullable(),
  /** Who answered; null where nobody did. */
  backend: backendSchema.nullable(),
  /** As served; null where that is not known. */
  model: z.string().nullable(),
  standsInFor: standsInForSchema.nullable(),
  stopReason: z.string().nullable(),
  attempts: count.nullable(),
  inputTokens: count.nullable(),
  outputTokens: count.nullable(),
  costNanoUsd: count.nullable(),
  costUsd: z.number().nullable(),
  callId: z.string().nullable(),
  /** Of the prompt: an answer is taken for this one's alone. */
  prompt: z.string(),
});
export type BatchResult = z.infer<typeof batchResultSchema>;

export function answered(prompt: BatchPrompt, result: FallbackResult, call: Call | null): BatchResult {
  const { text, backend, standsInFor, stopReason, attempts, callId } = result;
  const how = { backend, standsInFor: call?.standsInFor ?? standsInFor, stopReason, attempts, callId };
  return resultOf(prompt, call, { status: "ok", text, error: null, ...how });
}

export function failed(prompt: BatchPrompt, error: unknown, call: Call | null): BatchResult {
  const known = error instanceof PromptError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  return resultOf(prompt, call, {
    status: "error",
    text: known === null || known.partialText === "" ? null : known.partialText,
    error: { kind: known?.kind ?? "failed", message },
    backend: null,
    standsInFor: call?.standsInFor ?? null,
    stopReason: null,
    attempts: null,
    callId: known?.callId ?? null,
  });
}

type Ending = Pick<
  BatchResult,
  "status" | "text" | "error" | "backend" | "standsInFor" | "stopReason" | "attempts" | "callId"
>;

/** In the order in which people read it. */
function resultOf({ line, id, hash }: BatchPrompt, call: Call | null, ending: Ending): BatchResult {
  const { status, text, error, backend, standsInFor, stopReason, attempts, callId } = ending;
  return {
    line,
    id,
    status,
    text,
    error,
    backend,
    model: call?.model ?? null,
    standsInFor,
    stopReason,
    attempts,
    inputTokens: call?.usage.inputTokens ?? null,
    outputTokens: call?.usage.outputTokens ?? null,
    costNanoUsd: call?.costNanoUsd ?? null,
    costUsd: call === null ? null : usdFromNano(call.costNanoUsd),
    callId,
    prompt: hash,
  };
}

/** A result as one line, without its end. */
export function lineOf(result: BatchResult): string {
  return JSON.stringify(result);
}

/**
 * Results as an earlier run left them, its last line torn where it was killed. Of one prompt the last counts.
 * @throws Error that names a line that is no result.
 */
export function resultsIn(content: string): BatchResult[] {
  const lines = content.split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") {
      return [];
    }
    try {
      return [batchResultSchema.parse(JSON.parse(line))];
    } catch {
      if (index === lines.length - 1) {
        return [];
      }
      throw new Error(`line ${index + 1} is no result of a batch`);
    }
  });
}
