import { CommanderError } from "commander";
import { ApiError } from "../client/apiError.ts";
import { SidecarUnavailableError } from "../client/sidecarUnavailableError.ts";
import { CliError, EXIT } from "./exitCode.ts";
import { makeProgram } from "./program.ts";

async function main(): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // Who reads has read enough, as `head` has.
    process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.error);
  });
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    process.exitCode = fail(error);
  }
  // Connections that are kept open must not keep the command.
  process.stdout.write("", () => process.exit());
}

/** One line on stderr; gives the exit code. Faults of Tollgate itself are told whole where TOLLGATE_DEBUG is set. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; help and version are no errors.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  const known = error instanceof CliError || error instanceof ApiError || error instanceof SidecarUnavailableError;
  const message = error instanceof Error ? error.message : String(error);
  const text = !known && process.env.TOLLGATE_DEBUG && error instanceof Error ? (error.stack ?? message) : message;
  process.stderr.write(`tollgate: ${text}\n`);
  return error instanceof CliError ? error.exitCode : EXIT.error;
}

void main();
