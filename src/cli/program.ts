import { Command } from "commander";
import { VERSION } from "../domain/version.ts";
import { addAsk } from "./commands/ask.ts";
import { addBackend } from "./commands/backend.ts";
import { addBatch } from "./commands/batch.ts";
import { addBudget } from "./commands/budget.ts";
import { addCheck } from "./commands/check.ts";
import { addCompletion } from "./commands/completion.ts";
import { addCompute } from "./commands/compute.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEnv } from "./commands/env.ts";
import { addEstimate } from "./commands/estimate.ts";
import { addExport } from "./commands/export.ts";
import { addLimit } from "./commands/limit.ts";
import { addModels } from "./commands/models.ts";
import { addPass } from "./commands/pass.ts";
import { addPrices } from "./commands/prices.ts";
import { addRelease } from "./commands/release.ts";
import { addReport } from "./commands/report.ts";
import { addRun } from "./commands/run.ts";
import { addServe } from "./commands/serve.ts";
import { addSetup } from "./commands/setup.ts";
import { addStatus } from "./commands/status.ts";

const EXIT_CODES = `
Exit codes:
  0  done; for check: within every budget
  1  error; for doctor: something is damaged
  2  wrong usage
  3  a budget is spent (check, ask, batch)
run leaves with the code of the program it ran.

Commands find the sidecar of the data folder, or start one that leaves a minute after it is last needed.`;

/** The command `tollgate` with all that stands below it. */
export function makeProgram(): Command {
  const program = new Command("tollgate")
    .description("Every LLM call of this machine passes one gate, is priced, and stops when the budget is spent.")
    .version(VERSION)
    .enablePositionalOptions()
    .showHelpAfterError(false)
    .addHelpText("after", EXIT_CODES);
  for (const add of [
    addServe,
    addStatus,
    addPass,
    addRun,
    addEnv,
    addSetup,
    addAsk,
    addBatch,
    addEstimate,
    addModels,
    addBackend,
    addPrices,
    addReport,
    addCompute,
    addExport,
    addBudget,
    addLimit,
    addCheck,
    addDoctor,
    addRelease,
    addCompletion,
  ]) {
    add(program);
  }
  eachLeaf(program, (command) => {
    command.option("--data-dir <dir>", "data folder (default: TOLLGATE_DATA_DIR, or the user's own)");
    if (!WITHOUT_JSON.has(command.name())) {
      command.option("--json", "print JSON");
    }
    command.exitOverride().configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, `${pathOf(command)}: `)),
    });
  });
  return program.exitOverride().configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, "tollgate: ")),
  });
}

/** `tollgate prices set`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** What these print is for shells. */
const WITHOUT_JSON = new Set(["completion", "complete"]);

/** These do something themselves although others stand below them. */
const WITH_OWN_ACTION = new Set(["pass"]);

function eachLeaf(command: Command, visit: (leaf: Command) => void): void {
  for (const child of command.commands) {
    if (child.commands.length > 0) {
      child.exitOverride();
      eachLeaf(child, visit);
    }
    if (child.commands.length === 0 || WITH_OWN_ACTION.has(child.name())) {
      visit(child);
    }
  }
}
