import assert from "node:assert/strict";
import { NO_USAGE } from "../../src/domain/usage.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { NOON, sampleCall } from "./samples.ts";

const DAY_MS = 86_400_000;

describe("a booked call that is known better later", () => {
  it("gets its new figures in every sum, keeps its place, and the old figure stays on record, over a restart too", async () => {
    const fs = new FakeFileSystem();
    const open = () => Ledger.open({ dir: "/data", fs, now: () => NOON });
    let ledger = await open();
    const dear = sampleCall({ id: "batch", model: "gpt-5", costNanoUsd: 900_000, usageBasis: "estimated" });
    await ledger.append({ type: "call.settled", call: dear });
    await ledger.append({ type: "call.deferred", callId: "batch", provider: "openai", deferredId: "resp_1" });
    await ledger.append({ type: "call.settled", call: sampleCall({ id: "next", at: NOON + 1 }) });
    assert.equal(ledger.deferredCall("openai", "resp_1"), "batch");
    assert.equal(ledger.deferredCall("groq", "resp_1"), null, "ids of another provider are others");
    const usage = { ...NO_USAGE, inputTokens: 7, outputTokens: 3 };
    const call = { ...dear, model: "gpt-5-2026", costNanoUsd: 40, usage, usageBasis: "reported" as const };
    await ledger.append({ type: "call.corrected", call, by: "gateway", why: "reported" });
    const check = () => {
      assert.deepEqual(ledger.callById("batch"), call);
      assert.equal(ledger.spentIn({}, null, null), 1_040);
      assert.equal(ledger.spentIn({ model: "gpt-5-2026" }, null, null), 40);
      assert.deepEqual(
        ledger.callsPage({}, null, 10).calls.map(({ id }) => id),
        ["next", "batch"],
      );
      const [correction, ...more] = ledger.correctionsOf("batch");
      assert.deepEqual(correction, {
        at: NOON,
        beforeNanoUsd: 900_000,
        afterNanoUsd: 40,
        by: "gateway",
        why: "reported",
      });
      assert.equal(more.length, 0);
      assert.equal(ledger.deferredCall("openai", "resp_1"), null, "what is known is not awaited any more");
    };
    check();
    await ledger.close();
    ledger = await open();
    check();
    await ledger.close();
  });

  it("is found in its archived month", async () => {
    const fs = new FakeFileSystem();
    const at = NOON - 90 * DAY_MS;
    let ledger = await Ledger.open({ dir: "/data", fs, now: () => NOON });
    const old = sampleCall({ id: "old", at });
    await ledger.append({ type: "call.settled", call: old });
    await ledger.snapshot();
    await ledger.append({ type: "call.corrected", call: { ...old, costNanoUsd: 1 }, by: "ana", why: "released" });
    assert.equal(ledger.spentIn({}, null, null), 1);
    await ledger.close();
    ledger = await Ledger.open({ dir: "/data", fs, now: () => NOON });
    assert.equal(ledger.callById("old")?.costNanoUsd, 1);
    await ledger.close();
  });
});
