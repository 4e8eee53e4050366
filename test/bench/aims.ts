import { type GatewayCase, type GatewayReport, type GatewayRow, REST_MS } from "./gatewayBench.ts";
import type { LedgerReport } from "./ledgerBench.ts";
import type { StreamReading } from "./readingBench.ts";
import { median, ms, perSecond } from "./report.ts";

/** What Tollgate wants to be measured by, and what a run found. */
export interface Aim {
  readonly what: string;
  readonly aim: string;
  readonly found: string;
  readonly isMet: boolean;
  /** The aim and what was found, each by what the bare proxy adds on the same machine: machines differ, these do less. */
  readonly inHops?: { readonly aim: number; readonly found: number };
}

/** What the bare proxy added, in ms, on the machine by which the aims for small calls and for 200 KB were set. */
const HOP_SMALL_MS = 0.075;
const HOP_LARGE_MS = 0.16;

/** The aims that a run of the gateway's part can tell of. */
export function gatewayAims({ rows, memory }: GatewayReport): Aim[] {
  const added = (row: GatewayRow, which: "p50" | "p99", path: "tollgate" | "hop" = "tollgate") =>
    (row.results.get(path)?.[which] ?? Number.NaN) - (row.results.get("direct")?.[which] ?? Number.NaN);
  const addedAim = (what: string, most: number, row: GatewayRow, hopMs: number): Aim => ({
    ...limitAim(what, most, added(row, "p50"), "ms"),
    inHops: { aim: most / hopMs, found: added(row, "p50") / added(row, "p50", "hop") },
  });
  const one = row(rows, { name: "JSON", connections: 1 });
  const many = row(rows, { name: "JSON", connections: 16 });
  const agents = row(rows, { name: "JSON, an agent's 200 KB", connections: 1 });
  const times = timesPeer(many);
  return [
    addedAim("added to a small JSON call at one connection, p50", 0.12, one, HOP_SMALL_MS),
    addedAim("added to a call of 200 KB at one connection, p50", 0.4, agents, HOP_LARGE_MS),
    limitAim("added to a small JSON call at 16 connections, p99", 3, added(many, "p99"), "ms"),
    ...(Number.isNaN(times)
      ? []
      : [
          {
            what: "small JSON calls a second at 16 connections",
            aim: "at least 10 times the peer's",
            found: `${times.toFixed(1)} times`,
            isMet: times >= 10,
          },
        ]),
    limitAim("resident memory of the sidecar at the most", 150, memory.peak, "MB"),
    limitAim(`the same ${REST_MS / 1_000} s after all of that`, 150, memory.rest, "MB"),
  ];
}

/** Reading costs less than this share of the hop. */
const MOST_READING = 0.05;

/** The aims that a run of the readers' part can tell of. */
export function readingAims(streams: readonly StreamReading[]): Aim[] {
  return streams.map(({ name, micros, hopMicros }) => ({
    what: `reading a stream of 50 chunks, ${name}`,
    aim: `under ${MOST_READING * 100}% of the hop`,
    found: `${((micros / hopMicros) * 100).toFixed(1)}%`,
    isMet: micros / hopMicros < MOST_READING,
  }));
}

/** The aims that a run of the ledger's part can tell of. */
export function ledgerAims({ rates, histories }: LedgerReport): Aim[] {
  const [least] = histories;
  const most = histories.at(-1);
  if (least === undefined || most === undefined) {
    return [];
  }
  const growth = most.bookedPerSecond / least.bookedPerSecond;
  const among = `with ${perSecond(most.calls)} booked calls`;
  return [
    rateAim("durable settled calls, 64 callers", 50_000, median(rates.together)),
    rateAim("the same where a sync takes 5 ms", 5_000, median(rates.slowDisk)),
    {
      what: `booking ${among} beside ${perSecond(least.calls)}`,
      aim: "as fast: at least 0.8 times",
      found: `${growth.toFixed(2)} times`,
      isMet: growth >= 0.8,
    },
    limitAim(`start of the process ${among}`, 300, most.startMs, "ms"),
    limitAim(`all that the panel shows of 30 days, ${among}`, 20, most.overviewMs, "ms"),
    limitAim(`resident memory ${among}`, 150, most.residentMb, "MB"),
  ];
}

function rateAim(what: string, least: number, found: number): Aim {
  return { what, aim: `at least ${perSecond(least)}/s`, found: `${perSecond(found)}/s`, isMet: found >= least };
}

function limitAim(what: string, most: number, found: number, unit: "ms" | "MB"): Aim {
  return {
    what,
    aim: `at most ${most} ${unit}`,
    found: `${unit === "ms" ? ms(found) : Math.round(found)} ${unit}`,
    isMet: found <= most,
  };
}

/** Tollgate's calls a second by the peer's; NaN where the peer was left out. */
export function timesPeer({ results }: GatewayRow): number {
  return (results.get("tollgate")?.callsPerSecond ?? Number.NaN) / (results.get("peer")?.callsPerSecond ?? Number.NaN);
}

function row(rows: readonly GatewayRow[], wanted: Pick<GatewayCase, "name" | "connections">): GatewayRow {
  const found = rows.find(
    ({ testCase }) => testCase.name === wanted.name && testCase.connections === wanted.connections,
  );
  if (found === undefined) {
    throw new Error(`${wanted.name} was not measured at ${wanted.connections} connections`);
  }
  return found;
}
