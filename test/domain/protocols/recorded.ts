import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Exchanges recorded from real providers, beside the project where there are any. */
const folder = path.resolve(import.meta.dirname, "../../../../shared/recordings");

export const RECORDINGS_MISSING = existsSync(folder) ? null : `no recordings at ${folder}`;

export interface Recorded {
  readonly id: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** Without a question mark; absent or empty where there is none. */
  readonly query?: string;
  readonly request: string;
  readonly status: number;
  readonly contentType: string;
  readonly response: string;
}

/** Every recorded exchange; none where there are no recordings. */
export function allRecorded(): Recorded[] {
  if (RECORDINGS_MISSING !== null) {
    return [];
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(path.join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Recorded);
}

/** Every recorded exchange whose path ends so. */
export function recordedAt(ending: string): Recorded[] {
  return allRecorded().filter((exchange) => exchange.method === "POST" && exchange.path.endsWith(ending));
}

export const isStream = (exchange: Recorded) => exchange.contentType.startsWith("text/event-stream");

/** The JSON payloads of a stream, read in the plainest way. */
export function payloads(stream: string): Array<Record<string, unknown>> {
  return stream
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:") && !line.includes("[DONE]"))
    .map((line) => JSON.parse(line.slice(5)) as Record<string, unknown>);
}
