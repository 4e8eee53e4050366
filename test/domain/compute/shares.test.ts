import assert from "node:assert/strict";
import { breakEven } from "../../../src/domain/compute/breakEven.ts";
import { shareInterval } from "../../../src/domain/compute/shares.ts";
import { FREE_RATES } from "../../../src/domain/rates.ts";
import { NO_USAGE } from "../../../src/domain/usage.ts";

const interval = { provider: "vllm", from: 0, to: 60_000, costNanoUsd: 6_000_000, decodeWeight: 3_000 };
const call = (id: string, startedAt: number, endedAt: number, prefillTokens: number, decodeTokens: number) => ({
  id,
  startedAt,
  firstTokenAt: startedAt,
  endedAt,
  prefillTokens,
  decodeTokens,
});

describe("calls of one interval", () => {
  it("have what it costs while they are under way, by their tokens, written ones weighted; the rest is idle", () => {
    const calls = [call("a", 0, 20_000, 300, 0), call("b", 10_000, 30_000, 0, 100), call("none", 40_000, 50_000, 0, 0)];
    const { busyMs, shares } = shareInterval(interval, calls);
    assert.equal(busyMs, 30_000, "from 0 to 30 s; a call without tokens keeps nothing busy");
    assert.deepEqual(
      shares.map(({ callId, costNanoUsd }) => [callId, costNanoUsd]),
      [
        ["a", 1_500_000],
        ["b", 1_500_000],
      ],
    );
  });

  it("have of a long call's tokens what falls into it, and all intervals together have all of them", () => {
    const long = call("long", 30_000, 150_000, 0, 120);
    const short = call("short", 100_000, 110_000, 0, 60);
    const intervals = [0, 60_000, 120_000].map((from) => ({ ...interval, from, to: from + 60_000 }));
    const [first, second, third] = intervals.map((one) => shareInterval(one, [long, short]).shares);
    assert.deepEqual(first, [{ callId: "long", startedAt: 30_000, costNanoUsd: 3_000_000 }]);
    assert.deepEqual(
      second?.map(({ costNanoUsd }) => costNanoUsd),
      [3_000_000, 3_000_000],
      "60 tokens of each",
    );
    assert.deepEqual(third, [{ callId: "long", startedAt: 30_000, costNanoUsd: 3_000_000 }]);
  });
});

describe("a break-even", () => {
  const rates = { ...FREE_RATES, input: 1_000_000, cachedInput: 100_000, output: 4_000_000 };

  it("is the tokens a day, in the mix that was used, that an API would have sold for the same", () => {
    const usage = { ...NO_USAGE, inputTokens: 3_000_000, cachedInputTokens: 1_000_000, outputTokens: 1_000_000 };
    // $2 + $0.10 + $4 for 4M tokens; $10 a day.
    const found = breakEven({ costNanoUsd: 20_000_000_000, days: 2, usage, rates });
    assert.equal(found.apiCostNanoUsd, 6_100_000_000);
    assert.equal(found.tokensPerDay, Math.ceil((10 / 6.1) * 4_000_000));
    assert.equal(found.actualTokensPerDay, 2_000_000);
    assert.equal(found.beats, false);
    assert.equal(breakEven({ costNanoUsd: 6_000_000_000, days: 2, usage, rates }).beats, true);
  });

  it("is told for a usual mix where nothing was used, and not at all against what is free", () => {
    const none = breakEven({ costNanoUsd: 3_500_000_000, days: 1, usage: NO_USAGE, rates });
    assert.deepEqual([none.tokensPerDay, none.beats, none.mix], [2_000_000, null, "usual"]);
    assert.equal(breakEven({ costNanoUsd: 1, days: 1, usage: NO_USAGE, rates: FREE_RATES }).tokensPerDay, null);
  });
});
