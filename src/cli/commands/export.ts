import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { type Command, Option } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import { momentOf } from "../arguments.ts";
import { CALL_COLUMNS } from "../callColumns.ts";
import { csvLine } from "../csv.ts";
import { CliError, UsageError } from "../exitCode.ts";
import { note } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

type Format = "csv" | "jsonl";

interface ExportFlags extends CommonOptions {
  readonly format?: Format;
  readonly since?: string;
  readonly until?: string;
  readonly out?: string;
}

type Query = { readonly since?: string; readonly until?: string };

const PAGE = 1_000;

const EXAMPLES = `
Examples:
  tollgate export --format csv --since 2026-11-01 --out november.csv
  tollgate export --json --since 7d | jq .costNanoUsd`;

export function addExport(program: Command): void {
  program
    .command("export")
    .summary("every booked call")
    .description("Writes every booked call, newest first: as CSV, or as one JSON object a line.")
    .addOption(new Option("--format <format>", "how").choices(["csv", "jsonl"]))
    .option("--since <time>", "from this day, time, or so long ago: 2026-11-21, 2026-11-21T08:00, 7d")
    .option("--until <time>", "up to this time; a day is taken whole")
    .option("--out <file>", "file to write (default: standard output)")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ExportFlags) => {
      const format = formatOf(flags);
      const now = Date.now();
      const query: Query = {
        ...(flags.since === undefined ? {} : { since: momentOf(flags.since, "--since", now) }),
        ...(flags.until === undefined ? {} : { until: momentOf(flags.until, "--until", now) }),
      };
      await withSidecar(flags, async (api) => {
        if (flags.out === undefined) {
          await writeCalls(api, format, query, process.stdout);
        } else {
          const count = await writeFile(api, format, query, flags.out);
          note(`Wrote ${count} ${count === 1 ? "call" : "calls"} to ${flags.out}`);
        }
      });
    });
}

/** With --json, lines of JSON are meant. @throws UsageError */
function formatOf({ format, json }: ExportFlags): Format {
  if (format === undefined && json !== true) {
    throw new UsageError("--format: say csv or jsonl");
  }
  if (format === "csv" && json === true) {
    throw new UsageError("--format: csv is not JSON; leave out one of --format and --json");
  }
  return format ?? "jsonl";
}

/** The file appears whole or not at all. */
async function writeFile(api: ApiClient, format: Format, query: Query, path: string): Promise<number> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = createWriteStream(temporary, { flags: "wx" });
  const closed = finished(file);
  closed.catch(() => {});
  try {
    const count = await writeCalls(api, format, query, file);
    file.end();
    await closed;
    await rename(temporary, path);
    return count;
  } catch (error) {
    file.destroy();
    await rm(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new CliError(`${path} cannot be written: ${message}`);
  }
}

async function writeCalls(api: ApiClient, format: Format, query: Query, to: Writable): Promise<number> {
  let count = 0;
  if (format === "csv") {
    await write(to, csvLine(CALL_COLUMNS.map(([title]) => title)));
  }
  for await (const call of api.allCalls({ ...query, limit: PAGE })) {
    await write(to, format === "csv" ? csvLine(CALL_COLUMNS.map(([, value]) => value(call))) : JSON.stringify(call));
    count += 1;
  }
  return count;
}

/** Resolves when the stream takes more. */
function write(to: Writable, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (to.write(`${line}\n`, (error) => (error ? reject(error) : undefined))) {
      resolve();
    } else {
      to.once("drain", resolve);
    }
  });
}
