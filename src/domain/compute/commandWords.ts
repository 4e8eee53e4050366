/** A program and its arguments for people: what is no plain word stands in quotation marks. */
export function commandWords(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}
