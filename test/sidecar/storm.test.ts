import assert from "node:assert/strict";
import { runStorm } from "../prove/storm.ts";

/** `npm run prove` runs the same with 1,000 calls. */
const CALLS = Number(process.env.TOLLGATE_STORM_CALLS ?? 250);
const SEED = Number(process.env.TOLLGATE_STORM_SEED ?? 20261121);

describe(`${CALLS} calls at once against hard budgets`, function () {
  this.timeout(120_000 + CALLS * 1_200);

  it("never spend more than any limit, refuse only what cannot fit, and leave nothing held", async () => {
    const { budgets, calls, refusals } = await runStorm({ seed: SEED, calls: CALLS, hard: true });
    for (const { name, spentNanoUsd, limitNanoUsd, heldNanoUsd } of budgets) {
      assert.ok(spentNanoUsd <= limitNanoUsd, `${name}: ${spentNanoUsd} of ${limitNanoUsd}`);
      assert.equal(heldNanoUsd, 0, name);
    }
    const booked = calls.reduce((sum, call) => sum + call.costNanoUsd, 0);
    assert.equal(budgets.find(({ name }) => name === "all")?.spentNanoUsd, booked);
    const kinds = new Set(calls.map(({ status }) => status));
    assert.deepEqual([...kinds].sort(), ["cancelled", "error", "ok", "refused"]);
    assert.ok(refusals.length > 0, "the budgets were large enough for all, so nothing was proven");
    for (const { reason, budget, limitNanoUsd, spentNanoUsd, heldNanoUsd, neededNanoUsd } of refusals) {
      assert.equal(reason, "budget");
      const room = limitNanoUsd - spentNanoUsd - heldNanoUsd;
      assert.ok(room < (neededNanoUsd ?? 0), `${budget} refused ${neededNanoUsd} with ${room} left`);
    }
  });

  it("overspend without holds, which shows that the above proves something", async () => {
    const { budgets } = await runStorm({ seed: SEED, calls: CALLS, hard: false });
    assert.ok(budgets.some(({ spentNanoUsd, limitNanoUsd }) => spentNanoUsd > limitNanoUsd));
  });
});
