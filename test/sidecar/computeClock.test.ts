import assert from "node:assert/strict";
import fc from "fast-check";
import { ComputeWorld, charged, DAY, HOUR, MINUTE, START } from "./computeWorld.ts";

const PER_NANO = 3_600_000n;

describe("a clock that is set", () => {
  const sets = fc.array(
    fc.record({
      ms: fc.integer({ min: 1, max: 3 * HOUR }),
      setBy: fc.oneof(fc.integer({ min: 6_000, max: 40 * DAY }), fc.integer({ min: -40 * DAY, max: -6_000 })),
      sleeps: fc.boolean(),
    }),
    { maxLength: 8 },
  );
  const servers = fc.record({ hasMetrics: fc.boolean(), startMovesWithClock: fc.boolean() });

  it("neither costs an hour nor saves one: the time that passed is charged, the first look to the last", async () => {
    await fc.assert(
      fc.asyncProperty(sets, servers, async (given, { hasMetrics, startMovesWithClock }) => {
        const world = new ComputeWorld({ hourlyRateUsd: 1.234_567_891 });
        Object.assign(world, { hasMetrics, startMovesWithClock });
        try {
          world.serverStarts();
          await world.start();
          await world.watch(1);
          const first = world.now;
          for (const { ms, setBy, sleeps } of given) {
            // Only what tells its own start is known to have been up through a sleep.
            await world.watch(sleeps && hasMetrics ? 1 : ms);
            world.now += sleeps && hasMetrics ? ms : 0;
            world.clockSetBy += setBy;
            await world.watch(ms);
          }
          await world.stop();
          const passed = world.now - (hasMetrics ? START : first);
          assert.equal(charged(world), passed);
          const cost = world.accruals.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
          assert.equal(BigInt(cost), (BigInt(passed) * 1_234_567_891n + PER_NANO - 1n) / PER_NANO);
          assert.deepEqual(world.unknown, []);
        } finally {
          await world.end();
        }
      }),
      { seed: 20_261_130, numRuns: 60 },
    );
  });

  it("does not use up the grace time of a server that is out of reach", async () => {
    for (const setBy of [10 * DAY, -10 * DAY]) {
      const world = new ComputeWorld();
      world.hasMetrics = false;
      try {
        world.serverStarts();
        await world.start();
        await world.watch(HOUR);
        world.reachable = false;
        await world.watch(MINUTE / 2);
        world.clockSetBy = setBy;
        await world.watch(MINUTE / 4);
        world.reachable = true;
        await world.watch(HOUR);
        await world.stop();
        assert.equal(charged(world), 2 * HOUR + (MINUTE * 3) / 4 - world.intervalMs);
        assert.deepEqual(world.unknown, []);
        // The other way round it would be waited for for ten days.
        await world.start();
        world.reachable = false;
        await world.watch(3 * MINUTE);
        assert.equal(world.sidecar.meter.stateOf("vllm").up, false);
      } finally {
        await world.end();
      }
    }
  });

  it("is told from a server's restart, which begins a time up of its own", async () => {
    const world = new ComputeWorld();
    try {
      world.serverStarts();
      await world.start();
      await world.watch(HOUR + MINUTE / 2);
      world.clockSetBy = 30 * DAY;
      world.serverStops();
      world.serverStarts();
      world.runsSince = (world.runsSince ?? 0) + world.clockSetBy;
      await world.watch(HOUR);
      await world.stop();
      assert.equal(charged(world), 2 * HOUR + MINUTE / 2);
      const before = world.accruals.filter(({ to }) => to < START + DAY);
      assert.equal(before.at(-1)?.to, START + HOUR + MINUTE / 2, "what was before keeps its time");
      assert.equal(new Set(world.accruals.map(({ run }) => run?.startedAt)).size, 2);
    } finally {
      await world.end();
    }
  });
});
