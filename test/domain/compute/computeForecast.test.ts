import assert from "node:assert/strict";
import { budgetSchema } from "../../../src/domain/budget.ts";
import { computeForecast } from "../../../src/domain/compute/computeForecast.ts";
import { computePricingSchema } from "../../../src/domain/compute/computePricing.ts";
import { HourlyRate } from "../../../src/domain/compute/hourlyRate.ts";

const HOUR = 3_600_000;
const FIRST = Date.UTC(2026, 10, 1);
const END = Date.UTC(2026, 11, 1);
const USD = 1_000_000_000;

const server = (provider: string, pricing: object = {}) => ({
  provider,
  rate: new HourlyRate(computePricingSchema.parse({ kind: "compute-hour", ...pricing }), "UTC"),
});
const account = (limitUsd: number, spentUsd: number, parts: object = {}) => ({
  budget: budgetSchema.parse({ name: "month", limitUsd, window: "month", ...parts }),
  window: { start: FIRST, end: END },
  spentNanoUsd: spentUsd * USD,
  limitNanoUsd: limitUsd * USD,
});

describe("a forecast of what hours alone will spend", () => {
  it("names the moment, before the window ends and not at its end", () => {
    const forecast = computeForecast(account(92, 0), [server("vllm")], FIRST);
    assert.deepEqual(forecast, { spentAt: FIRST + 575 * HOUR, nanoPerHour: 160_000_000, providers: ["vllm"] });
    assert.equal(new Date(forecast?.spentAt ?? 0).toISOString().slice(0, 10), "2026-11-24");
    assert.equal(computeForecast(account(720 * 0.16, 0), [server("vllm")], FIRST), null, "it lasts to the very end");
  });

  it("adds up servers that the budget covers, at the rates to come, with what is spent already", () => {
    const servers = [
      server("vllm"),
      server("big", { hourlyRateUsd: 1, gpus: 2 }),
      server("other", { hourlyRateUsd: 9 }),
    ];
    const covered = account(50, 10, { scope: { provider: "big" } });
    assert.equal(computeForecast(covered, servers, FIRST)?.spentAt, FIRST + 20 * HOUR);
    const cheaper = server("vllm", { hourlyRateUsd: 1, rates: [{ from: "2026-11-02", hourlyRateUsd: 0.25 }] });
    assert.equal(computeForecast(account(25, 0), [cheaper], FIRST)?.spentAt, FIRST + 28 * HOUR);
  });

  it("says nothing of a budget that is spent, of servers that cost nothing, and of scopes that hours do not fall under", () => {
    assert.equal(computeForecast(account(5, 5), [server("vllm")], FIRST), null);
    assert.equal(computeForecast(account(5, 0), [server("vllm", { hourlyRateUsd: 0 })], FIRST), null);
    assert.equal(computeForecast(account(5, 0, { scope: { project: "web" } }), [server("vllm")], FIRST), null);
  });
});
