import assert from "node:assert/strict";
import type { ServerMetrics } from "../../src/domain/compute/serverMetrics.ts";
import { LiveServer } from "../../src/sidecar/compute/liveServer.ts";

const metrics = (promptTokens: number, outputTokens: number): ServerMetrics => ({
  startedAt: null,
  running: 1,
  waiting: 0,
  kvCacheUsage: 0.5,
  promptTokens,
  outputTokens,
  decodeWeight: 4_000,
});

describe("a server's counters, from look to look", () => {
  it("tell what it served and how fast, also where it has restarted and counts anew", () => {
    const live = new LiveServer();
    live.observe(0, metrics(1_000, 100));
    assert.equal(live.takeServed(), null, "what was before the first look, nobody charges for here");
    live.observe(10_000, metrics(1_600, 150));
    assert.deepEqual(live.takeServed(), { promptTokens: 600, outputTokens: 50 });
    assert.deepEqual([live.figures?.promptTokensPerSecond, live.figures?.outputTokensPerSecond], [60, 5]);
    live.observe(20_000, metrics(200, 20));
    assert.deepEqual(live.takeServed(), { promptTokens: 200, outputTokens: 20 });
    assert.equal(live.figures?.promptTokensPerSecond, 20);
    live.observe(30_000, null);
    assert.deepEqual([live.takeServed(), live.figures], [null, null]);
  });

  it("tell no speed where the clock was set back between two looks", () => {
    const live = new LiveServer();
    live.observe(10_000, metrics(1, 1));
    live.observe(5_000, metrics(9, 9));
    assert.equal(live.figures?.promptTokensPerSecond, null);
  });
});
