import assert from "node:assert/strict";
import { HOUR_MS, HourlyRate } from "../../../src/domain/compute/hourlyRate.ts";

/** 2026-11-01T00:00:00Z. */
const START = Date.UTC(2026, 10, 1);
const at = (hours: number) => START + hours * HOUR_MS;
const iso = (hours: number) => new Date(at(hours)).toISOString();

describe("what an hour of a server costs", () => {
  const rate = new HourlyRate(
    {
      kind: "compute-hour",
      hourlyRateUsd: 0.16,
      extraHourlyUsd: 0.01,
      rates: [
        { from: iso(20), hourlyRateUsd: 0.2 },
        { from: iso(10), gpus: 2 },
        { from: iso(30), extraHourlyUsd: 0 },
      ],
    },
    "UTC",
  );

  it("is its rate for each GPU and what is fixed, each as it was set last, whatever their order", () => {
    assert.deepEqual(
      [0, 10, 20, 30].map((hour) => rate.at(at(hour))),
      [170_000_000, 330_000_000, 410_000_000, 400_000_000],
    );
    assert.equal(rate.at(at(10) - 1), 170_000_000);
    assert.equal(rate.usdAt(at(25)), 0.41);
    assert.deepEqual([rate.nextChange(at(10)), rate.nextChange(at(30))], [at(20), null]);
  });

  it("is charged by the part of an hour at each rate", () => {
    const nanoMs = (parts: ReadonlyArray<readonly [nano: number, hours: number]>) =>
      parts.reduce((sum, [nano, hours]) => sum + BigInt(nano) * BigInt(hours * HOUR_MS), 0n);
    assert.equal(
      rate.exactBetween(at(5), at(32)),
      nanoMs([
        [170_000_000, 5],
        [330_000_000, 10],
        [410_000_000, 10],
        [400_000_000, 2],
      ]),
    );
    assert.equal(rate.exactBetween(at(20), at(21)), nanoMs([[410_000_000, 1]]));
    assert.equal(rate.exactBetween(at(3), at(3)), 0n);
  });
});
