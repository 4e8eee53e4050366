import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiClient } from "../../src/client/apiClient.ts";
import { SIDECAR_ENVIRONMENT, SIDECAR_NODE_FLAGS } from "../../src/client/startSidecar.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { peerHeaders, startPeer } from "./peer.ts";
import { type Measured, residentMb, startMeasured } from "./processes.ts";
import { median } from "./report.ts";

/** What stands between load and upstream. */
export type Path = "direct" | "tollgate" | "peer";

export interface GatewayCase {
  readonly name: string;
  readonly connections: number;
  readonly stream: boolean;
  readonly bodyBytes: number;
}

export interface GatewayRow {
  readonly testCase: GatewayCase;
  /** Medians over the rounds; absent where a path was not measured. */
  readonly results: ReadonlyMap<Path, LoadResult>;
}

export interface GatewayReport {
  readonly rows: readonly GatewayRow[];
  readonly residentMb: number;
}

export const GATEWAY_CASES: readonly GatewayCase[] = [
  ...[1, 16, 64].map((connections) => ({ name: "JSON", connections, stream: false, bodyBytes: 200 })),
  ...[1, 16].map((connections) => ({ name: "JSON, 200 KB", connections, stream: false, bodyBytes: 200_000 })),
  ...[1, 16, 64].map((connections) => ({ name: "stream, 50 chunks", connections, stream: true, bodyBytes: 200 })),
];

/**
 * The same load straight at the upstream, through Tollgate with everything on, and through the peer, in turn, so that
 * what else the machine does hits all alike.
 */
export async function benchGateway(
  rounds: number,
  measureMs: number,
  withPeer: boolean,
  cases: readonly GatewayCase[] = GATEWAY_CASES,
): Promise<GatewayReport> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  const upstream = await startMeasured([join(import.meta.dirname, "upstream.ts")]);
  const base = `http://127.0.0.1:${upstream.firstLine}/v1`;
  const configFile = join(dataDir, "config-bench.json");
  const budgets = ["day", "month"].map((window) => ({ name: window, limitUsd: 1_000_000, window }));
  writeFileSync(configFile, JSON.stringify({ providers: { openai: { protocol: "openai", baseUrl: base } }, budgets }));
  const sidecarArgs = ["dist/sidecar.cjs", "--data-dir", dataDir, "--config", configFile, "--port", "0", "--json"];
  const sidecar = await startMeasured([...SIDECAR_NODE_FLAGS, ...sidecarArgs], SIDECAR_ENVIRONMENT);
  let peer: (Measured & { readonly url: string }) | null = null;
  try {
    peer = withPeer ? await startPeer() : null;
    const { url } = JSON.parse(sidecar.firstLine) as { url: string };
    const api = new ApiClient({ url, token: readFileSync(join(dataDir, "token"), "utf8").trim() });
    const { urls } = await api.pass({ project: "bench" });
    api.close();
    const paths: Array<[Path, string, Record<string, string>]> = [
      ["direct", base, {}],
      ["tollgate", urls.openai ?? "", {}],
      ...(peer === null ? [] : [["peer", peer.url, peerHeaders(base)] as [Path, string, Record<string, string>]]),
    ];
    const rows: GatewayRow[] = [];
    for (const testCase of cases) {
      rows.push({ testCase, results: await measure(testCase, paths, rounds, measureMs) });
    }
    return { rows, residentMb: residentMb(sidecar.pid) };
  } finally {
    await Promise.all([sidecar.stop(), upstream.stop(), peer?.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function measure(
  testCase: GatewayCase,
  paths: ReadonlyArray<[Path, string, Record<string, string>]>,
  rounds: number,
  measureMs: number,
): Promise<Map<Path, LoadResult>> {
  const results = new Map<Path, LoadResult[]>(paths.map(([path]) => [path, []]));
  const { connections, stream, bodyBytes } = testCase;
  const content = "How much does it cost? ".repeat(Math.ceil(bodyBytes / 23)).slice(0, bodyBytes);
  const body = JSON.stringify({
    model: "gpt-4o-mini",
    max_tokens: 200,
    ...(stream ? { stream: true } : {}),
    messages: [{ role: "user", content }],
  });
  for (let round = 0; round < rounds; round += 1) {
    for (const [path, base, extra] of paths) {
      const headers = { authorization: "Bearer sk-bench", ...(stream ? { "x-bench": "stream" } : {}), ...extra };
      const plan = { url: `${base}/chat/completions`, headers, body, connections, warmUpMs: 300, measureMs };
      results.get(path)?.push(await runLoad(plan));
    }
  }
  return new Map([...results].map(([path, measured]) => [path, mediansOf(measured)]));
}

function mediansOf(results: readonly LoadResult[]): LoadResult {
  const of = (pick: (result: LoadResult) => number) => median(results.map(pick));
  return {
    callsPerSecond: of((result) => result.callsPerSecond),
    p50: of((result) => result.p50),
    p95: of((result) => result.p95),
    p99: of((result) => result.p99),
    failures: results.reduce((sum, result) => sum + result.failures, 0),
  };
}
