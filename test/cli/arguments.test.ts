import assert from "node:assert/strict";
import { amountOf, countOf, minutesOf, momentOf, portOf } from "../../src/cli/arguments.ts";

describe("arguments of the command", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");

  it("take amounts as people write them", () => {
    assert.equal(amountOf("$5.50", "usd"), 5.5);
    assert.equal(amountOf("0", "usd"), 0);
    for (const text of ["", "-1", "five", "1e400"]) {
      assert.throws(() => amountOf(text, "usd"), { name: "UsageError", message: /^usd: / }, text);
    }
  });

  it("take days of the local clock, times and spans", () => {
    assert.equal(momentOf("2026-11-20", "--since", now), new Date(2026, 10, 20).toISOString());
    assert.equal(momentOf("2026-11-20", "--until", now), new Date(2026, 10, 21).toISOString());
    assert.equal(momentOf("2026-11-20T08:00:00Z", "--since", now), "2026-11-20T08:00:00.000Z");
    assert.equal(momentOf("2026-11-20 08:00", "--since", now), new Date(2026, 10, 20, 8).toISOString());
    assert.equal(momentOf("36h", "--since", now), "2026-11-20T00:00:00.000Z");
    assert.equal(momentOf("2w", "--since", now), "2026-11-07T12:00:00.000Z");
    for (const text of ["yesterday", "2026-02-30", "7", "2026-13-01", ""]) {
      assert.throws(() => momentOf(text, "--since", now), { name: "UsageError", message: /^--since: / }, text);
    }
  });

  it("take spans from now on, in minutes, within bounds", () => {
    assert.deepEqual(
      ["90m", "2h", "1d"].map((text) => minutesOf(text, "--for", 1_440)),
      [90, 120, 1_440],
    );
    for (const text of ["", "90", "1.5h", "-1m", "1w", "0m", "1441m", "2d"]) {
      assert.throws(() => minutesOf(text, "--for", 1_440), { name: "UsageError", message: /^--for: / }, text);
    }
  });

  it("take counts and ports within their bounds", () => {
    assert.equal(countOf("7", "--max-tokens"), 7);
    assert.throws(() => countOf("0", "--max-tokens"), { name: "UsageError" });
    assert.equal(countOf("9", "--limit", 9), 9);
    assert.throws(() => countOf("10", "--limit", 9), { name: "UsageError", message: /from 1 to 9/ });
    assert.equal(portOf("0"), 0);
    assert.throws(() => portOf("65536"), { name: "UsageError" });
    assert.throws(() => portOf(""), { name: "UsageError" });
  });
});
