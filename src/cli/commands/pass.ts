import { resolve } from "node:path";
import type { Command } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import type { Caller } from "../../domain/caller.ts";
import { LONGEST_PASS_MS } from "../../domain/passApi.ts";
import { collect, minutesOf } from "../arguments.ts";
import { UsageError } from "../exitCode.ts";
import { note, print, printDone, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";
import { tableLines } from "../table.ts";

interface PassFlags extends CommonOptions {
  readonly project?: string;
  readonly tool?: string;
  readonly user?: string;
  readonly tag?: string[];
  readonly folder?: string;
  readonly expires?: string;
}

const EXAMPLES = `
Examples:
  tollgate pass --project web --tool my-script
  tollgate pass --tool guest --expires 7d
  tollgate pass list
  tollgate pass revoke 1f3a90c2`;

export function addPass(program: Command): void {
  const pass = program
    .command("pass")
    .summary("base URLs that name their caller")
    .description("Makes or finds the pass for a caller and prints the base URLs to give to tools.")
    .option("--project <name>", "project the calls are for")
    .option("--tool <name>", "tool that makes the calls")
    .option("--user <name>", "user on whose behalf")
    .option("--tag <name>", "tag of every call; may be given several times", collect)
    .option("--folder <dir>", "folder that is worked in: its Git branch is noted with each call")
    .option("--expires <span>", "until when it is valid, from now: 90m, 2h, 7d, or never (default for a new one)")
    .addHelpText("after", EXAMPLES)
    .action((flags: PassFlags) => showPass(flags));
  pass
    .command("list")
    .description("Lists the passes that are valid, without telling them.")
    .addHelpText("after", "\nOf each pass, only the first six characters are shown.\n\nExample:\n  tollgate pass list")
    .action(async (flags: CommonOptions) => {
      const passes = await withSidecar(flags, (api) => api.passes());
      if (flags.json) {
        printJson({ passes });
        return;
      }
      const rows = passes.map(({ id, beginning, caller, madeAt, lastUsedAt, expiresAt }) => [
        id,
        `${beginning}…`,
        inWords(caller),
        moment(madeAt),
        lastUsedAt === null ? "never" : moment(lastUsedAt),
        expiresAt === null ? "never" : moment(expiresAt),
      ]);
      for (const line of rows.length === 0 ? ["No pass is valid."] : tableLines(COLUMNS, rows, terminalWidth())) {
        print(line);
      }
    });
  pass
    .command("revoke")
    .description("Ends passes: calls that carry one are answered with 401 from then on.")
    .argument("<pass...>", "ids as the list shows them, or all")
    .addHelpText("after", "\nExamples:\n  tollgate pass revoke 1f3a90c2 77b0e1d4\n  tollgate pass revoke all")
    .action(async (ids: string[], flags: CommonOptions) => {
      const revoked = await withSidecar(flags, (api) => revoke(api, ids));
      printDone(flags, { revoked }, `Revoked ${revoked.length} ${revoked.length === 1 ? "pass" : "passes"}`);
    });
}

const COLUMNS = [
  { title: "ID" },
  { title: "PASS", rank: 2 },
  { title: "CALLER", mayShrink: true },
  { title: "MADE", rank: 3 },
  { title: "LAST USED", rank: 1 },
  { title: "EXPIRES", rank: 0 },
];

async function showPass({ project, tool, user, tag, folder, expires, ...flags }: PassFlags): Promise<void> {
  const caller = {
    ...(project === undefined ? {} : { project }),
    ...(tool === undefined ? {} : { tool }),
    ...(user === undefined ? {} : { user }),
    tags: tag ?? [],
    ...(folder === undefined ? {} : { folder: resolve(folder) }),
  };
  const end = expires === undefined ? {} : { expiresInMs: spanOf(expires) };
  const answer = await withSidecar(flags, (api) => api.pass({ ...caller, ...end }));
  if (flags.json) {
    printJson(answer);
    return;
  }
  const widest = Math.max(0, ...Object.keys(answer.urls).map((name) => name.length));
  for (const [name, url] of Object.entries(answer.urls)) {
    print(`${name.padEnd(widest)}  ${url}`);
  }
  note("These addresses answer while the sidecar runs: with VS Code open, or tollgate serve.");
}

/** In ms; null for a pass without an end. @throws UsageError */
function spanOf(text: string): number | null {
  return text === "never" ? null : minutesOf(text, "--expires", LONGEST_PASS_MS / 60_000) * 60_000;
}

/** Gives the ids. @throws UsageError, before anything is revoked, where one is not known. */
async function revoke(api: ApiClient, wanted: readonly string[]): Promise<string[]> {
  const known = (await api.passes()).map(({ id }) => id);
  const unknown = wanted.find((id) => id !== "all" && !known.includes(id));
  if (unknown !== undefined) {
    throw new UsageError(`no pass has the id ${unknown}; see tollgate pass list`);
  }
  const ids = wanted.includes("all") ? known : [...new Set(wanted)];
  for (const id of ids) {
    await api.revokePass(id);
  }
  return ids;
}

function inWords({ project, tool, user, tags, folder }: Caller): string {
  const parts = [project && `project ${project}`, tool && `tool ${tool}`, user && `user ${user}`];
  const named = [...parts, ...tags.map((tag) => `tag ${tag}`), folder && `folder ${folder}`].filter(Boolean);
  return named.length === 0 ? "anyone" : named.join(", ");
}

function moment(time: string): string {
  return new Date(time).toLocaleString("en-US", { dateStyle: "medium", timeStyle: "short" });
}
