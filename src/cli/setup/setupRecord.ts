import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CliError } from "../exitCode.ts";
import { replaceFile } from "./toolFile.ts";

const value = z.union([z.string(), z.number()]);
const recordSchema = z.object({
  file: z.string(),
  /** The file as it was before; null where there was none. */
  backup: z.string().nullable(),
  /** SHA-256 of what was written; null once somebody else has changed the file between two setups. */
  written: z.string().nullable(),
  changes: z.array(z.object({ path: z.array(z.string()), kept: z.int(), before: value.nullable(), after: value })),
});
/** What `tollgate setup` wrote into a tool's file, so that it can be undone. */
export type SetupRecord = z.infer<typeof recordSchema>;
const recordsSchema = z.record(z.string(), recordSchema);

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What was set up, by tool and file, as the data folder remembers it. */
export class SetupRecords {
  readonly #path: string;

  constructor(dataDir: string) {
    this.#path = join(dataDir, "setups.json");
  }

  find(tool: string, file: string): SetupRecord | undefined {
    return this.#read()[`${tool} ${file}`];
  }

  keep(tool: string, record: SetupRecord): void {
    this.#write({ ...this.#read(), [`${tool} ${record.file}`]: record });
  }

  forget(tool: string, file: string): void {
    const { [`${tool} ${file}`]: _gone, ...others } = this.#read();
    this.#write(others);
  }

  #read(): Record<string, SetupRecord> {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch {
      return {};
    }
    try {
      return recordsSchema.parse(JSON.parse(text));
    } catch {
      throw new CliError(`${this.#path} is damaged: the backups beside the tools' files still hold what was there`);
    }
  }

  #write(records: Record<string, SetupRecord>): void {
    replaceFile(this.#path, `${JSON.stringify(records, null, 2)}\n`);
  }
}
