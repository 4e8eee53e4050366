import type { Call } from "../../src/domain/call.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";
import { MODELS } from "./sampleSpend.ts";
import { DAY, iso, NOW } from "./sampleTime.ts";
import { seeded } from "./seeded.ts";

const CALLERS = [
  { tool: "codex", project: "web-shop" },
  { tool: "vscode", project: "tollgate" },
  { tool: "aider", project: "web-shop" },
  { tool: null, project: null },
] as const;

/** How the first calls ended; those after them are all well. */
const ENDINGS: ReadonlyArray<Partial<Call>> = [
  {},
  { status: "refused", errorType: "budget", costNanoUsd: 0, usage: NO_USAGE, usageBasis: "none", httpStatus: 402 },
  {},
  {
    status: "error",
    httpStatus: 429,
    errorType: "rate_limit_error",
    costNanoUsd: 0,
    usage: NO_USAGE,
    usageBasis: "none",
  },
  { status: "cancelled", usageBasis: "estimated" },
  {
    costNanoUsd: 0,
    costBasis: "unpriced",
    model: "acme-large-2",
    requestedModel: "acme-large-2",
    provider: "corporate",
  },
  { status: "interrupted", usage: NO_USAGE, usageBasis: "none", httpStatus: null },
  {
    status: "error",
    httpStatus: 401,
    errorType: "authentication_error",
    costNanoUsd: 0,
    usage: NO_USAGE,
    usageBasis: "none",
  },
];

/** The `index`th call back from now. */
export function sampleCall(index: number, random: () => number = seeded(index)): Call {
  const { provider, key } = MODELS[Math.floor(random() * 4)] ?? MODELS[0];
  const startedAt = NOW - index * 7 * 60_000 - Math.floor(random() * 200_000) - (index > 14 ? DAY : 0);
  const latencyMs = 300 + Math.floor(random() ** 3 * 20_000);
  const inputTokens = 400 + Math.floor(random() ** 2 * 40_000);
  const embeds = key.startsWith("text-embedding");
  return {
    id: `call-${index}`,
    startedAt: iso(startedAt),
    endedAt: iso(startedAt + latencyMs),
    provider,
    protocol: provider === "anthropic" ? "anthropic-messages" : "openai-chat",
    model: key,
    requestedModel: key,
    ...(CALLERS[Math.floor(random() * CALLERS.length)] ?? CALLERS[0]),
    user: null,
    tags: [],
    requestType: null,
    traceId: null,
    sessionId: null,
    branch: null,
    status: "ok",
    httpStatus: 200,
    errorType: null,
    stream: !embeds,
    latencyMs,
    firstTokenMs: embeds ? null : Math.floor(latencyMs / 4),
    usage: {
      ...NO_USAGE,
      inputTokens,
      cachedInputTokens: embeds ? 0 : Math.floor(inputTokens * random() * 0.8),
      outputTokens: embeds ? 0 : 20 + Math.floor(random() * 1_500),
    },
    usageBasis: "reported",
    costNanoUsd: embeds ? inputTokens * 20 : inputTokens * 2_000 + 900_000,
    costBasis: "catalog",
    rates: null,
    priceVersion: null,
    holdNanoUsd: 0,
    attempt: 1,
    ...ENDINGS[index],
  };
}
