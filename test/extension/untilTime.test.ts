import assert from "node:assert/strict";
import { parseUntil } from "../../src/extension/budgets/untilTime.ts";

/** A quarter past two in the afternoon, by this machine's clock. */
const NOW = new Date(2026, 10, 21, 14, 15, 30).getTime();
const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
const until = (text: string) => parseUntil(text, NOW);

describe("until when", () => {
  it("is a span from now, or the next time that the clock reads so", () => {
    assert.deepEqual(
      ["45m", "2h", "1.5 H", "3d"].map(until),
      [45, 120, 90, 4_320].map((n) => NOW + n * 60_000),
    );
    assert.deepEqual(["18:30", "6 pm", "6:30PM", "14:17"].map(until), [
      at(21, 18, 30),
      at(21, 18),
      at(21, 18, 30),
      at(21, 14, 17),
    ]);
    assert.deepEqual(["14:15", "2:15pm", "0:00", "12 am", "9:05"].map(until), [
      at(22, 14, 15),
      at(22, 14, 15),
      at(22, 0),
      at(22, 0),
      at(22, 9, 5),
    ]);
  });

  it("is nothing else", () => {
    for (const text of [
      "",
      "soon",
      "18",
      "24:00",
      "13 pm",
      "0 am",
      "12:60",
      "0m",
      "0.5m",
      "400d",
      "-2h",
      "2h30",
      "p",
    ]) {
      assert.equal(until(text), null, text);
    }
  });
});
