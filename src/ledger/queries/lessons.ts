import type { Call } from "../../domain/call.ts";
import type { Usage, UsageBasis } from "../../domain/usage.ts";
import type { Books } from "../books.ts";
import { wholeNumber } from "../database.ts";

/** What of a booked call teaches for calls to come. */
export type Lesson = Pick<
  Call,
  "provider" | "model" | "requestedModel" | "tool" | "usageBasis" | "costNanoUsd" | "expectedNanoUsd"
> & {
  readonly usage: Pick<
    Usage,
    "inputTokens" | "cachedInputTokens" | "cacheWrite5mTokens" | "cacheWrite1hTokens" | "outputTokens"
  >;
};

/**
 * Of the last `limit` calls that ended well and started at or after `since` (ms since the epoch), oldest first. Only what
 * teaches is read, and no archive: a start waits for it.
 */
export function lessons({ database, keys }: Books, since: number, limit: number): Lesson[] {
  const rows = database.all(
    `SELECT key_id, usage_basis, cost_nano_usd, expected_nano_usd,
        input_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens
      FROM call_rows WHERE status = 'ok' AND started_at >= ? ORDER BY started_at DESC, seq DESC LIMIT ?`,
    [since, limit],
  );
  return rows.reverse().map((row) => {
    const { provider, model, requestedModel, tool } = keys.key(Number(row.key_id));
    return {
      provider,
      model,
      requestedModel,
      tool,
      usageBasis: row.usage_basis as UsageBasis,
      costNanoUsd: wholeNumber(row.cost_nano_usd),
      ...(typeof row.expected_nano_usd === "number" ? { expectedNanoUsd: row.expected_nano_usd } : {}),
      usage: {
        inputTokens: Number(row.input_tokens),
        cachedInputTokens: Number(row.cached_input_tokens),
        cacheWrite5mTokens: Number(row.cache_write_5m_tokens),
        cacheWrite1hTokens: Number(row.cache_write_1h_tokens),
        outputTokens: Number(row.output_tokens),
      },
    };
  });
}
