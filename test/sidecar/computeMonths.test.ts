import assert from "node:assert/strict";
import { ComputeWorld, charged, DAY, HOUR, MINUTE, START } from "./computeWorld.ts";

describe("months of a server", function () {
  this.timeout(60_000);

  it("cost its rate for every hour of them, each in its own window", async () => {
    const world = new ComputeWorld({ gpus: 2, extraHourlyUsd: 0.01 }, 47 * 60_000);
    try {
      world.serverStarts();
      await world.start();
      await world.watch(61 * DAY);
      await world.stop();
      await world.start();
      const { ledger } = world;
      const hourly = 330_000_000;
      assert.equal(ledger.computeSums("vllm", null, null).costNanoUsd, 61 * 24 * hourly);
      assert.equal(ledger.spentIn({}, START, START + 30 * DAY), 30 * 24 * hourly);
      // Days of every time zone, and hours, begin with a quarter hour.
      const quarter = (at: number) => Math.floor(at / (HOUR / 4));
      assert.ok(world.accruals.every(({ from, to }) => quarter(from) === quarter(to - 1)));
      assert.equal(ledger.spentIn({ provider: "vllm" }, START + 30 * DAY, null), 31 * 24 * hourly);
    } finally {
      await world.end();
    }
  });

  it("are charged from the server's own start, though nobody looked, or from the date that is set", async () => {
    for (const countFrom of [undefined, new Date(START + 10 * DAY).toISOString()]) {
      const world = new ComputeWorld(countFrom === undefined ? {} : { countFrom });
      try {
        world.serverStarts();
        world.now += 40 * DAY;
        await world.start();
        await world.watch(HOUR);
        await world.stop();
        const hours = (countFrom === undefined ? 40 : 30) * 24 + 1;
        assert.equal(
          world.accruals.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
          hours * 160_000_000,
        );
        assert.deepEqual(world.unknown, []);
      } finally {
        await world.end();
      }
    }
  });
});

describe("a billing unit", () => {
  it("is filled up when the server goes down, and has room for a start before it ends", async () => {
    const world = new ComputeWorld({ billingUnit: "hour" });
    try {
      await world.start();
      world.serverStarts();
      await world.watch(20 * 60_000);
      world.serverStops();
      await world.watch(5 * 60_000);
      assert.equal(charged(world), HOUR, "the first hour counts whole");
      const { upMs, roundedMs } = world.ledger.computeSums("vllm", null, null);
      assert.equal(upMs + roundedMs, HOUR);
      assert.ok(Math.abs(upMs - 20 * MINUTE) <= world.intervalMs, `up for ${upMs} ms`);
      world.serverStarts();
      await world.watch(30 * 60_000);
      world.serverStops();
      await world.watch(3 * 60_000);
      assert.equal(charged(world), HOUR, "it is paid for, whoever starts the server again");
      world.serverStarts();
      await world.watch(10 * 60_000);
      world.serverStops();
      await world.watch(5 * 60_000);
      assert.equal(charged(world), 2 * HOUR, "a second hour has begun");
    } finally {
      await world.end();
    }
  });
});

describe("a long call", () => {
  it("has its share of every interval that it was under way in, once it has ended; one that never ends keeps none waiting", async () => {
    const world = new ComputeWorld();
    try {
      world.serverStarts();
      await world.start();
      await world.watch(MINUTE);
      const end = world.beginCall({ prefill: 400, decode: 100 });
      await world.watch(20 * MINUTE);
      assert.equal(world.sharings.length, 0, "nobody knows yet what it used");
      await end();
      await world.watch(2 * MINUTE);
      const shared = world.sharings.flatMap(({ shares }) => shares).reduce((sum, one) => sum + one.costNanoUsd, 0);
      assert.ok(Math.abs(shared - 160_000_000 / 3) < 1_000, `${shared} for 20 minutes`);
      world.beginCall({ prefill: 1, decode: 1 });
      await world.watch(MINUTE);
      await world.call(MINUTE / 2, { prefill: 100, decode: 10 });
      const before = world.sharings.length;
      await world.watch(HOUR + 5 * MINUTE);
      assert.ok(world.sharings.length > before, "it was waited for for an hour");
    } finally {
      await world.end();
    }
  });
});
