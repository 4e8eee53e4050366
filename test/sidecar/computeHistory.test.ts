import assert from "node:assert/strict";
import fc from "fast-check";
import { BILLING_UNITS } from "../../src/domain/compute/computePricing.ts";
import { ComputeWorld, DAY, HOUR, START } from "./computeWorld.ts";

const PER_NANO = 3_600_000n;
const MINUTE = 60_000;
/** What the two requests of a look take at most, in ms: the next one comes an interval after them. */
const LOOK_MS = 2 * 5_000;

/** What may happen to a server, the network and the sidecar. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant("watch"), ms: fc.integer({ min: 1, max: 40 * 60_000 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("sleep"), ms: fc.integer({ min: 1, max: 3 * HOUR }) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("server starts"), ms: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("server stops"), ms: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant("server restarts"), ms: fc.integer({ min: 1, max: 90_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("crash"), ms: fc.integer({ min: 0, max: 2 * HOUR }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("stop"), ms: fc.integer({ min: 0, max: 9 * HOUR }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("away"), ms: fc.integer({ min: 0, max: 9 * HOUR }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("outage"), ms: fc.integer({ min: 1, max: 20 * 60_000 }) }) },
  { weight: 5, arbitrary: fc.record({ what: fc.constant("call"), ms: fc.integer({ min: 1, max: 180_000 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const pricing = fc.record({
  hourlyRateUsd: fc.integer({ min: 0, max: 300_000 }).map((cents) => cents / 100_000),
  gpus: fc.integer({ min: 1, max: 8 }),
  extraHourlyUsd: fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1_000_000),
  billingUnit: fc.constantFrom(undefined, ...BILLING_UNITS),
  rates: fc
    .uniqueArray(fc.integer({ min: 1, max: 20 * 60 }), { maxLength: 4 })
    .map((minutes) =>
      minutes.map((minute) => ({ from: new Date(START + minute * 60_000).toISOString(), hourlyRateUsd: minute / 997 })),
    ),
});

/** As a sidecar does: it looks as soon as it runs, and when the machine wakes. */
async function begin(world: ComputeWorld): Promise<void> {
  await world.start();
  await world.sidecar.meter.lookAtAll();
}

async function play(world: ComputeWorld, steps: readonly Step[]): Promise<void> {
  await begin(world);
  for (const [index, { what, ms }] of steps.entries()) {
    switch (what) {
      case "watch":
        await world.watch(ms);
        break;
      case "sleep":
        world.now += ms;
        await world.sidecar.meter.lookAtAll();
        break;
      case "server starts":
        world.serverStarts();
        break;
      case "server stops":
        world.serverStops();
        break;
      case "server restarts":
        world.serverStops();
        await world.watch(ms);
        world.serverStarts();
        break;
      case "crash":
        await world.crash();
        world.now += ms;
        await begin(world);
        break;
      case "stop":
        await world.stop();
        world.now += ms;
        await begin(world);
        break;
      case "away":
        // What the server does while nobody looks.
        await world.crash();
        for (const happens of [() => world.serverStarts(), () => world.serverStops(), () => {}]) {
          world.now += Math.floor(ms / 3);
          happens();
        }
        await begin(world);
        break;
      case "outage":
        world.reachable = false;
        await world.watch(ms);
        world.reachable = true;
        break;
      case "call":
        await world.call(ms, { prefill: ms % 997, decode: ms % 89 }, index % 2 === 0 ? "web" : "api");
        break;
    }
  }
  await world.watch(2 * HOUR);
  await world.ledger.flush();
}

type Times = ReadonlyArray<{ readonly from: number; readonly to: number }>;

function timesUp({ ended, runsSince, now }: ComputeWorld): Times {
  return [...ended, ...(runsSince === null ? [] : [{ from: runsSince, to: now }])];
}

/** A server that starts again at once, or within 2 s of its start, cannot be told from one that does not. */
function truthOf(world: ComputeWorld): Times {
  return timesUp(world).reduce<Array<{ from: number; to: number }>>((merged, run) => {
    const before = merged.at(-1);
    if (before !== undefined && (run.from === before.to || run.from - before.from <= 2_000)) {
      before.to = run.to;
    } else {
      merged.push({ ...run });
    }
    return merged;
  }, []);
}

