import type { BudgetStatus, Overview, Spender, SummaryGroup, WhoSpent } from "../../src/domain/api.ts";
import type { Call } from "../../src/domain/call.ts";
import { nanoFromUsd } from "../../src/domain/money.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";

/** Saturday afternoon in Berlin. */
export const NOW = Date.parse("2026-11-21T14:20:05.000Z");
const TIME_ZONE = "Europe/Berlin";
const DAY = 86_400_000;

export interface SampleOptions {
  readonly seed?: number;
  readonly days?: 7 | 30 | 90;
}

/** A month of a busy developer. The same seed gives the same month. */
export function sampleOverview({ seed = 1, days = 30 }: SampleOptions = {}): Overview {
  const random = seeded(seed);
  const spend = Array.from({ length: days }, (_, index) => {
    const day = new Date(NOW - (days - 1 - index) * DAY);
    const weekend = day.getUTCDay() % 6 === 0;
    const calls = Math.floor((weekend ? 12 : 60) * (0.4 + random()));
    return { day: day.toISOString().slice(0, 10), costNanoUsd: nanoFromUsd(calls * 0.021 * (0.5 + random())), calls };
  });
  const month = spend.slice(-21);
  const today = spend.at(-1) ?? { costNanoUsd: 0, calls: 0 };
  return {
    status: {
      version: "0.1.0",
      pid: 4711,
      url: "http://127.0.0.1:4180",
      dataDir: "/home/user/.local/share/tollgate",
      startedAt: iso(NOW - 3 * 3_600_000),
      now: iso(NOW),
      timeZone: TIME_ZONE,
      budgets: [
        budget("month", {
          limit: 50,
          spent: 41.37,
          held: 0.42,
          resetsAt: "2026-11-30T23:00:00.000Z",
          computeForecast: { spentAt: "2026-11-24T02:30:00.000Z", hourlyRateUsd: 0.16, providers: ["vllm"] },
        }),
        budget("day", { window: "day", limit: 4, spent: 3.71, resetsAt: "2026-11-21T23:00:00.000Z", hard: false }),
        budget("web shop", {
          limit: 12,
          configured: 10,
          spent: 12,
          scope: { project: "web-shop", model: "claude-*" },
          allowances: 1,
          resetsAt: "2026-11-30T23:00:00.000Z",
          raisedUntil: "2026-11-30T23:00:00.000Z",
        }),
        budget("codex", {
          window: "week",
          limit: 20,
          spent: 3.2,
          scope: { tool: "codex" },
          resetsAt: "2026-11-22T23:00:00.000Z",
          pausedUntil: "2026-11-21T15:20:00.000Z",
        }),
      ],
      heldNanoUsd: nanoFromUsd(0.42),
      callsInFlight: 2,
      today: { costNanoUsd: today.costNanoUsd, calls: today.calls },
      month: {
        costNanoUsd: month.reduce((sum, day) => sum + day.costNanoUsd, 0),
        calls: month.reduce((sum, day) => sum + day.calls, 0),
      },
      topModels: [],
      compute: [
        {
          provider: "vllm",
          up: true,
          upSince: iso(NOW - 5.4 * 3_600_000),
          hourlyRateUsd: 0.16,
          todayNanoUsd: nanoFromUsd(0.864),
          monthNanoUsd: nanoFromUsd(17.44),
          detail: "answers /health",
          stopCommand: null,
        },
        {
          provider: "gpu-box",
          up: false,
          upSince: null,
          hourlyRateUsd: 1.2,
          todayNanoUsd: 0,
          monthNanoUsd: nanoFromUsd(4.8),
          detail: "connection refused",
          stopCommand: null,
        },
      ],
      notices: ["The price of corporate/acme-large-2 is not known: 37 calls of this month are counted without a cost."],
    },
    days: spend,
    models: sampleModels(random),
    whoSpent: sampleWhoSpent("tool", [
      ["claude", 24.183],
      ["codex", 13.92],
      ["vscode", 2.417],
      ["", 0.889],
    ]),
    compute: sampleServers(),
    estimateErrors: [
      { provider: "anthropic", model: "claude-sonnet-5", calls: 200, meanAbsoluteShare: 0.347, biasShare: 0.21 },
      { provider: "openai", model: "gpt-5.6-mini", calls: 1, meanAbsoluteShare: 0.08, biasShare: -0.08 },
      { provider: "openai", model: "gpt-5.6", calls: 84, meanAbsoluteShare: 12.5, biasShare: 12.5 },
    ],
    recentCalls: Array.from({ length: 24 }, (_, index) => sampleCall(index, random)),
    alerts: [
      alert("a1", "month", 0.5, 25.04, 50),
      alert("a2", "month", 0.75, 37.61, 50),
      alert("a3", "day", 0.9, 3.66, 4),
      alert("a4", "web shop", 1, 12, 12),
    ],
  };
}

/** Before the first call, without a budget. */
export function emptyOverview(): Overview {
  const sample = sampleOverview();
  return {
    status: {
      ...sample.status,
      budgets: [],
      heldNanoUsd: 0,
      callsInFlight: 0,
      today: { costNanoUsd: 0, calls: 0 },
      month: { costNanoUsd: 0, calls: 0 },
      compute: [],
      notices: [],
    },
    days: sample.days.map((day) => ({ ...day, costNanoUsd: 0, calls: 0 })),
    models: [],
    whoSpent: sampleWhoSpent("tool", []),
    compute: [],
    estimateErrors: [],
    recentCalls: [],
    alerts: [],
  };
}

