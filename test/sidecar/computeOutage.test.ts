import assert from "node:assert/strict";
import { ComputeWorld, charged, HOUR, MINUTE, START } from "./computeWorld.ts";

describe("a server that tells its own start", () => {
  it("is charged through an outage and through a laptop's sleep; a restart that nobody saw leaves unknown time", async () => {
    const world = new ComputeWorld();
    try {
      world.serverStarts();
      await world.start();
      await world.watch(HOUR);
      world.reachable = false;
      await world.watch(10 * 60_000);
      world.reachable = true;
      world.now += 8 * HOUR;
      await world.watch(HOUR);
      await world.stop();
      assert.equal(charged(world), world.now - START);

      world.now += HOUR;
      world.serverStops();
      world.now += HOUR;
      world.serverStarts();
      world.now += HOUR;
      const before = charged(world);
      await world.start();
      await world.watch(60_000);
      const { unknownMs } = world.ledger.computeSums("vllm", null, null);
      assert.equal(unknownMs, 2 * HOUR, "up for an hour and down for another, who knows");
      await world.stop();
      assert.equal(charged(world) - before, HOUR + 60_000);
    } finally {
      await world.end();
    }
  });
});

describe("what nobody could tell", () => {
  const unknownMs = ({ ledger }: ComputeWorld) => ledger.computeSums("vllm", null, null).unknownMs;

  it("is charged, and unknown no more, once the server proves that it was up", async () => {
    const world = new ComputeWorld();
    try {
      world.serverStarts();
      await world.start();
      await world.watch(HOUR);
      await world.crash();
      world.now += HOUR;
      world.reachable = false;
      await world.start();
      await world.watch(5 * MINUTE);
      assert.ok(unknownMs(world) >= HOUR, "it may have gone down at any time");
      world.reachable = true;
      await world.watch(5 * MINUTE);
      assert.equal(unknownMs(world), 0);
      await world.stop();
      assert.equal(charged(world), world.now - START);
    } finally {
      await world.end();
    }
  });

  it("waits for a moment where a server that tells its start does not tell it at once", async () => {
    for (const isTold of [true, false]) {
      const world = new ComputeWorld();
      try {
        world.serverStarts();
        await world.start();
        await world.watch(HOUR);
        const before = charged(world);
        world.now += HOUR;
        world.hasMetrics = false;
        await world.watch(MINUTE / 2);
        assert.equal(charged(world), before, "nothing is decided yet");
        world.hasMetrics = isTold;
        await world.watch(5 * MINUTE);
        await world.stop();
        const unknown = world.unknown.reduce((sum, { from, to }) => sum + to - from, 0);
        assert.equal(charged(world) + unknown, world.now - START);
        assert.ok(
          isTold ? unknown === 0 : unknown >= HOUR && unknown <= HOUR + 2 * MINUTE,
          `${unknown} ms are unknown`,
        );
      } finally {
        await world.end();
      }
    }
  });
});

describe("a server whose clock is ahead of this machine's", () => {
  it("is charged from when it was seen, as one time up", async () => {
    const world = new ComputeWorld();
    world.clockAheadMs = 3 * HOUR;
    try {
      world.serverStarts();
      await world.start();
      await world.watch(HOUR);
      await world.stop();
      assert.equal(charged(world), HOUR - world.intervalMs);
    } finally {
      await world.end();
    }
  });
});

describe("a server of which only its health is known", () => {
  it("is charged while it is seen, and what a laptop slept through is unknown", async () => {
    const world = new ComputeWorld();
    world.hasMetrics = false;
    try {
      world.serverStarts();
      await world.start();
      await world.watch(HOUR);
      world.now += 8 * HOUR;
      await world.watch(HOUR);
      await world.stop();
      assert.equal(charged(world), 2 * HOUR - 2 * world.intervalMs, "from the first look of each time");
      assert.deepEqual(world.unknown, [
        { provider: "vllm", from: START + HOUR, to: START + 9 * HOUR + world.intervalMs },
      ]);
    } finally {
      await world.end();
    }
  });
});
