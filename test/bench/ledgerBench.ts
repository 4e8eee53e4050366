import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ApiClient } from "../../src/client/apiClient.ts";
import { SIDECAR_NODE_FLAGS, sidecarEnvironment } from "../../src/client/startSidecar.ts";
import type { Call } from "../../src/domain/call.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";
import type { FileSystem } from "../../src/ledger/fileSystem.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { nodeFileSystem } from "../../src/ledger/nodeFileSystem.ts";
import { sampleCall } from "../ledger/samples.ts";
import { residentMb, startMeasured } from "./processes.ts";
import { median, ms, perSecond } from "./report.ts";

export interface Figure {
  readonly what: string;
  readonly figure: string;
}

const NOW = Date.now();
const MODELS = ["gpt-5", "gpt-5-mini", "gpt-4o-mini", "claude-sonnet-4-5", "claude-haiku-4-5"];
/** Callers that book at the same time. */
const TOGETHER = 64;
/** A disk that takes so long, in ms, to have written. */
const SLOW_SYNC_MS = 5;
/** Calls a day, in the folders that are opened. */
const CALLS_A_DAY = 5_000;
const OPENINGS = 5;
/** Of booking. */
const ROUNDS = 3;
/** How often the panel is renewed after it was first shown. */
const OVERVIEWS = 10;

/** Durable settled calls a second: each is acknowledged once it is on the disk. One figure for each round. */
export interface BookingRates {
  readonly alone: readonly number[];
  readonly together: readonly number[];
  readonly slowDisk: readonly number[];
}

/** The real process with so many calls in its past. Times are ms, memory MB; medians of five starts. */
export interface HistoryFigures {
  readonly calls: number;
  readonly startMs: number;
  readonly overviewMs: number;
  readonly residentMb: number;
  readonly bookedPerSecond: number;
  /** For people, with the extremes. */
  readonly figures: readonly Figure[];
}

export interface LedgerReport {
  readonly rates: BookingRates;
  /** From the shortest history to the longest. */
  readonly histories: readonly HistoryFigures[];
  readonly figures: readonly Figure[];
}

/** How fast calls are booked, and how long a folder with many of them takes to open and to sum up. */
export async function benchLedger(quick: boolean): Promise<LedgerReport> {
  const many = quick ? 20_000 : 100_000;
  const rounds = async (callers: number, calls: number, fs?: FileSystem): Promise<number[]> => {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.push(await inFolder((dir) => bookingRate(dir, callers, calls, fs)));
    }
    return rates;
  };
  // By then Node has compiled what booking takes.
  await inFolder((dir) => bookingRate(dir, TOGETHER, many));
  const rates: BookingRates = {
    alone: await rounds(1, quick ? 1_000 : 5_000),
    together: await rounds(TOGETHER, many),
    slowDisk: await rounds(TOGETHER, many, slowDisk()),
  };
  const histories: HistoryFigures[] = [];
  for (const count of quick ? [10_000, 50_000] : [10_000, 100_000, 1_000_000]) {
    histories.push(await inFolder((dir) => historyFigures(dir, count, many)));
  }
  return {
    rates,
    histories,
    figures: [
      { what: "booked, one caller", figure: rateSpread(rates.alone) },
      { what: `booked, ${TOGETHER} callers`, figure: rateSpread(rates.together) },
      {
        what: `booked, ${TOGETHER} callers, a sync takes ${SLOW_SYNC_MS} ms`,
        figure: rateSpread(rates.slowDisk),
      },
      ...histories.flatMap(({ figures }) => figures),
    ],
  };
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "tollgate-bench-ledger-"));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The machine's own disk, but each sync takes longer. */
function slowDisk(): FileSystem {
  return {
    ...nodeFileSystem,
    createExclusively: (path) => {
      const file = nodeFileSystem.createExclusively(path);
      return {
        write: (bytes) => file.write(bytes),
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
        sync: () => pause(SLOW_SYNC_MS),
      };
    },
  };
}

