import { appendFileSync, closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { LastError } from "../../domain/backends/backendApi.ts";
import type { TollgateEvent } from "../../domain/events.ts";
import { withoutSecrets } from "../../domain/withoutSecrets.ts";

const FILE = "failures.jsonl";
const OLDER_FILE = "failures.1.jsonl";
/** Where a file is this long, in bytes, a new one begins; the one before it is kept. */
const LONGEST_FILE = 1024 * 1024;
/** Messages of failures that are not booked yet. */
const MOST_NOTES = 1_000;

/** One line of the log. */
const failureSchema = z.object({
  at: z.iso.datetime(),
  event: z.enum(["call.failed", "call.interrupted", "call.refused", "call.limited", "backend.sick"]),
  backend: z.string(),
  model: z.string(),
  errorType: z.string(),
  message: z.string(),
  /** How often the same call had been sent before. */
  retryCount: z.int().min(0),
  callId: z.string().nullable(),
  httpStatus: z.int().nullable(),
});
export type Failure = z.infer<typeof failureSchema>;

export interface FailureLogOptions {
  readonly dataDir: string;
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/**
 * Failures as JSON lines, in two files of bounded length in the data folder, with nothing secret in them. A disk that takes
 * nothing is told of once and stops no call.
 */
export class FailureLog {
  readonly #path: string;
  readonly #olderPath: string;
  readonly #options: FailureLogOptions;
  readonly #notes = new Map<string, string>();
  readonly #last = new Map<string, LastError>();
  #size: number;
  #isTold = false;

  constructor(options: FailureLogOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, FILE);
    this.#olderPath = join(options.dataDir, OLDER_FILE);
    this.#size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
    for (const failure of [...readFailures(this.#olderPath), ...readFailures(this.#path)]) {
      this.#remember(failure);
    }
  }

  /** The last failed call of a provider; refusals of a budget are none of the provider's failures. */
  lastOf(provider: string): LastError | null {
    return this.#last.get(provider) ?? null;
  }

  /** What is known of a failure whose call is about to be booked. */
  note(callId: string, message: string): void {
    if (this.#notes.size >= MOST_NOTES) {
      this.#notes.clear();
    }
    this.#notes.set(callId, message);
  }

  /** Looks on while events are written to the journal. */
  see(event: TollgateEvent): void {
    if (event.type !== "call.settled" && event.type !== "call.refused") {
      return;
    }
    const { call } = event;
    const note = this.#notes.get(call.id);
    this.#notes.delete(call.id);
    const names: Partial<Record<typeof call.status, Failure["event"]>> = {
      error: "call.failed",
      interrupted: "call.interrupted",
      refused: "call.refused",
    };
    const isLimited = call.status === "refused" && event.type === "call.settled";
    const name = isLimited ? "call.limited" : names[call.status];
    if (name === undefined) {
      return;
    }
    const message = event.type === "call.refused" ? event.refusal.message : (note ?? "");
    this.write({
      at: call.endedAt,
      event: name,
      backend: call.provider,
      model: call.model,
      errorType: call.errorType ?? (call.httpStatus === null ? call.status : `http_${call.httpStatus}`),
      message,
      retryCount: call.attempt - 1,
      callId: call.id,
      httpStatus: call.httpStatus,
    });
  }

  /** Never throws. */
  write(failure: Failure): void {
    const safe: Failure = {
      ...failure,
      model: withoutSecrets(failure.model),
      errorType: withoutSecrets(failure.errorType, 100),
      message: withoutSecrets(failure.message),
    };
    this.#remember(safe);
    const line = `${JSON.stringify(safe)}\n`;
    try {
      if (this.#size + line.length > LONGEST_FILE) {
        renameSync(this.#path, this.#olderPath);
        this.#size = 0;
      }
      if (this.#size === 0) {
        closeSync(openSync(this.#path, "a", 0o600));
      }
      appendFileSync(this.#path, line);
      this.#size += Buffer.byteLength(line);
      this.#isTold = false;
    } catch (error) {
      if (!this.#isTold) {
        this.#isTold = true;
        this.#options.log(`${this.#path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  #remember({ event, backend, at, model, errorType, message }: Failure): void {
    if (event === "call.failed") {
      this.#last.set(backend, { at, model, errorType, message });
    }
  }
}

/** What can be read of a log; a line that a crash cut off is passed over. */
function readFailures(path: string): Failure[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [failureSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
