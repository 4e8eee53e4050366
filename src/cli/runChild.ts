import { spawn } from "node:child_process";
import { constants } from "node:os";
import { CliError } from "./exitCode.ts";

/** As shells have it: the command cannot be found, or cannot be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/**
 * Runs a program in this terminal until it ends, passes signals on to it, and gives its exit code; 128 + n where signal n
 * ended it.
 * @throws CliError where it cannot be started.
 */
export function runChild(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env: withoutHost(environment) });
    const passOn = (signal: NodeJS.Signals) => {
      // Ctrl+C in a terminal reaches the child by itself: twice would be once too often.
      if (signal !== "SIGINT" || !process.stdin.isTTY) {
        child.kill(signal);
      }
    };
    const signals: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) {
      process.on(signal, passOn);
    }
    const done = () => {
      for (const signal of signals) {
        process.removeListener(signal, passOn);
      }
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      done();
      reject(
        error.code === "ENOENT"
          ? new CliError(`${command}: command not found`, NOT_FOUND)
          : new CliError(`${command} cannot be run: ${error.message}`, NOT_RUNNABLE),
      );
    });
    child.on("close", (code, signal) => {
      done();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** An Electron that was made to be Node for this command is not to make the same of the program. */
function withoutHost(environment: Parameters<typeof runChild>[2]): Parameters<typeof runChild>[2] {
  const { ELECTRON_RUN_AS_NODE: _, ...rest } = environment;
  return "electron" in process.versions ? rest : environment;
}
