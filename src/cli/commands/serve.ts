import type { Command } from "commander";
import { VERSION } from "../../domain/version.ts";
import { portOf } from "../arguments.ts";
import { CliError } from "../exitCode.ts";
import { note, print } from "../output.ts";
import { type CommonOptions, dataDirOf } from "../sidecarAccess.ts";

interface ServeFlags extends CommonOptions {
  readonly port?: string;
  readonly config?: string;
}

export function addServe(program: Command): void {
  program
    .command("serve")
    .summary("run the sidecar in the foreground")
    .description("Runs the sidecar in the foreground until SIGTERM or SIGINT, which let calls under way finish.")
    .option("--port <n>", "port on 127.0.0.1; 0 takes a free one (default: the one of last time)")
    .option("--config <file>", "configuration file that says everything (default: the data folder's own)")
    .addHelpText("after", "\nExamples:\n  tollgate serve\n  tollgate serve --port 0 --config team.json --json")
    .action((flags: ServeFlags) => serveHere(flags));
}

async function serveHere(flags: ServeFlags): Promise<void> {
  const port = flags.port === undefined ? undefined : portOf(flags.port);
  const { serve } = await import("../../sidecar/serve.ts");
  const end = await serve({
    dataDir: dataDirOf(flags),
    configFile: flags.config ?? process.env.TOLLGATE_CONFIG,
    port,
    graceMs: null,
    version: VERSION,
    environment: process.env,
    ready: ({ url, pid, dataDir }) =>
      print(
        flags.json
          ? JSON.stringify({ ready: true, url, pid, dataDir })
          : `Tollgate answers at ${url} (data folder ${dataDir}, process ${pid}). Ctrl+C ends it.`,
      ),
    log: (message) => note(`${new Date().toISOString()} ${message}`),
  });
  if (end.kind === "failed") {
    throw new CliError(end.message);
  }
  if (end.kind === "already-running") {
    const who = end.handshake === null ? "" : `: process ${end.handshake.pid} at ${end.handshake.url}`;
    throw new CliError(`A sidecar already runs for ${dataDirOf(flags)}${who}`);
  }
}