/** Calls a second, each of which its caller waits for until it is on the disk. */
async function bookingRate(dir: string, callers: number, calls: number, fs?: FileSystem): Promise<number> {
  const ledger = await Ledger.open({ dir, now: () => NOW, ...(fs === undefined ? {} : { fs }) });
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < calls) {
        next += 1;
        await ledger.append({ type: "call.settled", call: benchCall(`new${next}`, next, NOW) });
      }
    }),
  );
  const rate = (calls * 1_000) / (performance.now() - began);
  await ledger.close();
  return rate;
}

/** The real process with so many calls in its past; and last how fast it books more. */
async function historyFigures(dir: string, count: number, more: number): Promise<HistoryFigures> {
  await fill(dir, count);
  const named = `${perSecond(count)} calls`;
  const starts: number[] = [];
  const firstOverviews: number[] = [];
  const overviews: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < OPENINGS; round += 1) {
    const began = performance.now();
    const args = ["dist/sidecar.cjs", "--data-dir", dir, "--port", "0", "--json"];
    const sidecar = await startMeasured([...SIDECAR_NODE_FLAGS, ...args], sidecarEnvironment(dir));
    starts.push(performance.now() - began);
    const { url } = JSON.parse(sidecar.firstLine) as { url: string };
    const api = new ApiClient({ url, token: readFileSync(join(dir, "token"), "utf8").trim() });
    await api.status();
    const overview = async () => {
      const asked = performance.now();
      const { models } = await api.overview(30);
      return { models, tookMs: performance.now() - asked };
    };
    const { models, tookMs } = await overview();
    firstOverviews.push(tookMs);
    for (let again = 0; again < OVERVIEWS; again += 1) {
      overviews.push((await overview()).tookMs);
    }
    if (models.length !== MODELS.length) {
      throw new Error("The sums of the ledger are not whole");
    }
    memory.push(residentMb(sidecar.pid));
    api.close();
    await sidecar.stop();
  }
  const bookedPerSecond = await bookingRate(dir, TOGETHER, more);
  return {
    calls: count,
    startMs: median(starts),
    overviewMs: median(overviews),
    residentMb: median(memory),
    bookedPerSecond,
    figures: [
      { what: `start of the process, ${named}`, figure: spread(starts) },
      { what: `all that the panel shows of 30 days, the first time, ${named}`, figure: spread(firstOverviews) },
      { what: `the same again, ${named}`, figure: spread(overviews) },
      { what: `memory, ${named}`, figure: `${Math.round(median(memory))} MB` },
      { what: `booked, ${TOGETHER} callers, after ${named}`, figure: `${perSecond(bookedPerSecond)}/s` },
    ],
  };
}

/** Books calls evenly over the past. One snapshot at the end archives the months that are due. */
async function fill(dir: string, count: number): Promise<void> {
  const from = NOW - Math.ceil(count / CALLS_A_DAY) * 86_400_000;
  const ledger = await Ledger.open({ dir, now: () => NOW, snapshotEveryEvents: Number.POSITIVE_INFINITY });
  for (let index = 0; index < count; index += TOGETHER) {
    await Promise.all(
      Array.from({ length: Math.min(TOGETHER, count - index) }, (_, offset) => {
        const at = from + Math.floor(((index + offset) / count) * (NOW - from));
        return ledger.append({ type: "call.settled", call: benchCall(String(index + offset), index + offset, at) });
      }),
    );
  }
  await ledger.close();
}

/** "81 ms (79–103)": the median and the extremes. */
function spread(figures: readonly number[]): string {
  return `${ms(median(figures))} ms (${ms(Math.min(...figures))}–${ms(Math.max(...figures))})`;
}

/** "50,000/s (48,000–52,000)": the same of rates. */
function rateSpread(rates: readonly number[]): string {
  return `${perSecond(median(rates))}/s (${perSecond(Math.min(...rates))}–${perSecond(Math.max(...rates))})`;
}

function benchCall(id: string, index: number, at: number): Call {
  const inputTokens = 500 + (index % 4_000);
  return sampleCall({
    at,
    id: `call_bench${id}`,
    provider: index % 5 < 3 ? "openai" : "anthropic",
    latencyMs: 300 + ((index * 7_919) % 9_000),
    model: MODELS[index % MODELS.length] as string,
    usage: { ...NO_USAGE, inputTokens, outputTokens: 100 + (index % 300) },
    costNanoUsd: inputTokens * 250,
  });
}
