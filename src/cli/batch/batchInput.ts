import { BatchFileError, type BatchPrompt, promptsOf } from "../../prompts/batch/batchFile.ts";
import { UsageError } from "../exitCode.ts";

/** The prompts of a file's content. `option` is how the file was given. @throws UsageError that names the lines that are wrong */
export function batchPrompts(content: string, name: string, option: string): BatchPrompt[] {
  try {
    return promptsOf(content, name);
  } catch (error) {
    throw error instanceof BatchFileError ? new UsageError(`${option}: ${error.message}`) : error;
  }
}
