import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ApiClient } from "../../src/client/apiClient.ts";
import { SIDECAR_NODE_FLAGS, sidecarEnvironment } from "../../src/client/startSidecar.ts";
import { agentBody } from "./agentBody.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { peerHeaders, startPeer } from "./peer.ts";
import { cpuMs, type Measured, peakMb, residentMb, startMeasured } from "./processes.ts";
import { median } from "./report.ts";

/** What stands between load and upstream: nothing, a proxy that does nothing else, Tollgate, or the peer. */
export type Path = "direct" | "hop" | "tollgate" | "peer";

export interface GatewayCase {
  readonly name: string;
  readonly connections: number;
  readonly stream: boolean;
  readonly bodyBytes: number;
}

/** What was measured of one path in one case. */
export interface PathResult extends LoadResult {
  /** Processor time of the gateway's process for each call, µs; NaN where nothing stands between or the system does not tell. */
  readonly cpuMicros: number;
}

export interface GatewayRow {
  readonly testCase: GatewayCase;
  /** Medians over the rounds; absent where a path was not measured. */
  readonly results: ReadonlyMap<Path, PathResult>;
  /** Tollgate's calls a second in the slowest and the fastest round. */
  readonly spread: readonly [least: number, most: number];
}

/** Resident memory in MB. */
export interface Memory {
  readonly idle: number;
  /** After each case, by its name and connections. */
  readonly after: ReadonlyMap<string, number>;
  readonly peak: number;
  /** When nothing has passed for `REST_MS`. */
  readonly rest: number;
}

export interface GatewayReport {
  readonly rows: readonly GatewayRow[];
  readonly memory: Memory;
}

/** By then Node has compiled what each way needs for a kind of call. */
const FIRST_WARM_UP_MS = 2_000;
const WARM_UP_MS = 300;
/** By then Tollgate has given back what it can spare. */
export const REST_MS = 75_000;
const SMALL = 200;
const LARGE = 200_000;
const cases = (name: string, stream: boolean, bodyBytes: number, connections: readonly number[]): GatewayCase[] =>
  connections.map((count) => ({ name, connections: count, stream, bodyBytes }));

const GATEWAY_CASES: readonly GatewayCase[] = [
  ...cases("JSON", false, SMALL, [1, 16, 64]),
  ...cases("stream of 50 chunks", true, SMALL, [1, 16, 64, 100]),
  ...cases("JSON, an agent's 200 KB", false, LARGE, [1, 16, 64]),
  ...cases("stream, an agent's 200 KB", true, LARGE, [1, 16, 100]),
];

interface Way {
  readonly path: Path;
  readonly base: string;
  readonly headers: Record<string, string>;
  readonly pid: number | null;
}

/**
 * The same load straight at the upstream, through a bare proxy, through Tollgate with everything on, and through the peer,
 * in turn, so that what else the machine does hits all alike.
 */
export async function benchGateway(rounds: number, measureMs: number, withPeer: boolean): Promise<GatewayReport> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  const upstream = await startMeasured([join(import.meta.dirname, "upstream.ts")]);
  const started: Measured[] = [upstream];
  const base = `http://127.0.0.1:${upstream.firstLine}/v1`;
  try {
    const hop = await startMeasured([join(import.meta.dirname, "bareHop.ts"), base]);
    started.push(hop);
    const configFile = join(dataDir, "config-bench.json");
    const budgets = ["day", "month"].map((window) => ({ name: window, limitUsd: 1_000_000, window }));
    writeFileSync(
      configFile,
      JSON.stringify({ providers: { openai: { protocol: "openai", baseUrl: base } }, budgets }),
    );
    const sidecarArgs = ["dist/sidecar.cjs", "--data-dir", dataDir, "--config", configFile, "--port", "0", "--json"];
    const sidecar = await startMeasured([...SIDECAR_NODE_FLAGS, ...sidecarArgs], sidecarEnvironment(dataDir));
    started.push(sidecar);
    const { url } = JSON.parse(sidecar.firstLine) as { url: string };
    const api = new ApiClient({ url, token: readFileSync(join(dataDir, "token"), "utf8").trim() });
    const { urls } = await api.pass({ project: "bench" });
    api.close();
    const ways: Way[] = [
      { path: "direct", base, headers: {}, pid: null },
      { path: "hop", base: `http://127.0.0.1:${hop.firstLine}/v1`, headers: {}, pid: hop.pid },
      { path: "tollgate", base: urls.openai ?? "", headers: {}, pid: sidecar.pid },
    ];
    if (withPeer) {
      const peer = await startPeer();
      started.push(peer);
      ways.push({ path: "peer", base: peer.url, headers: peerHeaders(base), pid: peer.pid });
    }
    const idle = residentMb(sidecar.pid);
    const after = new Map<string, number>();
    const rows: GatewayRow[] = [];
    for (const testCase of GATEWAY_CASES) {
      rows.push(await measure(testCase, ways, rounds, measureMs));
      after.set(`${testCase.name}, ${testCase.connections}`, residentMb(sidecar.pid));
    }
    const peak = peakMb(sidecar.pid);
    await pause(REST_MS);
    return { rows, memory: { idle, after, peak, rest: residentMb(sidecar.pid) } };
  } finally {
    await Promise.all(started.map((one) => one.stop()));
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function measure(
  testCase: GatewayCase,
  ways: readonly Way[],
  rounds: number,
  measureMs: number,
): Promise<GatewayRow> {
  const results = new Map<Path, PathResult[]>(ways.map(({ path }) => [path, []]));
  const { connections, stream, bodyBytes } = testCase;
  const body = bodyBytes > SMALL ? agentBody(bodyBytes, stream) : smallBody(stream);
  for (let round = 0; round < rounds; round += 1) {
    const warmUpMs = round === 0 ? FIRST_WARM_UP_MS : WARM_UP_MS;
    for (const { path, base, headers: extra, pid } of ways) {
      const headers = { authorization: "Bearer sk-bench", ...(stream ? { "x-bench": "stream" } : {}), ...extra };
      const plan = { url: `${base}/chat/completions`, headers, body, connections, warmUpMs, measureMs };
      const before = pid === null ? Number.NaN : cpuMs(pid);
      const result = await runLoad(plan);
      const spent = pid === null ? Number.NaN : cpuMs(pid) - before;
      results.get(path)?.push({ ...result, cpuMicros: (spent * 1_000) / result.callsInAll });
    }
  }
  const rates = (results.get("tollgate") ?? []).map((result) => result.callsPerSecond);
  return {
    testCase,
    results: new Map([...results].map(([path, measured]) => [path, mediansOf(measured)])),
    spread: [Math.min(...rates), Math.max(...rates)],
  };
}

function smallBody(stream: boolean): string {
  const messages = [{ role: "user", content: "How much does it cost? ".repeat(6) }];
  return JSON.stringify({ model: "gpt-4o-mini", max_tokens: 200, ...(stream ? { stream: true } : {}), messages });
}

function mediansOf(results: readonly PathResult[]): PathResult {
  const of = (pick: (result: PathResult) => number) => median(results.map(pick));
  const sumOf = (pick: (result: PathResult) => number) => results.reduce((sum, result) => sum + pick(result), 0);
  return {
    callsPerSecond: of((result) => result.callsPerSecond),
    p50: of((result) => result.p50),
    p95: of((result) => result.p95),
    p99: of((result) => result.p99),
    failures: sumOf((result) => result.failures),
    callsInAll: sumOf((result) => result.callsInAll),
    cpuMicros: of((result) => result.cpuMicros),
  };
}
