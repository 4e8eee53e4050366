import assert from "node:assert/strict";
import fc from "fast-check";
import { RecentValues } from "../../src/domain/recentValues.ts";

const REMEMBERED = 200;
const LAG = 20;

describe("The last values of a row", () => {
  it("are the last 200, however many there were", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 500 }), (values) => {
        const recent = new RecentValues();
        for (const value of values) {
          recent.add(value);
        }
        const last = values.slice(-REMEMBERED);
        assert.equal(recent.count, last.length);
        assert.deepEqual([...recent.all].sort(), [...last].sort());
      }),
    );
  });

  it("give the share of as they stood no more than 20 values ago", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 100, maxLength: 500 }),
        fc.double({ min: 0, max: 1 }),
        (values, share) => {
          const recent = new RecentValues();
          for (const [index, value] of values.entries()) {
            recent.add(value);
            const seen = recent.at(share);
            const lags = Array.from({ length: Math.min(LAG, index + 1) }, (_, lag) => index + 1 - lag);
            assert.ok(
              lags.some((count) => seen === shareOf(values.slice(Math.max(0, count - REMEMBERED), count), share)),
            );
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("give nothing where there is none", () => {
    assert.equal(new RecentValues().at(0.5), undefined);
  });
});

function shareOf(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
