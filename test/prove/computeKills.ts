import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ComputeServer } from "../../src/domain/computeApi.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { examine } from "../../src/ledger/doctor.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { vllmModel } from "../upstreams/models.ts";
import { startVllmUpstream, type VllmUpstream } from "../upstreams/vllmUpstream.ts";
import { type Random, randomOf } from "./random.ts";

export interface ComputeKillReport {
  /** Of the charged time, to the last interval that any sidecar told of. */
  readonly upMs: number;
  readonly acknowledged: number;
  readonly sharingCalls: number;
  readonly restarts: number;
}

const NANO_PER_HOUR = 1_234_567_891;
const HOUR_MS = 3_600_000n;

interface Told {
  /** Accrued intervals by their beginning, ms since the epoch, with what they cost. */
  readonly accruals: Map<number, number>;
  /** What calls have of each, by the interval's beginning. */
  readonly sharings: Map<number, number>;
}

/**
 * Kills the real sidecar in the midst of accruals, over and over, while calls share them and the server restarts now and
 * then. Every interval that was told of must be in the books once, and shares and idle cost must be time up × rate, to the
 * nano-dollar. Throws where they are not.
 */
export async function computeKills(rounds: number, seed: number): Promise<ComputeKillReport> {
  const random = randomOf(seed);
  const vllm = await startVllmUpstream({ default: { gapMs: 3, answerTokens: 30 } });
  vllm.meters.processStartSeconds -= 3 * 86_400;
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-prove-"));
  const told: Told = { accruals: new Map(), sharings: new Map() };
  let restarts = 0;
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const sidecar = await RunningSidecar.start(configFor(vllm), { dataDir });
      try {
        if (round > 1 && random.next() < 0.3) {
          restarts += 1;
          await vllm.stop();
          await delay(random.below(300));
          await vllm.restart();
        }
        await loadAndKill(sidecar, random, told);
      } finally {
        await sidecar.kill();
      }
      const { sound, findings } = await examine({ dir: dataDir, now: Date.now });
      assert.ok(sound, `kill ${round}: ${JSON.stringify(findings)}`);
    }
    return { ...(await readAll(vllm, dataDir, told)), restarts };
  } finally {
    await vllm.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function configFor(vllm: VllmUpstream): unknown {
  const pricing = { kind: "compute-hour", hourlyRateUsd: NANO_PER_HOUR / 1e9 };
  return {
    providers: { vllm: { protocol: "openai", baseUrl: vllm.url, pricing } },
    budgets: [{ name: "total", limitUsd: 1_000_000, window: "total" }],
    healthIntervalMs: 100,
    healthGraceMs: 150,
    timeZone: "UTC",
  };
}

/** Lets calls and accruals go on until some intervals were told of, and kills in the midst of the next. */
async function loadAndKill(sidecar: RunningSidecar, random: Random, { accruals, sharings }: Told): Promise<void> {
  const ended = new AbortController();
  let left = 1 + random.below(3);
  let resolve = () => {};
  const enough = new Promise<void>((done) => {
    resolve = done;
  });
  const onEvent = (event: TollgateEvent) => {
    if (event.type === "compute.accrued") {
      const { from, costNanoUsd } = event.accrual;
      assert.ok(!accruals.has(from), `the interval from ${from} is charged twice`);
      accruals.set(from, costNanoUsd);
      left -= 1;
      if (left === 0) {
        resolve();
      }
    } else if (event.type === "compute.shared") {
      const { from, shares } = event.sharing;
      assert.ok(!sharings.has(from), `the interval from ${from} is shared twice`);
      sharings.set(
        from,
        shares.reduce((sum, share) => sum + share.costNanoUsd, 0),
      );
    }
  };
  await new Promise<void>((ready) => {
    sidecar.api.subscribe({ onStatus: () => ready(), onEvent, onClose: () => {} }, ended.signal);
  });
  const { vllm: base } = await sidecar.urls({ project: "load" });
  const callers = Array.from({ length: 3 }, async () => {
    while (!ended.signal.aborted) {
      await ask(`${base}/chat/completions`, ended.signal);
    }
  });
  await enough;
  await delay(random.below(120));
  ended.abort();
  await sidecar.kill();
  await Promise.all(callers);
}

async function ask(url: string, signal: AbortSignal): Promise<void> {
  try {
    const messages = [{ role: "user", content: "Hello" }];
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: vllmModel, messages, stream: true }),
      signal,
    });
    await answer.text();
  } catch (error) {
    if (!signal.aborted && (error as Error).name !== "TypeError") {
      throw error;
    }
    await delay(20); // The server restarts, or the sidecar is gone.
  }
}

async function readAll(vllm: VllmUpstream, dataDir: string, told: Told): Promise<Omit<ComputeKillReport, "restarts">> {
  const sidecar = await RunningSidecar.start(configFor(vllm), { dataDir });
  let last: ComputeServer | undefined;
  // Calls that the last kill cut share their interval a moment after the start.
  for (let settled = 0; settled < 3; settled += 1) {
    await delay(500);
    [last] = (await sidecar.api.compute()).servers;
  }
  await sidecar.stop();
  const again = await RunningSidecar.start(configFor(vllm), { dataDir });
  try {
    const [server] = (await again.api.compute()).servers;
    assert.ok(server !== undefined && last !== undefined && server.upMs >= last.upMs);
    const exact = (BigInt(server.upMs) * BigInt(NANO_PER_HOUR) + HOUR_MS - 1n) / HOUR_MS;
    assert.equal(BigInt(server.costNanoUsd), exact, "the cost is not time up × rate");
    let shares = 0;
    let sharingCalls = 0;
    for await (const call of again.api.allCalls({ limit: 1_000 })) {
      shares += call.computeShareNanoUsd ?? 0;
      sharingCalls += call.computeShareNanoUsd === undefined ? 0 : 1;
    }
    const read = (await again.api.compute()).servers[0];
    assert.equal((read?.costNanoUsd ?? 0) - (read?.idleNanoUsd ?? 0), shares, "shares and idle cost are not the cost");
    const sum = (amounts: Map<number, number>) => [...amounts.values()].reduce((all, amount) => all + amount, 0);
    assert.ok(server.costNanoUsd >= sum(told.accruals), "an interval that was told of is lost");
    assert.ok(shares >= sum(told.sharings), "shares that were told of are lost");
    const { sound, findings } = await examine({ dir: dataDir, now: Date.now });
    assert.ok(sound, JSON.stringify(findings));
    return { upMs: server.upMs, acknowledged: told.accruals.size, sharingCalls };
  } finally {
    await again.stop();
  }
}