/** One that is up and tells all, and one that is down and tells nothing. */
function sampleServers(): Overview["compute"] {
  return [
    {
      provider: "vllm",
      up: true,
      upSince: iso(NOW - 5.4 * 3_600_000),
      detail: "answers /health",
      basis: "metrics",
      hourlyRateUsd: 0.16,
      upMs: 109 * 3_600_000,
      billedMs: 109 * 3_600_000,
      busyMs: 31 * 3_600_000,
      unknownMs: 0,
      costNanoUsd: nanoFromUsd(17.44),
      idleNanoUsd: nanoFromUsd(12.48),
      idleShare: 12.48 / 17.44,
      calls: 158,
      inputTokens: 9_120_000,
      cachedInputTokens: 1_300_000,
      outputTokens: 1_204_000,
      servedTokens: 11_900_000,
      usdPerMTok: 1.689,
      usdPerMTokNow: 0.42,
      live: {
        at: iso(NOW),
        running: 3,
        waiting: 1,
        kvCacheUsage: 0.417,
        promptTokensPerSecond: 1_804.2,
        outputTokensPerSecond: 96.4,
      },
      comparison: {
        model: "openai/gpt-5.6-mini",
        priced: true,
        apiCostNanoUsd: nanoFromUsd(4.41),
        tokensPerDay: 1_360_000,
        actualTokensPerDay: 344_000,
        beats: false,
        mix: "used",
      },
      stopCommand: null,
    },
    {
      provider: "gpu-box",
      up: false,
      upSince: null,
      detail: "connection refused",
      basis: "health",
      hourlyRateUsd: 1.2,
      upMs: 4 * 3_600_000,
      billedMs: 4 * 3_600_000,
      busyMs: 0,
      unknownMs: 7.5 * 3_600_000,
      costNanoUsd: nanoFromUsd(4.8),
      idleNanoUsd: nanoFromUsd(4.8),
      idleShare: 1,
      calls: 0,
      inputTokens: 0,
      cachedInputTokens: 0,
      outputTokens: 0,
      servedTokens: null,
      usdPerMTok: null,
      usdPerMTokNow: null,
      live: null,
      comparison: null,
      stopCommand: null,
    },
  ];
}

interface SampleBudget {
  readonly window?: BudgetStatus["window"];
  readonly limit: number;
  readonly configured?: number;
  readonly spent: number;
  readonly held?: number;
  readonly hard?: boolean;
  readonly scope?: BudgetStatus["scope"];
  readonly allowances?: number;
  readonly resetsAt: string;
  readonly raisedUntil?: string;
  /** Null for a pause that does not end by itself. */
  readonly pausedUntil?: string | null;
  readonly computeForecast?: BudgetStatus["computeForecast"];
}

function budget(name: string, given: SampleBudget): BudgetStatus {
  const { window = "month", limit, configured = limit, spent, held = 0, hard = true, scope = {} } = given;
  return {
    name,
    window,
    hard,
    scope,
    warnAt: [0.5, 0.75, 0.9],
    spentNanoUsd: nanoFromUsd(spent),
    heldNanoUsd: nanoFromUsd(held),
    limitNanoUsd: nanoFromUsd(limit),
    configuredLimitNanoUsd: nanoFromUsd(configured),
    leftNanoUsd: Math.max(0, nanoFromUsd(limit) - nanoFromUsd(spent) - nanoFromUsd(held)),
    state: spent >= limit ? "spent" : spent / limit >= 0.5 ? "warning" : "ok",
    windowStart: "2026-10-31T23:00:00.000Z",
    resetsAt: given.resetsAt,
    raised: configured !== limit,
    raisedUntil: given.raisedUntil ?? null,
    allowances: given.allowances ?? 0,
    paused: given.pausedUntil !== undefined,
    pausedUntil: given.pausedUntil ?? null,
    computeForecast: given.computeForecast ?? null,
  };
}

function alert(id: string, name: string, threshold: number, spent: number, limit: number): Overview["alerts"][number] {
  return {
    id,
    at: NOW - Math.round((1 - threshold) * 7_200_000),
    budget: name,
    threshold,
    windowStart: Date.parse("2026-10-31T23:00:00.000Z"),
    spentNanoUsd: nanoFromUsd(spent),
    limitNanoUsd: nanoFromUsd(limit),
  };
}

const MODELS = [
  { provider: "anthropic", key: "claude-sonnet-5", calls: 412, usd: 24.183 },
  { provider: "openai", key: "gpt-5.6", calls: 287, usd: 13.92 },
  { provider: "openai", key: "gpt-5.6-mini", calls: 903, usd: 2.417 },
  { provider: "openai", key: "text-embedding-4-small", calls: 1204, usd: 0.0381 },
  { provider: "vllm", key: "Qwen/Qwen4-Coder-30B-A3B-Instruct-FP8", calls: 158, usd: 0.851 },
  { provider: "corporate", key: "acme-large-2", calls: 37, usd: 0 },
] as const;

function sampleModels(random: () => number): SummaryGroup[] {
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

function iso(at: number): string {
  return new Date(at).toISOString();
}

/** A small generator (mulberry32): numbers in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
