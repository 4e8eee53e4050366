import { strict as assert } from "node:assert";
import {
  formatCount,
  formatDay,
  formatDuration,
  formatMoment,
  formatPercent,
  formatTime,
  formatTokens,
  scopeInWords,
} from "../../src/domain/formats.ts";

describe("formats", () => {
  it("tells tokens in short, never more than there are", () => {
    const told = [0, 999, 1_000, 1_299, 9_999, 12_345, 999_999, 1_000_000, 1_259_000, 25_900_000, 3_400_000_000];
    assert.deepEqual(told.map(formatTokens), [
      ...["0", "999", "1.0k", "1.2k", "9.9k", "12.3k", "999k"],
      ...["1.00M", "1.25M", "25.9M", "3.40B"],
    ]);
    assert.equal(formatCount(1_234_567), "1,234,567");
  });

  it("tells spans of time in the unit that fits, without a jump at the borders", () => {
    const spans = [0, 999.4, 999.6, 1_000, 9_949, 9_951, 59_499, 59_500, 3_599_000, 3_600_000, 86_399_000, 86_400_000];
    assert.deepEqual(spans.map(formatDuration), [
      ...["0 ms", "999 ms", "1.0 s", "1.0 s", "9.9 s", "10 s", "59 s", "1 m 0 s"],
      ...["59 m 59 s", "1 h 0 m", "23 h 59 m", "1 d 0 h"],
    ]);
  });

  it("says 100% only when all is reached", () => {
    assert.deepEqual([0, 0.29, 0.75, 0.9999, 1, 1.5].map(formatPercent), ["0%", "29%", "75%", "99%", "100%", "150%"]);
  });

  it("tells a moment as briefly as its distance allows, by the clock that is asked for", () => {
    const now = Date.parse("2026-11-21T23:30:00Z");
    const inBerlin = { timeZone: "Europe/Berlin" };
    assert.equal(plain(formatTime(now, inBerlin, true)), "12:30:00 AM");
    assert.equal(plain(formatMoment(now - 600_000, now, inBerlin)), "12:20 AM");
    assert.equal(plain(formatMoment(now - 3_600_000, now, inBerlin)), "Nov 21, 11:30 PM");
    assert.equal(plain(formatMoment(now - 3_600_000, now, { timeZone: "UTC" })), "10:30 PM");
    assert.equal(plain(formatMoment(now - 366 * 86_400_000, now, { timeZone: "UTC" })), "Nov 20, 2025, 11:30 PM");
  });

  it("tells a local day as that day, wherever it is read", () => {
    assert.equal(formatDay("2026-03-01"), "Mar 1");
    assert.equal(formatDay("2026-11-21", { weekday: true }), "Sat, Nov 21");
  });

  it("tells a scope in words", () => {
    assert.equal(scopeInWords({}), "everything");
    assert.equal(scopeInWords({ model: "gpt-*", project: "web" }), "project web, model gpt-*");
  });
});

/** Some versions of the language data put a narrow space before AM and PM. */
function plain(text: string): string {
  return text.replace(/[\u202f\u00a0]/g, " ");
}
