import assert from "node:assert/strict";
import fc from "fast-check";
import type { Refusal } from "../../src/domain/events.ts";
import { refusalMessage, withoutRetryWords } from "../../src/domain/refusalMessage.ts";

/** What pi, opencode 1.18, Continue and others look for before they call again. */
const RETRIED =
  /429|500|502|503|504|524|529|rate limit|rate-limit|rate_limit|rate increased too quickly|too many requests|overloaded|timeout|timed out|server error|connection refused|connection error|connection lost|socket connection was closed|network error|resource exhausted|exhausted|unavailable|service unavailable|internal error|provider returned error|fetch failed|failed to fetch|terminated|try again|try your request again|retry your request|at capacity|enotfound|eai_again/i;

const refusal = (parts: Partial<Refusal> = {}): Omit<Refusal, "message"> => ({
  reason: "budget",
  budget: "month",
  window: "month",
  spentNanoUsd: 5_000_000_000,
  heldNanoUsd: 0,
  limitNanoUsd: 5_000_000_000,
  worstCaseNanoUsd: 120_000_000,
  neededNanoUsd: 120_000_000,
  resetsAt: "2026-11-30T23:00:00.000Z",
  ...parts,
});

describe("the message of a refusal", () => {
  it("says which budget, the amounts, the reset by the local clock, and what can be done", () => {
    const message = refusalMessage(refusal(), "Europe/Berlin").replaceAll("\u202f", " ");
    assert.equal(
      message,
      'The budget "month" is spent: 5.00 of 5.00 USD used this month. This call could cost up to 0.12 USD. ' +
        "It resets on Tue, Dec 1, 2026, 12:00 AM GMT+1. " +
        "Raise the budget, allow one call, or use a cheaper or local model or a lower output limit.",
    );
  });

  it("says what the call could cost, and what it would with the shortest answer of use", () => {
    const message = refusalMessage(refusal({ worstCaseNanoUsd: 3_200_000_000 }), "UTC");
    assert.match(message, /This call could cost up to 3\.20 USD, and 0\.12 USD even with a short answer\./);
  });

  it("says what calls under way hold", () => {
    const message = refusalMessage(refusal({ spentNanoUsd: 3_000_000_000, heldNanoUsd: 1_000_000_000 }), "UTC");
    assert.match(message, /too little left for this call: 3\.00 of 5\.00 USD/);
    assert.match(message, /Calls under way hold 1\.00 USD of it, which leaves 1\.00 USD\./);
  });

  it("holds nothing that makes a client call again, whatever the amounts and names", () => {
    const nano = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(500e9, 1_500e9, 5_029e7, 429e9, 50_429_529e9));
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "rate limit",
        "TIMEOUT 503",
        "team-500",
        "Overloaded",
        "50429",
        "server  error",
        "rate limit 1",
        "at capacity",
        "524",
      ),
    );
    const any = fc.record<Omit<Refusal, "message">>({
      reason: fc.constantFrom("budget", "unpriced", "boundless", "unmetered", "no-ledger"),
      budget: fc.option(name),
      window: fc.constantFrom("hour", "day", "week", "month", "total", "run", "odd", null),
      spentNanoUsd: nano,
      heldNanoUsd: nano,
      limitNanoUsd: nano,
      worstCaseNanoUsd: fc.option(nano),
      neededNanoUsd: fc.option(nano),
      resetsAt: fc.option(
        fc
          .date({ min: new Date(0), max: new Date("2600-01-01"), noInvalidDate: true })
          .map((date) => date.toISOString()),
      ),
    });
    const zone = fc.constantFrom("UTC", "Asia/Kolkata", "America/New_York");
    fc.assert(
      fc.property(any, zone, (parts, timeZone) => {
        const message = refusalMessage(parts, timeZone);
        assert.doesNotMatch(message, RETRIED);
        assert.ok(message.length > 40);
      }),
      { seed: 6, numRuns: 3_000 },
    );
  });

  it("reads the same with the word joiners taken out", () => {
    const text = "Budget 1,500.29 of team rate limit 5042 9";
    assert.doesNotMatch(withoutRetryWords(text), RETRIED);
    assert.equal(withoutRetryWords(text).replaceAll("\u2060", ""), text);
    assert.equal(withoutRetryWords("5.00 of 5.00 USD"), "5.00 of 5.00 USD");
  });
});
