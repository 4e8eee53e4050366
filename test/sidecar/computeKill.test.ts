import assert from "node:assert/strict";
import { computeKills } from "../prove/computeKills.ts";

/** `npm run prove` does more. */
const ROUNDS = Number(process.env.TOLLGATE_KILL_ROUNDS ?? 4);
const SEED = Number(process.env.TOLLGATE_KILL_SEED ?? 20261121);

describe(`kill -9 of the sidecar in the midst of accruals, ${ROUNDS} times`, function () {
  this.timeout(60_000 + ROUNDS * 20_000);

  it("loses no interval that was told of, and leaves shares and idle cost that are time up × rate", async () => {
    const report = await computeKills(ROUNDS, SEED);
    assert.ok(report.acknowledged >= ROUNDS, JSON.stringify(report));
    assert.ok(report.sharingCalls > 0, "no call had a share");
    assert.ok(report.upMs > 2 * 86_400_000, "the time before the first start does not count");
  });
});
