import { backendInWords } from "../domain/backends/backendSettings.ts";
import type { TakeOver } from "../prompts/runWithFallback.ts";

/** Who takes over from whom, and why. */
export function takeOverInWords({ from, to, error }: TakeOver): string {
  const why = error === null ? "It failed not long ago." : error.message;
  return `${backendInWords(from)} does not answer. ${why} ${backendInWords(to)} takes over.`;
}
