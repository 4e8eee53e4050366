import assert from "node:assert/strict";
import { begin, ComputeWorld, charged, HOUR, MINUTE, START } from "./computeWorld.ts";

describe("a server that dies while no sidecar looks, though not for long", () => {
  it("has been up until an unknown time, from what was charged to the first look after it", async () => {
    const world = new ComputeWorld();
    try {
      world.serverStarts();
      await world.start();
      await world.watch(MINUTE);
      await world.crash();
      world.now += 15_002;
      world.serverStops();
      world.now += 7_501;
      await begin(world);
      await world.watch(2 * MINUTE);
      const from = START + charged(world);
      assert.deepEqual(world.unknown, [{ provider: "vllm", from, to: START + MINUTE + 22_503 }]);
    } finally {
      await world.end();
    }
  });

  it("is charged for what it told of the time before, if a look found it up", async () => {
    const world = new ComputeWorld();
    try {
      world.serverStarts();
      world.now += 45_000;
      await begin(world);
      await world.crash();
      world.serverStops();
      world.now += 20_000;
      await begin(world);
      await world.watch(2 * MINUTE);
      assert.equal(charged(world), 45_000);
      assert.deepEqual(world.unknown, [{ provider: "vllm", from: START + 45_000, to: START + 65_000 }]);
    } finally {
      await world.end();
    }
  });

  it("may have come and gone in that time, of which nothing is known", async () => {
    const world = new ComputeWorld();
    try {
      world.serverStarts();
      await begin(world);
      await world.watch(MINUTE);
      world.serverStops();
      await world.watch(5 * MINUTE);
      await world.stop();
      world.serverStarts();
      world.now += 20_000;
      world.serverStops();
      const before = world.unknown.length;
      await begin(world);
      const from = START + 6 * MINUTE;
      assert.deepEqual(world.unknown.slice(before), [{ provider: "vllm", from, to: from + 20_000 }]);
    } finally {
      await world.end();
    }
  });
});

describe("what a sidecar takes up again", () => {
  it("is who was served before it began, in intervals charged before and after that", async () => {
    for (const isCharged of [true, false]) {
      const world = new ComputeWorld();
      try {
        world.serverStarts();
        await world.start();
        await world.watch(HOUR);
        await world.call(5_000, { prefill: 100, decode: 10 });
        if (isCharged) {
          world.now += 2 * MINUTE;
          await world.sidecar.meter.lookAtAll();
        }
        await world.crash();
        await world.start();
        await world.watch(10 * MINUTE);
        const shared = world.sharings.flatMap(({ shares }) => shares).reduce((sum, one) => sum + one.costNanoUsd, 0);
        assert.ok(Math.abs(shared - (160_000_000 * 5) / 3_600) < 10, `${shared} for 5 seconds`);
      } finally {
        await world.end();
      }
    }
  });

  it("is a unit that is paid for, whether or not its end was rounded up before", async () => {
    for (const sawItsEnd of [true, false]) {
      const world = new ComputeWorld({ billingUnit: "hour" });
      try {
        await world.start();
        world.serverStarts();
        await world.watch(20 * 60_000);
        world.serverStops();
        await world.watch(sawItsEnd ? 5 * 60_000 : 1);
        await world.crash();
        await world.start();
        await world.watch(5 * 60_000);
        assert.equal(charged(world), HOUR);
        world.serverStarts();
        await world.watch(10 * 60_000);
        await world.stop();
        await world.start();
        await world.watch(10 * 60_000);
        world.serverStops();
        await world.watch(5 * 60_000);
        assert.equal(charged(world), HOUR, "it was paid for before the sidecar began anew");
      } finally {
        await world.end();
      }
    }
  });

  it("is until when it was there: what was before is known, what was after is not", async () => {
    const world = new ComputeWorld();
    world.hasMetrics = false;
    try {
      world.serverStarts();
      await world.start();
      await world.watch(HOUR);
      world.serverStops();
      await world.watch(HOUR);
      await world.stop();
      world.now += HOUR;
      world.serverStarts();
      await world.start();
      await world.watch(HOUR);
      assert.deepEqual(world.unknown, [
        { provider: "vllm", from: START + HOUR, to: START + HOUR + world.intervalMs },
        { provider: "vllm", from: START + 2 * HOUR, to: START + 3 * HOUR + world.intervalMs },
      ]);
    } finally {
      await world.end();
    }
  });
});
