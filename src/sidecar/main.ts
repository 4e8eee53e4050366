import { homedir } from "node:os";
import { parseArgs } from "node:util";
import { defaultDataDir } from "../domain/dataFolder.ts";
import { VERSION } from "../domain/version.ts";
import { serve } from "./serve.ts";

/** The sidecar as a process of its own, as the extension and the command line start it. Speaks JSON lines on stdout. */
const { values } = parseArgs({
  options: {
    "data-dir": { type: "string" },
    config: { type: "string" },
    port: { type: "string" },
    grace: { type: "string" },
    json: { type: "boolean" },
    // For tests: how long a run may be silent, a provider, and all of the sidecar before it gives memory back, in ms; and
    // thresholds of the ledger, as JSON.
    "run-grace": { type: "string" },
    "silence-limit": { type: "string" },
    quiet: { type: "string" },
    "ledger-thresholds": { type: "string" },
  },
});

const say = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`);
// Whoever started the sidecar may have gone by the time it says something.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

void serve({
  dataDir:
    values["data-dir"] ?? defaultDataDir({ platform: process.platform, home: homedir(), environment: process.env }),
  configFile: values.config ?? process.env.TOLLGATE_CONFIG,
  port: values.port === undefined ? undefined : Number(values.port),
  graceMs: values.grace === undefined ? null : Number(values.grace),
  silenceLimitMs: values["silence-limit"] === undefined ? undefined : Number(values["silence-limit"]),
  quietMs: values.quiet === undefined ? undefined : Number(values.quiet),
  runGraceMs: values["run-grace"] === undefined ? undefined : Number(values["run-grace"]),
  ledger: values["ledger-thresholds"] === undefined ? undefined : JSON.parse(values["ledger-thresholds"]),
  version: VERSION,
  environment: process.env,
  ready: ({ url, pid, dataDir }) => say({ ready: true, url, pid, dataDir }),
  log: (message) => process.stderr.write(`${new Date().toISOString()} ${message}\n`),
}).then((end) => {
  if (end.kind === "already-running") {
    say({ ready: false, reason: "already-running", pid: end.handshake?.pid ?? null, url: end.handshake?.url ?? null });
  } else if (end.kind === "failed") {
    say({ ready: false, reason: "failed", message: end.message });
    process.stderr.write(`${end.message}\n`);
    process.exitCode = 1;
  }
  // Idle provider connections or timers must not keep a process that has closed its ledger.
  process.exit();
});
