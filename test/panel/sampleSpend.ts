import type { Spender, SummaryGroup, WhoSpent } from "../../src/domain/api.ts";
import { nanoFromUsd } from "../../src/domain/money.ts";

export const MODELS = [
  { provider: "anthropic", key: "claude-sonnet-5", calls: 412, usd: 24.183 },
  { provider: "openai", key: "gpt-5.6", calls: 287, usd: 13.92 },
  { provider: "openai", key: "gpt-5.6-mini", calls: 903, usd: 2.417 },
  { provider: "openai", key: "text-embedding-4-small", calls: 1204, usd: 0.0381 },
  { provider: "vllm", key: "Qwen/Qwen4-Coder-30B-A3B-Instruct-FP8", calls: 158, usd: 0.851 },
  { provider: "corporate", key: "acme-large-2", calls: 37, usd: 0 },
] as const;

export function sampleModels(random: () => number): SummaryGroup[] {
  return MODELS.map(({ provider, key, calls, usd }, index) => {
    const inputTokens = Math.floor(calls * (4_000 + random() * 9_000));
    const embeds = key.startsWith("text-embedding");
    const average = embeds ? 180 : 1_400 + random() * 5_000;
    return {
      key,
      provider,
      calls,
      errors: index % 3 === 1 ? Math.floor(random() * 20) : 0,
      refused: index === 0 ? 4 : 0,
      inputTokens,
      cachedInputTokens: embeds ? 0 : Math.floor(inputTokens * random() * 0.7),
      outputTokens: embeds ? 0 : Math.floor(calls * (200 + random() * 900)),
      costNanoUsd: nanoFromUsd(usd),
      computeShareNanoUsd: 0,
      unpricedCalls: usd === 0 ? calls : 0,
      estimatedCalls: index === 4 ? 3 : 0,
      averageLatencyMs: average,
      p95LatencyMs: average * 2.4,
      averageFirstTokenMs: embeds ? null : average / 5,
    };
  });
}

/** Who spent so many USD; names that a call does not have are empty. */
export function sampleWhoSpent(by: Spender, spent: ReadonlyArray<readonly [name: string, usd: number]>): WhoSpent {
  const [group] = sampleModels(() => 0.5);
  return {
    by,
    groups: spent.map(([key, usd], index) => ({
      ...(group as SummaryGroup),
      key,
      provider: null,
      calls: 400 - 90 * index,
      refused: index === 0 ? 4 : 0,
      costNanoUsd: nanoFromUsd(usd),
    })),
    rest: { groups: 0, calls: 0, costNanoUsd: 0 },
    totalNanoUsd: spent.reduce((sum, [, usd]) => sum + nanoFromUsd(usd), 0),
  };
}
