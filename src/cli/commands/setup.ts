import { existsSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { Argument, type Command } from "commander";
import { userName } from "../../client/userName.ts";
import { UsageError } from "../exitCode.ts";
import { note, printDone } from "../output.ts";
import { saysYes } from "../saysYes.ts";
import { TOOLS } from "../setup/allTools.ts";
import { applied, changesOf, planSetup, undone } from "../setup/planSetup.ts";
import { hashOf, SetupRecords } from "../setup/setupRecord.ts";
import type { SetupTool } from "../setup/setupTool.ts";
import { textDiff } from "../setup/textDiff.ts";
import { backUp, readTool, replaceFile } from "../setup/toolFile.ts";
import { type CommonOptions, dataDirOf, withSidecar } from "../sidecarAccess.ts";

interface SetupFlags extends CommonOptions {
  readonly project?: string;
  readonly remove?: boolean;
  readonly yes?: boolean;
}

const EXAMPLES = `
The change is shown first and asked for. The file as it was is kept beside it, and --remove undoes exactly what was written.

Examples:
  tollgate setup claude
  tollgate setup codex --yes
  tollgate setup codex --remove`;

export function addSetup(program: Command): void {
  program
    .command("setup")
    .summary("send a tool through the gateway for good")
    .description("Writes a tool's own configuration so that its calls pass the gate, under a pass of its own.")
    .addArgument(new Argument("<tool>", "the tool").choices(TOOLS.map(({ name }) => name)))
    .option("--project <name>", "project that the tool's calls are for")
    .option("--remove", "take out again what was written")
    .option("--yes", "do not ask")
    .addHelpText("after", EXAMPLES)
    .action((name: string, flags: SetupFlags) => {
      const tool = TOOLS.find((one) => one.name === name) as SetupTool;
      const file = tool.file({ home: homedir(), environment: process.env, exists: existsSync });
      return flags.remove ? remove(tool, file, flags) : setUp(tool, file, flags);
    });
}

async function setUp(tool: SetupTool, file: string, flags: SetupFlags): Promise<void> {
  const records = new SetupRecords(dataDirOf(flags));
  const earlier = records.find(tool.name, file);
  const text = readTool(file);
  const { changes, notes } = await withSidecar(flags, async (api) => {
    const plan = planSetup(tool, text, (await api.config()).providers);
    const user = userName();
    const caller = {
      tool: tool.name,
      ...(user === undefined ? {} : { user }),
      ...(flags.project === undefined || flags.project === "" ? {} : { project: flags.project.slice(0, 200) }),
    };
    const { urls } = await api.pass({ ...caller, upstreams: plan.upstreams });
    return { changes: changesOf(tool, text, plan, urls), notes: plan.notes };
  });
  const after = applied(tool, text, changes, earlier);
  if (after.text === text) {
    printDone(flags, { tool: tool.name, file, changed: false, notes }, `${file} is set up already`);
    return;
  }
  if (!(await agreed(flags, file, text, after.text, notes))) {
    return;
  }
  const isThere = existsSync(file);
  const backup = earlier === undefined ? (isThere ? backUp(file) : null) : earlier.backup;
  const isOurs = earlier === undefined || earlier.written === hashOf(text);
  replaceFile(file, after.text);
  records.keep(tool.name, { file, backup, written: isOurs ? hashOf(after.text) : null, changes: after.undo });
  const kept = backup === null ? "" : `; as it was: ${backup}`;
  printDone(flags, { tool: tool.name, file, changed: true, backup, notes }, `Wrote ${file}${kept}`);
}

async function remove(tool: SetupTool, file: string, flags: SetupFlags): Promise<void> {
  const records = new SetupRecords(dataDirOf(flags));
  const record = records.find(tool.name, file);
  if (record === undefined) {
    throw new UsageError(`${tool.name} is not set up in ${file}`);
  }
  const text = readTool(file);
  const { backup } = record;
  const before = backup !== null && existsSync(backup) ? readFileSync(backup, "utf8") : null;
  // A backup that somebody has taken away is no reason to lose the file.
  const exactly = backup !== null && before === null ? { ...record, written: null } : record;
  const after = undone(tool, text, exactly, before);
  const notes = after.left.map((path) => `${path.join(".")} has been changed since and is left as it is.`);
  if (after.text !== text && !(await agreed(flags, file, text, after.text ?? "", notes))) {
    return;
  }
  if (after.text === null) {
    rmSync(file, { force: true });
  } else if (after.text !== text) {
    replaceFile(file, after.text);
  }
  if (after.exact && backup !== null) {
    rmSync(backup, { force: true });
  }
  records.forget(tool.name, file);
  const kept = after.exact || before === null ? "" : `; as it was before the setup: ${backup}`;
  printDone(
    flags,
    { tool: tool.name, file, removed: true, exact: after.exact, notes },
    `Took out of ${file} what was written${kept}`,
  );
}

/** Shows what would change; whether it may be written. @throws UsageError where nobody can be asked. */
async function agreed(
  flags: SetupFlags,
  file: string,
  before: string,
  after: string,
  notes: readonly string[],
): Promise<boolean> {
  note(file);
  for (const line of textDiff(before, after)) {
    note(withoutPass(line));
  }
  for (const line of notes) {
    note(`tollgate: ${line}`);
  }
  if (flags.yes) {
    return true;
  }
  if (!process.stdin.isTTY) {
    throw new UsageError("nothing is written without a yes: answer in a terminal, or give --yes");
  }
  return saysYes("Write this?");
}

/** Passes are secrets; of one, lists and diffs show how it begins. */
function withoutPass(line: string): string {
  return line.replace(/(\/p\/[0-9a-f]{6})[0-9a-f]{26}(?=\/)/g, "$1…");
}
