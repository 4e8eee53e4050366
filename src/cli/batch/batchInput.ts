import { BatchFileError, type BatchPrompt, promptsOf, sendablePromptsOf } from "../../prompts/batch/batchFile.ts";
import { UsageError } from "../exitCode.ts";

/** The prompts of a file, to be counted: what is no text is left out. @throws UsageError that names the lines that are wrong */
export function countedPrompts(content: string, name: string): BatchPrompt[] {
  return asUsage("--batch", () => promptsOf(content, name));
}

/** The prompts of a file, to be sent. @throws UsageError that names the lines that are wrong */
export function sentPrompts(content: string, name: string): BatchPrompt[] {
  return asUsage("file", () => sendablePromptsOf(content, name));
}

function asUsage<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof BatchFileError ? new UsageError(`${option}: ${error.message}`) : error;
  }
}
