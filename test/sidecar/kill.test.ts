import assert from "node:assert/strict";
import { killRounds } from "../prove/killRounds.ts";

/** `npm run prove` does more. */
const ROUNDS = Number(process.env.TOLLGATE_KILL_ROUNDS ?? 20);
const SEED = Number(process.env.TOLLGATE_KILL_SEED ?? 20261121);

describe(`kill -9 of the sidecar under load, ${ROUNDS} times`, function () {
  this.timeout(120_000 + ROUNDS * 20_000);

  it("loses no settlement that was told of, counts none twice, and leaves totals that equal the calls", async () => {
    const report = await killRounds(ROUNDS, SEED);
    assert.ok(report.acknowledged > ROUNDS * 10, JSON.stringify(report));
    assert.ok(report.withOpenHolds > 0, "no kill met a call under way");
    // Each start makes one file.
    assert.ok(report.journalFiles > ROUNDS * 1.5, `segments were hardly rotated: ${report.journalFiles}`);
    assert.ok(report.archives > 0, "no month was archived");
  });
});
