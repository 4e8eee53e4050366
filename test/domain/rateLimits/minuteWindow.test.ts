import assert from "node:assert/strict";
import fc from "fast-check";
import { MinuteWindow } from "../../../src/domain/rateLimits/minuteWindow.ts";

const MINUTE = 60_000;
/** Pauses between calls, in ms: bursts, and gaps as long as a minute. */
const gap = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 70_000 }));

describe("a minute's window", () => {
  it("lets no more through in any minute than its limit, and waits no longer than it must by more than a second", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.array(fc.tuple(gap, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 80 }),
        (limit, start, calls) => {
          const window = new MinuteWindow(limit);
          const taken: Array<{ at: number; amount: number }> = [];
          let now = start;
          for (const [pause, wanted] of calls) {
            const amount = Math.min(wanted, limit);
            now += pause;
            const wait = window.waitFor(amount, now);
            const within = (at: number) =>
              taken.filter((one) => one.at > at - MINUTE).reduce((sum, one) => sum + one.amount, 0);
            if (wait > 0) {
              assert.ok(within(now - 1_000) + amount > limit || within(now) + amount > limit, "it waits for nothing");
              assert.ok(wait <= MINUTE + 1_000);
              now += wait;
            }
            assert.equal(window.waitFor(amount, now), 0, "there is room when it says so");
            window.take(amount, now);
            taken.push({ at: now, amount });
            assert.ok(within(now) <= limit, `${within(now)} of ${limit}`);
          }
        },
      ),
    );
  });

  it("has room again for what turns out to be less, and none for what turns out to be more", () => {
    const window = new MinuteWindow(100);
    const second = window.take(90, 0);
    assert.ok(window.waitFor(50, 0) > 0);
    window.correct(second, -80, 10);
    assert.equal(window.waitFor(50, 10), 0);
    window.correct(second, 90, 20);
    assert.ok(window.waitFor(1, 20) > 0);
    window.correct(second, 1_000, MINUTE + 2_000);
    assert.equal(window.waitFor(100, MINUTE + 2_000), 0, "what is past its minute changes nothing");
  });

  it("gives a call that is larger than the limit a minute of its own", () => {
    const window = new MinuteWindow(10);
    window.take(1, 0);
    const wait = window.waitFor(50, 0);
    assert.ok(wait > 0 && wait <= MINUTE + 1_000);
    assert.equal(window.waitFor(50, wait), 0);
  });

  it("does not give anything away when the clock is set back", () => {
    const window = new MinuteWindow(1);
    window.take(1, 1_000_000);
    assert.ok(window.waitFor(1, 0) > 0);
  });
});
