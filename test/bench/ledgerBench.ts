import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Call } from "../../src/domain/call.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";
import { lastDays } from "../../src/domain/window.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { sampleCall } from "../ledger/samples.ts";
import { ms, perSecond } from "./report.ts";

export interface Figure {
  readonly what: string;
  readonly figure: string;
}

const NOW = Date.parse("2026-11-21T12:00:00Z");
const MODELS = ["gpt-5", "gpt-5-mini", "gpt-4o-mini", "claude-sonnet-4-5", "claude-haiku-4-5"];
/** Callers that book at the same time. */
const TOGETHER = 64;
/** Calls a day, in the folders that are opened. */
const CALLS_A_DAY = 5_000;
const OPENINGS = 5;

/** How fast calls are booked, and how long a folder with many of them takes to open and to sum up. */
export async function benchLedger(quick: boolean): Promise<Figure[]> {
  const figures: Figure[] = [];
  figures.push({ what: "booked, one caller", figure: `${perSecond(await bookingRate(1, quick ? 1_000 : 5_000))}/s` });
  figures.push({
    what: `booked, ${TOGETHER} callers`,
    figure: `${perSecond(await bookingRate(TOGETHER, quick ? 20_000 : 100_000))}/s`,
  });
  for (const count of quick ? [10_000, 50_000] : [10_000, 100_000, 1_000_000]) {
    figures.push(...(await openingFigures(count)));
  }
  return figures;
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "tollgate-bench-ledger-"));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function bookingRate(callers: number, calls: number): Promise<number> {
  return inFolder(async (dir) => {
    const ledger = await Ledger.open({ dir, now: () => NOW });
    const began = performance.now();
    let next = 0;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (next < calls) {
          next += 1;
          await ledger.append({ type: "call.settled", call: benchCall(next, NOW) });
        }
      }),
    );
    const rate = (calls * 1_000) / (performance.now() - began);
    await ledger.close();
    return rate;
  });
}

function openingFigures(count: number): Promise<Figure[]> {
  return inFolder(async (dir) => {
    const from = NOW - Math.ceil(count / CALLS_A_DAY) * 86_400_000;
    // One snapshot at the end, which archives the months that are due: as if every call had been booked in its time.
    const filled = await Ledger.open({ dir, now: () => NOW, snapshotEveryEvents: Number.POSITIVE_INFINITY });
    for (let index = 0; index < count; index += TOGETHER) {
      await Promise.all(
        Array.from({ length: Math.min(TOGETHER, count - index) }, (_, offset) => {
          const at = from + Math.floor(((index + offset) / count) * (NOW - from));
          return filled.append({ type: "call.settled", call: benchCall(index + offset, at) });
        }),
      );
    }
    await filled.close();
    const openings: number[] = [];
    const summaries: number[] = [];
    for (let round = 0; round < OPENINGS; round += 1) {
      const began = performance.now();
      const ledger = await Ledger.open({ dir, now: () => NOW });
      const spent = ledger.spentIn({}, lastDays(30, NOW, "UTC")[0] ?? 0, null);
      openings.push(performance.now() - began);
      const asked = performance.now();
      ledger.summary("model", lastDays(30, NOW, "UTC")[0] ?? 0, null, "UTC");
      summaries.push(performance.now() - asked);
      await ledger.close();
      if (spent <= 0) {
        throw new Error("The sums of the ledger are empty");
      }
    }
    const named = perSecond(count);
    return [
      { what: `open, ${named} calls`, figure: spread(openings) },
      { what: `30 days by model, ${named} calls`, figure: spread(summaries) },
    ];
  });
}

/** "81 ms (79–103)": the median and the extremes. */
function spread(figures: readonly number[]): string {
  const sorted = [...figures].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return `${ms(median)} ms (${ms(sorted[0] ?? Number.NaN)}–${ms(sorted.at(-1) ?? Number.NaN)})`;
}

function benchCall(index: number, at: number): Call {
  const inputTokens = 500 + (index % 4_000);
  return sampleCall({
    at,
    id: `call_bench${index}`,
    provider: index % 5 < 3 ? "openai" : "anthropic",
    latencyMs: 300 + ((index * 7_919) % 9_000),
    model: MODELS[index % MODELS.length] as string,
    usage: { ...NO_USAGE, inputTokens, outputTokens: 100 + (index % 300) },
    costNanoUsd: inputTokens * 250,
  });
}
