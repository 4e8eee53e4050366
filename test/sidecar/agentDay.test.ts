import assert from "node:assert/strict";
import { runAgentDay } from "../prove/agentDay.ts";

describe("an agent's day, 128,000 output tokens allowed, 300 used, up to eight calls at once", function () {
  this.timeout(300_000);

  for (const model of ["claude-sonnet-4-5", "claude-opus-4-5"]) {
    it(`runs to 97% of a hard $5 before ${model} is refused for the first time`, async () => {
      const { calls, atRefusal } = await runAgentDay(model, 5, 20261121);
      assert.ok(calls > 50, `${calls} calls`);
      assert.ok(atRefusal.spentNanoUsd <= atRefusal.limitNanoUsd);
      const share = atRefusal.spentNanoUsd / atRefusal.limitNanoUsd;
      assert.ok(share >= 0.97, `refused at ${(100 * share).toFixed(2)}% after ${calls} calls`);
    });
  }
});
