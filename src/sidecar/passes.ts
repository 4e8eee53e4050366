import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Caller, callerSchema } from "../domain/caller.ts";
import { type PassInfo, passUpstreamsSchema } from "../domain/passApi.ts";
import { runAmong } from "../domain/run.ts";
import { DataFolderError, isMissing, writePrivately } from "./dataFolder.ts";

const PASSES_FILE = "passes.json";
/** When a pass was last used is written down so long, in ms, after the fact. */
const USES_INTERVAL_MS = 300_000;
const SHOWN = 6;

const iso = z.iso.datetime().nullable().default(null);
const passSchema = z.object({
  pass: z.string().regex(/^[0-9a-f]{32}$/),
  caller: callerSchema,
  madeAt: z.iso.datetime(),
  lastUsedAt: iso,
  expiresAt: iso,
  upstreams: passUpstreamsSchema.default({}),
});
const passesSchema = z.object({ passes: z.array(passSchema) });
type Stored = z.infer<typeof passSchema>;

/** What a valid pass says of a call. */
export interface Pass {
  readonly caller: Caller;
  /** Where it leads instead of a provider's own base URL, by the provider's name. */
  readonly upstreams: Readonly<Record<string, string>>;
}

/** A pass that is wanted; without `expiresAt` (ms since the epoch, null for no end) one that exists keeps its own. */
export interface WantedPass extends Pass {
  readonly expiresAt?: number | null;
}

interface Entry extends Omit<Stored, "lastUsedAt" | "expiresAt"> {
  readonly id: string;
  lastUsedAt: number | null;
  expiresAt: number | null;
}

/** The secrets in base URLs that name callers: 128 random bits each, kept in a 0600 file of the data folder. */
export class Passes {
  readonly #path: string;
  /**
   * By the whole secret. A map compares hashes that are seeded anew in each process, and strings only where these agree: the
   * time of a look-up tells nothing of how much of a guess was right.
   */
  readonly #entries = new Map<string, Entry>();
  #wrong = 0;
  #usesTimer: NodeJS.Timeout | null = null;

  constructor(dataDir: string) {
    this.#path = join(dataDir, PASSES_FILE);
    for (const { lastUsedAt, expiresAt, ...stored } of readPasses(this.#path)) {
      this.#entries.set(stored.pass, {
        ...stored,
        id: idOf(stored.pass),
        lastUsedAt: msOf(lastUsedAt),
        expiresAt: msOf(expiresAt),
      });
    }
  }

  /** Calls since the start whose pass was wrong, revoked or expired. */
  get wrong(): number {
    return this.#wrong;
  }

  /** What a call's pass says; undefined, and counted, where it is not (or no longer) valid. */
  use(pass: string, now: number): Pass | undefined {
    const entry = this.#entries.get(pass);
    if (entry === undefined || hasExpired(entry, now)) {
      this.#wrong += 1;
      return undefined;
    }
    entry.lastUsedAt = now;
    this.#usesTimer ??= setTimeout(() => this.flush(), USES_INTERVAL_MS).unref();
    return entry;
  }

  /** As `use`, but not a use: nothing is counted or noted. */
  peek(pass: string, now: number): Pass | undefined {
    const entry = this.#entries.get(pass);
    return entry === undefined || hasExpired(entry, now) ? undefined : entry;
  }

  /** The pass of a caller: the one it has, or a new one. */
  passFor({ caller, upstreams, expiresAt }: WantedPass, now: number): string {
    const wanted = identityOf({ caller, upstreams });
    for (const entry of this.#entries.values()) {
      if (!hasExpired(entry, now) && identityOf(entry) === wanted) {
        if (expiresAt !== undefined && expiresAt !== entry.expiresAt) {
          entry.expiresAt = expiresAt;
          this.#write();
        }
        return entry.pass;
      }
    }
    const pass = randomBytes(16).toString("hex");
    const madeAt = new Date(now).toISOString();
    const more = { id: idOf(pass), madeAt, lastUsedAt: null, expiresAt: expiresAt ?? null };
    this.#entries.set(pass, { pass, caller, upstreams, ...more });
    this.#write();
    return pass;
  }

  /** Those that are valid, in the order in which they were made. */
  list(now: number): PassInfo[] {
    return [...this.#entries.values()]
      .filter((entry) => !hasExpired(entry, now))
      .map(({ pass, id, caller, upstreams, madeAt, lastUsedAt, expiresAt }) => ({
        id,
        beginning: pass.slice(0, SHOWN),
        caller,
        madeAt,
        lastUsedAt: isoOf(lastUsedAt),
        expiresAt: isoOf(expiresAt),
        upstreams,
      }));
  }

  /** The runs that have a pass. */
  runs(): Set<string> {
    const runs = [...this.#entries.values()].flatMap(({ caller }) => runAmong(caller.tags) ?? []);
    return new Set(runs);
  }

  /** Takes a pass away by its id; false where there is none. From then on it opens nothing. */
  revoke(id: string): boolean {
    return this.#drop((entry) => entry.id === id) > 0;
  }

  /** Takes a run's pass away. */
  revokeRun(run: string): void {
    this.#drop(({ caller }) => runAmong(caller.tags) === run);
  }

  /** Forgets those that have expired. */
  sweep(now: number): void {
    this.#drop((entry) => hasExpired(entry, now));
  }

  /** Writes down when passes were last used. */
  flush(): void {
    if (this.#usesTimer !== null) {
      this.#write();
    }
  }

  #drop(which: (entry: Entry) => boolean): number {
    const dropped = [...this.#entries.values()].filter(which);
    for (const { pass } of dropped) {
      this.#entries.delete(pass);
    }
    if (dropped.length > 0) {
      this.#write();
    }
    return dropped.length;
  }

  #write(): void {
    clearTimeout(this.#usesTimer ?? undefined);
    this.#usesTimer = null;
    const passes = [...this.#entries.values()].map(({ id: _id, lastUsedAt, expiresAt, ...stored }) => ({
      ...stored,
      lastUsedAt: isoOf(lastUsedAt),
      expiresAt: isoOf(expiresAt),
    }));
    writePrivately(this.#path, `${JSON.stringify({ passes }, null, 2)}\n`);
  }
}

/** Names a pass without telling it. */
function idOf(pass: string): string {
  return createHash("sha256").update(pass).digest("hex").slice(0, 8);
}

function hasExpired({ expiresAt }: Entry, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

function msOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}

function isoOf(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

function readPasses(path: string): Stored[] {
  try {
    return passesSchema.parse(JSON.parse(readFileSync(path, "utf8"))).passes;
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    throw new DataFolderError(`${path} is damaged. Move it away; tools then need new base URLs from "tollgate pass".`);
  }
}

function identityOf({ caller: { project, tool, user, tags, folder }, upstreams }: Pass): string {
  const led = Object.entries(upstreams).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([project ?? null, tool ?? null, user ?? null, [...tags].sort(), led, folder ?? null]);
}
