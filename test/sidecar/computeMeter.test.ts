import assert from "node:assert/strict";
import fc from "fast-check";
import { accruedBetween } from "../../src/sidecar/computeMeter.ts";

describe("compute hours", () => {
  it("cost the hourly rate for an hour", () => {
    assert.equal(accruedBetween(0, 0, 3_600_000, 0.16), 160_000_000);
  });

  it("add up to exactly uptime × rate, however the time is cut into intervals", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 50 }),
        fc.integer({ min: 0, max: 100_000 }).map((milliCents) => milliCents / 100_000),
        fc.integer({ min: 0, max: 2_000_000_000_000 }),
        (lengths, rate, start) => {
          let at = start;
          let sum = 0;
          for (const length of lengths) {
            sum += accruedBetween(start, at, at + length, rate);
            at += length;
          }
          const exact = (BigInt(at - start) * BigInt(Math.round(rate * 1e9))) / 3_600_000n;
          assert.equal(BigInt(sum), exact);
        },
      ),
      { seed: 3 },
    );
  });
});
