import assert from "node:assert/strict";
import fc from "fast-check";
import { nanoFromUsd } from "../../src/domain/money.ts";
import { parseUsd, suggestedLimit, typedUsd } from "../../src/extension/budgets/amount.ts";

describe("amounts that people type", () => {
  it("are read with or without a sign and grouping", () => {
    for (const [text, usd] of [
      ["20", 20],
      ["$2.50", 2.5],
      [" 1,250.5 ", 1250.5],
      ["0", 0],
      ["0.05 USD", 0.05],
      ["$ 7", 7],
    ] as const) {
      assert.equal(parseUsd(text), usd, text);
    }
  });

  it("are refused where they make no sense", () => {
    for (const text of ["", "-5", "five", "1,2", "1.2.3", "Infinity", "NaN", "1e3", "9000001", "0x10", "€5"]) {
      assert.equal(parseUsd(text), null, text);
    }
  });

  it("come back as the same amount when they are offered for editing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), (nano) => {
        assert.equal(nanoFromUsd(parseUsd(typedUsd(nano)) ?? -1), nano);
      }),
    );
  });

  it("of a suggested limit make room for the call and lie above the old limit", () => {
    const amount = fc.integer({ min: 0, max: 1_000_000_000_000 });
    fc.assert(
      fc.property(amount, amount, amount, (limit, spent, needed) => {
        const suggested = suggestedLimit(limit, spent, needed);
        assert.ok(suggested > limit && suggested >= spent + needed);
        assert.notEqual(parseUsd(typedUsd(suggested)), null);
      }),
    );
  });
});
