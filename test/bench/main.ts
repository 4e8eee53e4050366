import { parseArgs } from "node:util";
import { type Aim, gatewayAims, ledgerAims, readingAims, timesPeer } from "./aims.ts";
import { benchGateway, type GatewayRow, REST_MS } from "./gatewayBench.ts";
import { benchLedger } from "./ledgerBench.ts";
import { benchReading } from "./readingBench.ts";
import { machine, ms, perSecond, table } from "./report.ts";
import { CHUNKS } from "./sampleStreams.ts";

/** `npm run bench`: prints what docs/performance.md shows. `--quick` measures shortly, `--no-peer` leaves the peer out, `--only` measures a part: gateway, reading or ledger. */
const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    "no-peer": { type: "boolean", default: false },
    only: { type: "string" },
  },
});

console.log(`${machine()}\n`);
const isWanted = (part: string) => flags.only === undefined || flags.only === part;
const aims: Aim[] = [];
if (isWanted("gateway")) {
  await printGateway();
}
if (isWanted("reading")) {
  await printReading();
}
if (isWanted("ledger")) {
  await printLedger();
}
if (aims.length > 0) {
  console.log("\nWhat Tollgate wants to be measured by:\n");
  console.log(
    table(
      ["what", "aim", "found", "met", "× bare hop (aim)"],
      aims.map(({ what, aim, found, isMet, inHops }) => [
        ...[what, aim, found, isMet ? "yes" : "no"],
        inHops === undefined ? "" : `${inHops.found.toFixed(1)} (${inHops.aim.toFixed(1)})`,
      ]),
    ),
  );
}

async function printGateway(): Promise<void> {
  const rounds = flags.quick ? 1 : 3;
  const report = await benchGateway(rounds, flags.quick ? 1_000 : 2_000, !flags["no-peer"]);
  console.log(`Times in ms; "added" is what Tollgate adds to the direct connection. Medians of ${rounds} rounds:\n`);
  const times = ["calls", "connections", "direct p50", "added p50", "added p95", "added p99", "bare hop adds p50"];
  console.log(table(times, report.rows.map(timeCells)));
  console.log("\nCalls a second, with the slowest and the fastest round, and processor time a call in µs:\n");
  const rates = [
    "calls",
    "connections",
    "direct",
    "bare hop",
    "Tollgate",
    "peer",
    "× peer",
    "hop µs",
    "Tollgate µs",
    "peer µs",
  ];
  console.log(table(rates, report.rows.map(rateCells)));
  const { idle, after, peak, rest } = report.memory;
  const then = [...after].map(([name, mb]) => `${Math.round(mb)} after ${name}`).join("; ");
  const last = `${Math.round(peak)} at most; ${Math.round(rest)} after ${REST_MS / 1_000} s of quiet`;
  console.log(`\nMemory of the sidecar in MB: ${Math.round(idle)} idle; ${then}; ${last}\n`);
  aims.push(...gatewayAims(report));
}

/** What reading a stream takes, beside what it takes to pass it on. */
async function printReading(): Promise<void> {
  const { streams, others } = await benchReading(flags.quick);
  console.log(`Reading a stream of ${CHUNKS} chunks, by the processor time of the bare hop for the same stream:\n`);
  console.log(
    table(
      ["stream", "reading µs", "hop µs", "share"],
      streams.map(({ name, micros, hopMicros }) => [
        ...[name, micros.toFixed(0), hopMicros.toFixed(0)],
        `${((micros / hopMicros) * 100).toFixed(1)}%`,
      ]),
    ),
  );
  console.log("\nReading the rest, medians:\n");
  console.log(
    table(
      ["what", "figure"],
      others.map(({ what, figure }) => [what, figure]),
    ),
  );
  console.log("");
  aims.push(...readingAims(streams));
}

async function printLedger(): Promise<void> {
  const report = await benchLedger(flags.quick);
  console.log("Ledger: durable settled calls a second, and opening a folder with that many booked calls:\n");
  console.log(
    table(
      ["what", "figure"],
      report.figures.map(({ what, figure }) => [what, figure]),
    ),
  );
  aims.push(...ledgerAims(report));
}

function timeCells(row: GatewayRow): string[] {
  const { direct, hop, through } = resultsOf(row);
  return [
    ...nameCells(row),
    ms(direct.p50),
    ms(through.p50 - direct.p50),
    ms(through.p95 - direct.p95),
    ms(through.p99 - direct.p99),
    ms(hop.p50 - direct.p50),
  ];
}

function rateCells(row: GatewayRow): string[] {
  const { direct, hop, through, peer } = resultsOf(row);
  const [least, most] = row.spread;
  const micros = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? "–" : value.toFixed(0));
  return [
    ...nameCells(row),
    perSecond(direct.callsPerSecond),
    perSecond(hop.callsPerSecond),
    `${perSecond(through.callsPerSecond)} (${perSecond(least)}–${perSecond(most)})`,
    perSecond(peer?.callsPerSecond ?? Number.NaN),
    peer === undefined ? "–" : timesPeer(row).toFixed(1),
    micros(hop.cpuMicros),
    micros(through.cpuMicros),
    micros(peer?.cpuMicros),
  ];
}

function nameCells({ testCase }: GatewayRow): string[] {
  return [testCase.name, String(testCase.connections)];
}

function resultsOf({ testCase, results }: GatewayRow) {
  const direct = results.get("direct");
  const hop = results.get("hop");
  const through = results.get("tollgate");
  if (direct === undefined || hop === undefined || through === undefined) {
    throw new Error("A path was not measured");
  }
  const failures = direct.failures + hop.failures + through.failures;
  if (failures > 0) {
    throw new Error(`${failures} calls failed in ${testCase.name}`);
  }
  return { direct, hop, through, peer: results.get("peer") };
}
