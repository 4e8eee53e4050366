/** What the command leaves with. `run` leaves with the code of what it ran. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  budgetSpent: 3,
  /** As shells have it for a program that SIGINT ended. */
  interrupted: 130,
} as const;

/** Ends the command with one line on stderr. The message is for people. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.error) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** An argument that makes no sense. */
export class UsageError extends CliError {
  override readonly name = "UsageError";

  constructor(message: string) {
    super(message, EXIT.usage);
  }
}