function check(world: ComputeWorld): void {
  const { accruals, rate, ledger } = world;
  const exact = accruals.reduce((sum, { from, to }) => sum + rate.exactBetween(from, to), 0n);
  const cost = accruals.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
  assert.equal(BigInt(cost), (exact + PER_NANO - 1n) / PER_NANO, "the sum is not time × rate");

  const up = accruals.filter(({ kind }) => kind === "up");
  for (const [index, { from, to }] of accruals.entries()) {
    assert.ok(from < to && from >= (accruals[index - 1]?.to ?? 0), "time is charged twice");
  }
  if (world.hasMetrics) {
    const truth = truthOf(world);
    for (const { from, to } of up) {
      assert.ok(
        truth.some((run) => run.from <= from && to <= run.to),
        `${from - START} to ${to - START} is charged and the server was down`,
      );
    }
  }

  const shared = world.sharings.map(({ from }) => from);
  assert.equal(new Set(shared).size, shared.length, "an interval is shared twice");
  const sums = ledger.computeSums("vllm", null, null);
  const shares = [...ledger.exportCalls(null, null)].reduce((sum, call) => sum + (call.computeShareNanoUsd ?? 0), 0);
  assert.equal(sums.costNanoUsd, cost);
  assert.equal(sums.sharedNanoUsd, shares, "what calls have is not what is not idle");
  assert.ok(sums.sharedNanoUsd <= sums.costNanoUsd);
  const grouped = ledger.summary("project", null, null, "UTC").groups;
  assert.equal(
    grouped.reduce((sum, group) => sum + group.computeShareNanoUsd, 0),
    shares,
  );
  for (const account of world.sidecar.gate.accounts(world.now)) {
    const { start, end } = account.window;
    assert.equal(account.spentNanoUsd, ledger.spentIn(account.budget.scope, start, end), account.budget.name);
  }
}

/**
 * Of a time up that a look found, nothing may be missing. One that begins and ends between two looks is not noticed; they are
 * an interval and what a look takes apart, or the time between them is unknown.
 */
function checkNothingMissing(world: ComputeWorld): void {
  const known = [...world.accruals, ...world.unknown].toSorted((a, b) => a.from - b.from);
  const first = world.accruals[0]?.from ?? Number.POSITIVE_INFINITY;
  for (const run of timesUp(world)) {
    let at = Math.max(run.from, first);
    let left = 0;
    for (const { from, to } of known) {
      left = Math.max(left, Math.min(from, run.to) - at);
      at = Math.max(at, to);
    }
    left = Math.max(left, run.to - at);
    const missed = world.found.has(run.from) ? 0 : world.intervalMs + LOOK_MS;
    assert.ok(left <= missed, `${left} ms of ${run.from - START} to ${run.to - START} are missing`);
  }
}

describe("hours of a server", function () {
  this.timeout(120_000);

  it("are charged to the nano-dollar for the time that it is up and no other, whatever happens, and shared by calls", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25, size: "max" }),
        pricing,
        fc.boolean(),
        async (steps, given, hasMetrics) => {
          const world = new ComputeWorld(given);
          world.hasMetrics = hasMetrics;
          try {
            await play(world, steps);
            check(world);
          } finally {
            await world.end();
          }
        },
      ),
      { seed: 20_261_128, numRuns: Number(process.env.TOLLGATE_COMPUTE_RUNS ?? 20) },
    );
  });

  it("leave no time out without saying so", async () => {
    const seen = step.filter(({ what }) => what !== "outage");
    await fc.assert(
      fc.asyncProperty(fc.array(seen, { maxLength: 25, size: "max" }), fc.boolean(), async (steps, hasMetrics) => {
        const world = new ComputeWorld();
        world.hasMetrics = hasMetrics;
        try {
          await play(world, steps);
          await world.stop();
          checkNothingMissing(world);
        } finally {
          await world.end();
        }
      }),
      { seed: 20_261_129, numRuns: Number(process.env.TOLLGATE_COMPUTE_RUNS ?? 20) },
    );
  });
});

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

/** In ms, what rounds up units among it. */
function charged({ accruals }: ComputeWorld): number {
  return accruals.reduce((sum, { from, to }) => sum + to - from, 0);
}

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
