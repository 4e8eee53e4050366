import { createInterface } from "node:readline/promises";

/** Asks in the terminal; nothing but a yes is one. */
export async function saysYes(question: string): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question(`${question} [y/N] `);
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}
