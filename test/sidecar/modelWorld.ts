import type { startUpstreams } from "../upstreams/startUpstreams.ts";

export type Upstreams = Awaited<ReturnType<typeof startUpstreams>>;

/** A house model at a USD and two for a million tokens: 1,000 nano-USD an input token, 2,000 an output token. */
export const HOUSE = { provider: "house", model: "acme-large-2", inputUsdPerMTok: 1, outputUsdPerMTok: 2 };

/** Providers of all kinds, one of them out of reach. */
export function configFor({ openai, anthropic, vllm }: Upstreams, budgets: unknown[] = []): unknown {
  return {
    providers: {
      openai: { protocol: "openai", baseUrl: openai.url },
      anthropic: { protocol: "anthropic", baseUrl: anthropic.url },
      house: { protocol: "openai", baseUrl: openai.url },
      vllm: { protocol: "openai", baseUrl: vllm.url, pricing: { kind: "compute-hour", hourlyRateUsd: 0.16 } },
      gone: { protocol: "openai", baseUrl: "http://127.0.0.1:9/v1", pricing: { kind: "free" } },
    },
    prices: [{ ...HOUSE, cachedInputUsdPerMTok: 0.5 }],
    budgets,
    gate: { waitMs: 0, tightShare: 1 },
    timeZone: "UTC",
  };
}
