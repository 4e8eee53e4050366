import type { Overview } from "../../src/domain/api.ts";
import { nanoFromUsd } from "../../src/domain/money.ts";
import { alert, budget } from "./sampleBudgets.ts";
import { sampleCall } from "./sampleCalls.ts";
import { sampleServers } from "./sampleServers.ts";
import { sampleModels, sampleWhoSpent } from "./sampleSpend.ts";
import { DAY, iso, NOW, TIME_ZONE } from "./sampleTime.ts";
import { seeded } from "./seeded.ts";

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
