import { parseArgs } from "node:util";
import { benchGateway, GATEWAY_CASES, type GatewayRow } from "./gatewayBench.ts";
import { benchLedger } from "./ledgerBench.ts";
import { benchReading } from "./readingBench.ts";
import { machine, ms, perSecond, table } from "./report.ts";

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
const gatewayRows = isWanted("gateway") ? await printGateway() : [];
if (isWanted("reading")) {
  await printReading(gatewayRows);
}
if (isWanted("ledger")) {
  await printLedger();
}

async function printGateway(): Promise<readonly GatewayRow[]> {
  const rounds = flags.quick ? 1 : 3;
  const { rows, residentMb } = await benchGateway(rounds, flags.quick ? 1_000 : 3_000, !flags["no-peer"]);
  console.log("Gateway, everything on, beside a direct connection and a gateway that keeps no books:\n");
  console.log(
    table(
      [
        "calls",
        "connections",
        "direct p50 ms",
        "added p50",
        "added p95",
        "added p99",
        "direct /s",
        "Tollgate /s",
        "peer /s",
        "× peer",
      ],
      rows.map(gatewayCells),
    ),
  );
  console.log(`\nMemory of the sidecar after that: ${Math.round(residentMb)} MB\n`);
  return rows;
}

/** What reading takes of the time that the hop of a stream adds at one connection; that is measured where it has not been. */
async function printReading(measured: readonly GatewayRow[]): Promise<void> {
  const isOneStream = ({ stream, connections }: GatewayRow["testCase"]) => stream && connections === 1;
  const rows =
    measured.length > 0
      ? measured
      : (await benchGateway(flags.quick ? 1 : 3, 1_000, false, GATEWAY_CASES.filter(isOneStream))).rows;
  const results = rows.find(({ testCase }) => isOneStream(testCase))?.results;
  const hopMs = (results?.get("tollgate")?.p50 ?? Number.NaN) - (results?.get("direct")?.p50 ?? Number.NaN);
  const { streams, others } = benchReading(flags.quick);
  console.log(`Reading a stream of 50 chunks; one such stream is held up by ${ms(hopMs)} ms in all:\n`);
  console.log(
    table(
      ["stream", "µs", "share"],
      streams.map(({ name, micros }) => [name, micros.toFixed(0), `${(micros / (hopMs * 10)).toFixed(1)}%`]),
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
}

async function printLedger(): Promise<void> {
  console.log("Ledger: durable settled calls a second, and opening a folder with that many booked calls:\n");
  console.log(
    table(
      ["what", "figure"],
      (await benchLedger(flags.quick)).map(({ what, figure }) => [what, figure]),
    ),
  );
}

function gatewayCells({ testCase, results }: GatewayRow): string[] {
  const direct = results.get("direct");
  const through = results.get("tollgate");
  const peer = results.get("peer");
  if (direct === undefined || through === undefined) {
    throw new Error("A path was not measured");
  }
  const failures = direct.failures + through.failures;
  if (failures > 0) {
    throw new Error(`${failures} calls failed in ${testCase.name}`);
  }
  return [
    testCase.name,
    String(testCase.connections),
    ms(direct.p50),
    ms(through.p50 - direct.p50),
    ms(through.p95 - direct.p95),
    ms(through.p99 - direct.p99),
    perSecond(direct.callsPerSecond),
    perSecond(through.callsPerSecond),
    perSecond(peer?.callsPerSecond ?? Number.NaN),
    peer === undefined ? "–" : (through.callsPerSecond / peer.callsPerSecond).toFixed(1),
  ];
}
