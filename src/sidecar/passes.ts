import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Caller, callerSchema } from "../domain/caller.ts";
import { DataFolderError, isMissing, writePrivately } from "./dataFolder.ts";

const PASSES_FILE = "passes.json";

const passSchema = z.object({
  pass: z.string().regex(/^[0-9a-f]{32}$/),
  caller: callerSchema,
  madeAt: z.iso.datetime(),
});
const passesSchema = z.object({ passes: z.array(passSchema) });
type Pass = z.infer<typeof passSchema>;

/** The secrets in base URLs that name callers: 128 random bits each, kept in a 0600 file of the data folder. */
export class Passes {
  readonly #path: string;
  readonly #passes: Pass[];
  /** A map compares seeded hashes first, so the time of a look-up tells nothing of how much of a guess was right. */
  readonly #callers = new Map<string, Caller>();

  constructor(dataDir: string) {
    this.#path = join(dataDir, PASSES_FILE);
    this.#passes = readPasses(this.#path);
    for (const { pass, caller } of this.#passes) {
      this.#callers.set(pass, caller);
    }
  }

  callerOf(pass: string): Caller | undefined {
    return this.#callers.get(pass);
  }

  /** The pass of a caller: the one it has, or a new one. */
  passFor(caller: Caller, now: number): string {
    const wanted = identityOf(caller);
    const known = this.#passes.find((entry) => identityOf(entry.caller) === wanted);
    if (known !== undefined) {
      return known.pass;
    }
    const pass = randomBytes(16).toString("hex");
    this.#passes.push({ pass, caller, madeAt: new Date(now).toISOString() });
    this.#callers.set(pass, caller);
    writePrivately(this.#path, `${JSON.stringify({ passes: this.#passes }, null, 2)}\n`);
    return pass;
  }
}

function readPasses(path: string): Pass[] {
  try {
    return passesSchema.parse(JSON.parse(readFileSync(path, "utf8"))).passes;
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    throw new DataFolderError(`${path} is damaged. Move it away; tools then need new base URLs from "tollgate pass".`);
  }
}

function identityOf({ project, tool, user, tags }: Caller): string {
  return JSON.stringify([project ?? null, tool ?? null, user ?? null, [...tags].sort()]);
}
