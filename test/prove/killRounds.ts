import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { examine } from "../../src/ledger/doctor.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { sampleCall } from "../ledger/samples.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";
import { type Random, randomOf } from "./random.ts";

export interface KillReport {
  /** Settlements that were told of before a kill. */
  readonly acknowledged: number;
  /** Kills that left calls under way. */
  readonly withOpenHolds: number;
  readonly journalFiles: number;
  readonly archives: number;
}

/** So small that segments, snapshots and archives follow each other all the time, and kills meet each of them. */
const THRESHOLDS = { segmentBytes: 20_000, snapshotEveryEvents: 20, archiveAfterDays: -40, archiveEveryMs: 0 };
const CALLERS = 6;
const DAY_MS = 86_400_000;
/** Kills between two readings of every call. */
const READ_ALL_EVERY = 10;

/** Ids of acknowledged calls, with what they cost. */
type Acknowledged = Map<string, number>;

/**
 * Kills the real sidecar under load, over and over on one data folder, and checks after each kill that every settlement it
 * had told of is there, once, at its cost, and that totals equal rows equal journal. Throws where they are not.
 */
export async function killRounds(rounds: number, seed: number): Promise<KillReport> {
  const random = randomOf(seed);
  const upstreams = await startUpstreams({ default: { delayMs: 1 } });
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-prove-"));
  const acknowledged: Acknowledged = await bookPastMonths(dataDir);
  let withOpenHolds = 0;
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const sidecar = await RunningSidecar.start(configFor(upstreams), {
        dataDir,
        args: ["--ledger-thresholds", JSON.stringify(THRESHOLDS)],
      });
      try {
        if (round % READ_ALL_EVERY === 0) {
          await readAll(sidecar, acknowledged, `before kill ${round}`);
        }
        await loadAndKill(sidecar, random, acknowledged);
      } catch (error) {
        throw new Error(`kill ${round}: ${sidecar.end ?? "the sidecar still runs"}; it said: ${sidecar.log}`, {
          cause: error,
        });
      } finally {
        await sidecar.kill();
      }
      const { sound, findings, openHolds } = await examine({ dir: dataDir, now: Date.now });
      assert.ok(sound, `kill ${round}: ${JSON.stringify(findings)}`);
      withOpenHolds += openHolds > 0 ? 1 : 0;
    }
    const last = await RunningSidecar.start(configFor(upstreams), { dataDir });
    await readAll(last, acknowledged, "at the end");
    await last.stop();
    const { sound, findings, openHolds, journalFiles, archives } = await examine({ dir: dataDir, now: Date.now });
    assert.ok(sound, JSON.stringify(findings));
    assert.equal(openHolds, 0);
    return { acknowledged: acknowledged.size, withOpenHolds, journalFiles, archives };
  } finally {
    await upstreams.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function configFor(upstreams: Upstreams): unknown {
  return {
    providers: { openai: { protocol: "openai", baseUrl: upstreams.openai.url } },
    budgets: [{ name: "all", limitUsd: 1_000, window: "month" }],
    timeZone: "UTC",
  };
}

/** Calls of months that are archived at once. */
async function bookPastMonths(dataDir: string): Promise<Acknowledged> {
  const acknowledged: Acknowledged = new Map();
  const now = Date.now();
  const ledger = await Ledger.open({ dir: dataDir, now: () => now });
  for (let day = 80; day < 160; day += 1) {
    const call = sampleCall({ id: `past-${day}`, at: now - day * DAY_MS, costNanoUsd: day });
    await ledger.append({ type: "call.settled", call });
    acknowledged.set(call.id, call.costNanoUsd);
  }
  await ledger.close();
  return acknowledged;
}

/** Sends calls from several callers until a random number of settlements was told of, and kills in the midst of it. */
async function loadAndKill(sidecar: RunningSidecar, random: Random, acknowledged: Acknowledged): Promise<void> {
  const ended = new AbortController();
  let left = 1 + random.below(60);
  const kill = async () => {
    await delay(random.below(4));
    ended.abort();
    await sidecar.kill();
  };
  let killed: Promise<void> | undefined;
  await new Promise<void>((ready) => {
    const onEvent = (event: TollgateEvent) => {
      if (event.type === "call.settled") {
        acknowledged.set(event.call.id, event.call.costNanoUsd);
        left -= 1;
        if (left === 0) {
          killed = kill();
        }
      }
    };
    sidecar.api.subscribe({ onStatus: () => ready(), onEvent, onClose: () => {} }, ended.signal);
  });
  const { openai } = await sidecar.urls({ project: "load" });
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    while (!ended.signal.aborted) {
      const id = await ask(`${openai}/chat/completions`, ended.signal);
      // What the API says is booked counts as told, too.
      if (id !== null && caller % 2 === 0) {
        const call = await sidecar.api.call(id, 1_000).catch(() => null);
        if (call !== null) {
          acknowledged.set(call.id, call.costNanoUsd);
        }
      }
    }
  });
  await Promise.all(callers);
  await killed;
}

/** The call's id; null where the sidecar was gone before the answer. */
async function ask(url: string, signal: AbortSignal): Promise<string | null> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-x" },
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }], max_tokens: 20 }),
      signal,
    });
    await answer.arrayBuffer();
    return answer.headers.get("x-tollgate-call-id");
  } catch (error) {
    if (signal.aborted) {
      return null;
    }
    throw error; // The sidecar is gone and nobody has killed it.
  }
}

/** Every acknowledged call is there once, at its cost, and the totals are those of the calls. */
async function readAll(sidecar: RunningSidecar, acknowledged: Acknowledged, when: string): Promise<void> {
  const costs = new Map<string, number>();
  for await (const call of sidecar.api.allCalls({ limit: 1_000 })) {
    assert.ok(!costs.has(call.id), `${when}: ${call.id} stands twice`);
    costs.set(call.id, call.costNanoUsd);
  }
  const lost = [...acknowledged].filter(([id, cost]) => costs.get(id) !== cost);
  assert.deepEqual(lost, [], `${when}: lost`);
  const { total } = await sidecar.api.summary({ by: "day" });
  assert.equal(total.calls, costs.size, `${when}: calls in the totals`);
  assert.equal(
    total.costNanoUsd,
    [...costs.values()].reduce((sum, cost) => sum + cost, 0),
    `${when}: cost in the totals`,
  );
  const { notices } = await sidecar.api.status();
  assert.deepEqual(
    notices.filter((notice) => !notice.includes("nothing is missing")),
    [],
    when,
  );
}
