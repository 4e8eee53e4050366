import assert from "node:assert/strict";
import { look, NEVER_SEEN, type Seen, type ServerState, type UptimeRules } from "../../../src/domain/compute/uptime.ts";

const MINUTE = 60_000;
const RULES: UptimeRules = { graceMs: MINUTE, blindMs: MINUTE, gapMs: 25_000, countFrom: null, unit: null };

/** What looks tell one after the other, each at its time with what the server says of its start; down where that is `false`. */
function seenBy(looks: ReadonlyArray<readonly [at: number, ownStart: number | null | false]>): Seen {
  let seen: Seen = { state: NEVER_SEEN, charges: [], unknown: [] };
  for (const [at, ownStart] of looks) {
    seen = look(seen.state, { at, up: ownStart !== false, ownStart: ownStart === false ? null : ownStart }, RULES);
  }
  return seen;
}

const isUp = ({ run }: ServerState): boolean => run !== null;

describe("what looks tell of a server", () => {
  it("is up until it has been out of reach for the grace time, and unknown from when it was seen last", () => {
    const seconds = (count: number) => count * 1_000;
    const looks = [[0, 0] as const, [seconds(15), 0] as const, [seconds(30), false] as const];
    assert.ok(isUp(seenBy([...looks, [seconds(89), false]]).state));
    const down = seenBy([...looks, [seconds(60), false], [seconds(90), false]]);
    assert.ok(!isUp(down.state));
    assert.deepEqual(
      down.charges.map(({ from, to }) => [from, to]),
      [[0, seconds(15)]],
    );
    assert.deepEqual(down.unknown, [{ from: seconds(15), to: seconds(30) }]);
  });

  it("may have gone down at any time before it started again", () => {
    const restarted = seenBy([
      [0, 0],
      [15_000, 0],
      [30_000, 20_000],
    ]);
    assert.deepEqual(restarted.state.run, { startedAt: 20_000, ownStart: 20_000 });
    assert.deepEqual(restarted.unknown, [{ from: 15_000, to: 20_000 }]);
  });

  it("does not count a sleep to the grace time: nobody was there to reach it", () => {
    const asleep = seenBy([
      [0, 0],
      [15_000, false],
      [8 * 60 * MINUTE, false],
    ]);
    assert.ok(isUp(asleep.state), "it has been out of reach for no more than one look since");
    assert.equal(asleep.state.unreachable?.since, 8 * 60 * MINUTE);
  });

  it("is up since it was found where it tells no start, through every further look", () => {
    const { state } = seenBy([
      [1_000, null],
      [16_000, null],
      [31_000, null],
    ]);
    assert.deepEqual(state.run, { startedAt: 1_000, ownStart: null });
    assert.equal(state.upUntil, 31_000);
  });
});
