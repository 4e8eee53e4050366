import { text as readAll } from "node:stream/consumers";
import { UsageError } from "./exitCode.ts";

/** The prompt that is given as arguments; `-`, or nothing, reads standard input. @throws UsageError where there is none. */
export async function promptText(words: readonly string[], wish = "say what to ask"): Promise<string> {
  const given = words.join(" ");
  const fromInput = given === "-" || given === "";
  if (given === "" && process.stdin.isTTY) {
    throw new UsageError(`text: ${wish}`);
  }
  const text = fromInput ? await readAll(process.stdin) : given;
  if (text.trim() === "") {
    throw new UsageError("text: there is nothing to ask");
  }
  return text;
}
