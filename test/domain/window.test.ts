import assert from "node:assert/strict";
import fc from "fast-check";
import type { WindowKind } from "../../src/domain/budget.ts";
import { lastDays, localDayKey, windowAt } from "../../src/domain/window.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "America/Havana",
  "Africa/Cairo",
];
const KINDS: WindowKind[] = ["hour", "day", "week", "month"];

function isoWindow(kind: WindowKind, at: string, timeZone: string, weekStartsOn = 1): [string, string | null] {
  const { start, end } = windowAt(kind, Date.parse(at), { timeZone, weekStartsOn });
  return [new Date(start).toISOString(), end === null ? null : new Date(end).toISOString()];
}

describe("windows of time", () => {
  it("begin and end at local midnight, also on days of 23 and 25 hours", () => {
    assert.deepEqual(isoWindow("day", "2026-03-29T12:00:00Z", "Europe/Berlin"), [
      "2026-03-28T23:00:00.000Z",
      "2026-03-29T22:00:00.000Z",
    ]);
    assert.deepEqual(isoWindow("day", "2026-10-25T12:00:00Z", "Europe/Berlin"), [
      "2026-10-24T22:00:00.000Z",
      "2026-10-25T23:00:00.000Z",
    ]);
  });

  it("begin when the day does, where clocks leave midnight out", () => {
    assert.deepEqual(isoWindow("day", "2018-11-04T12:00:00Z", "America/Sao_Paulo"), [
      "2018-11-04T03:00:00.000Z",
      "2018-11-05T02:00:00.000Z",
    ]);
  });

  it("begin weeks on the configured day", () => {
    assert.equal(isoWindow("week", "2026-11-21T12:00:00Z", "UTC", 1)[0], "2026-11-16T00:00:00.000Z");
    assert.equal(isoWindow("week", "2026-11-21T12:00:00Z", "UTC", 0)[0], "2026-11-15T00:00:00.000Z");
  });

  it("never end for totals and runs", () => {
    assert.deepEqual(windowAt("total", 5, { timeZone: "UTC", weekStartsOn: 1 }), { start: 0, end: null });
  });

  it("hold their instant and join without gap or overlap, in every zone and year", () => {
    const instant = fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(
        instant,
        fc.constantFrom(...ZONES),
        fc.constantFrom(...KINDS),
        fc.integer({ min: 0, max: 6 }),
        (at, timeZone, kind, weekStartsOn) => {
          const calendar = { timeZone, weekStartsOn };
          const { start, end } = windowAt(kind, at, calendar);
          assert.ok(end !== null && start <= at && at < end);
          assert.deepEqual(windowAt(kind, start, calendar), { start, end });
          assert.deepEqual(windowAt(kind, end - 1, calendar), { start, end });
          assert.equal(windowAt(kind, end, calendar).start, end);
          assert.equal(windowAt(kind, start - 1, calendar).end, start);
        },
      ),
      { numRuns: 1_500, seed: 20261121 },
    );
  });

  it("give the last local days, each named once", () => {
    const starts = lastDays(400, Date.parse("2026-11-21T03:00:00Z"), "America/New_York");
    const names = starts.map((start) => localDayKey(start, "America/New_York"));
    assert.equal(new Set(names).size, 400);
    assert.equal(names.at(-1), "2026-11-20");
  });
});
