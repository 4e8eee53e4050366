/** Writes one line of what was asked for. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes one line about it, where it does not mix with what was asked for. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

/** Says what was done: in words, or as JSON where that is wanted. */
export function printDone({ json }: { readonly json?: boolean }, data: unknown, line: string): void {
  if (json) {
    printJson(data);
  } else {
    print(line);
  }
}

/** Columns of the terminal; without bound where the output is no terminal. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? (process.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
}
