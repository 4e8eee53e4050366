import assert from "node:assert/strict";
import { budgetSchema } from "../../src/domain/budget.ts";
import { gateSettingsSchema } from "../../src/domain/config.ts";
import { Gate, type HoldRequest } from "../../src/domain/gate.ts";

const NOON = Date.parse("2026-11-21T12:00:00Z");
const HOUR_MS = 3_600_000;
const USD = 1_000_000_000;
const call = { provider: "openai", model: "gpt-5", tags: [] };

/** A call whose worst case is 0.40 USD, all of it input. */
const request = (id: string): HoldRequest => ({
  id,
  attribution: call,
  bound: {
    fixedNanoUsd: 0.4 * USD,
    outputRate: 0,
    choices: 1,
    outputLimitTokens: 100,
    usualOutputTokens: 100,
    clampable: true,
  },
  usualNanoUsd: 0.4 * USD,
});

/** A gate with one hard budget of a day, whose books remember when what was spent. */
function dayGate(limitUsd: number) {
  const booked: Array<{ at: number; nano: number }> = [];
  const gate = new Gate({
    calendar: { timeZone: "UTC", weekStartsOn: 1 },
    settings: () => gateSettingsSchema.parse({}),
    spentOf: (_, { start, end }) =>
      booked.filter(({ at }) => at >= start && (end === null || at < end)).reduce((sum, { nano }) => sum + nano, 0),
  });
  const limit = (usd: number, now: number) =>
    gate.setBudgets([budgetSchema.parse({ name: "day", window: "day", limitUsd: usd })], now);
  limit(limitUsd, NOON);
  /** A call from its hold to its end, booked in the time it started. */
  const spend = (id: string, nano: number, at: number) => {
    const answer = gate.hold(request(id), at);
    if (answer.kind === "held") {
      gate.settle(id, nano, at);
      booked.push({ at, nano });
    }
    return answer.kind;
  };
  const figures = (now: number) => {
    const account = gate.account("day", now);
    return [account?.spentNanoUsd, account?.heldNanoUsd];
  };
  return { gate, limit, spend, figures };
}

describe("the gate, when limits and clocks change under it", () => {
  it("keeps holds of a limit that is lowered below them, and lets nobody in until there is room again", () => {
    const { gate, limit, figures } = dayGate(1);
    gate.hold(request("a"), NOON);
    gate.hold(request("b"), NOON);
    limit(0.5, NOON);
    assert.deepEqual(figures(NOON), [0, 0.8 * USD]);
    assert.equal(gate.account("day", NOON)?.roomNanoUsd, -0.3 * USD);
    assert.equal(gate.hold(request("c"), NOON).kind, "wait");
    gate.settle("a", 0.02 * USD, NOON);
    assert.equal(gate.hold(request("c"), NOON).kind, "wait");
    gate.settle("b", 0.02 * USD, NOON);
    assert.equal(gate.hold(request("c"), NOON).kind, "held");
    limit(0.03, NOON);
    assert.equal(gate.hold(request("d"), NOON).kind, "refused");
  });

  it("opens the window of whatever day the clock shows, with what the books know of it", () => {
    const { spend, figures } = dayGate(1);
    assert.equal(spend("a", 0.35 * USD, NOON), "held");
    assert.equal(spend("b", 0.35 * USD, NOON), "held");
    assert.equal(spend("c", 0.1 * USD, NOON), "refused");
    const ahead = NOON + 24 * HOUR_MS;
    assert.equal(spend("d", 0.2 * USD, ahead), "held");
    assert.deepEqual(figures(ahead), [0.2 * USD, 0]);
    assert.deepEqual(figures(NOON), [0.7 * USD, 0], "set back, the day is as full as it was");
    assert.equal(spend("e", 0.1 * USD, NOON), "refused");
    assert.deepEqual(figures(ahead), [0.2 * USD, 0]);
  });

  it("tells of no threshold twice in a window, though the clock goes back and forth and the limit with it", () => {
    const { gate, limit, spend } = dayGate(1);
    const told = (now: number) => gate.takeAlerts(now).map(({ threshold }) => threshold);
    spend("a", 0.4 * USD, NOON);
    spend("b", 0.4 * USD, NOON);
    assert.deepEqual(told(NOON), [0.5, 0.75]);
    const yesterday = NOON - 24 * HOUR_MS;
    assert.deepEqual(told(yesterday), []);
    assert.deepEqual(told(NOON), []);
    limit(2, NOON);
    assert.deepEqual(told(NOON), []);
    limit(1, NOON);
    assert.deepEqual(told(NOON), []);
  });

  it("charges a call that slept through midnight to the day it started in, and the new day nothing", () => {
    const { gate, spend, figures } = dayGate(1);
    const evening = NOON + 11 * HOUR_MS;
    const morning = NOON + 20 * HOUR_MS;
    gate.hold(request("a"), evening);
    assert.deepEqual(figures(morning), [0, 0]);
    assert.equal(spend("b", 0.3 * USD, morning), "held");
    gate.settle("a", 0.4 * USD, morning);
    assert.deepEqual(figures(morning), [0.3 * USD, 0]);
  });
});
