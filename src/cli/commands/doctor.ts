import { existsSync } from "node:fs";
import type { Command } from "commander";
import { findSidecar } from "../../client/findSidecar.ts";
import { formatCount } from "../../domain/formats.ts";
import type { Examination } from "../../ledger/doctor.ts";
import { CliError, EXIT } from "../exitCode.ts";
import { print, printJson } from "../output.ts";
import { type CommonOptions, dataDirOf } from "../sidecarAccess.ts";

interface DoctorFlags extends CommonOptions {
  readonly repair?: boolean;
}

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("check the books, and repair them")
    .description(
      "Checks a data folder that no sidecar uses: every entry of the journal, the database against it, totals against calls.\nLeaves with 0 where all is sound, with 1 where something is damaged.",
    )
    .option("--repair", "rebuild the database from the journal; the old one is set aside, nothing is deleted")
    .addHelpText("after", "\nExamples:\n  tollgate doctor\n  tollgate doctor --repair")
    .action((flags: DoctorFlags) => doctor(flags));
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const dataDir = dataDirOf(flags);
  if (!existsSync(dataDir)) {
    throw new CliError(`There is no data folder ${dataDir}`);
  }
  const sidecar = await findSidecar(dataDir);
  if (sidecar !== null) {
    throw new CliError(
      `The sidecar (process ${sidecar.pid}) is using ${dataDir}: close VS Code and end that process, then try again`,
    );
  }
  const { examine, repairFolder } = await import("../../ledger/doctor.ts");
  const options = { dir: dataDir, now: Date.now };
  const repair = flags.repair ? await repairFolder(options) : null;
  const found = repair?.before ?? (await examine(options));
  const { sound } = repair?.after ?? found;
  if (flags.json) {
    printJson({ dataDir, ...found, ...(repair === null ? {} : { repaired: repair.done, after: repair.after }) });
  } else {
    print(`Data folder ${dataDir}`);
    show(found);
    if (repair !== null && repair.done.length > 0) {
      print("Repaired:");
      for (const line of repair.done) {
        print(`  ${line}`);
      }
      show(repair.after);
    } else if (!found.sound && repair === null) {
      print("tollgate doctor --repair rebuilds the database from the journal.");
    }
  }
  process.exitCode = sound ? EXIT.ok : EXIT.error;
}

function show({ sound, journalFiles, entries, calls, archives, openHolds, findings }: Examination): void {
  print(
    `Checked ${count(entries, "entry", "entries")} in ${count(journalFiles, "journal file", "journal files")}, ${count(calls, "call", "calls")}, ${count(archives, "archive", "archives")}, ${count(openHolds, "open hold", "open holds")}.`,
  );
  for (const { kind, text } of findings) {
    print(`  ${kind === "fault" ? "✗" : "·"} ${text}`);
  }
  const faults = findings.filter(({ kind }) => kind === "fault").length;
  print(
    sound
      ? "Sound: everything can be read, and every total equals its calls."
      : `${count(faults, "fault", "faults")} found.`,
  );
}

function count(number: number, one: string, many: string): string {
  return `${formatCount(number)} ${number === 1 ? one : many}`;
}
