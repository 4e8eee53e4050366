import assert from "node:assert/strict";
import fc from "fast-check";
import { BILLING_UNITS } from "../../src/domain/compute/computePricing.ts";
import { begin, ComputeWorld, HOUR, START } from "./computeWorld.ts";

const PER_NANO = 3_600_000n;
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
