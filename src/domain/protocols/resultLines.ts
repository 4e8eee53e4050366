import type { Collected, LineCollector, Reading } from "../protocol.ts";
import { isObject, type JsonObject, parseOrUndefined } from "./jsonValue.ts";

/** More than any batch has requests: a file of more is none of results. */
const MOST_RESULTS = 250_000;
const LF = 0x0a;

export interface ResultLinesOptions {
  /** As `Collected` has it. */
  readonly deferredId: string;
  /** What one line tells: a reading, null where its request was not billed, undefined where it is no result. */
  readonly read: (result: JsonObject) => Reading | null | undefined;
  /** What results tell of which none was billed; null where further ones may stand elsewhere. */
  readonly noneBilled: Reading | null;
}

/**
 * The results of a batch, JSON lines of one answer each; of a line only its reading is kept. Lines of which one is no result
 * tell nothing: part of the results is not what the batch cost.
 */
export class ResultLines implements LineCollector {
  readonly #options: ResultLinesOptions;
  #readings: Reading[] | null = [];
  #results = 0;

  constructor(options: ResultLinesOptions) {
    this.#options = options;
  }

  line(bytes: Buffer): void {
    if (this.#readings === null || isBlank(bytes)) {
      return;
    }
    const result = parseOrUndefined(bytes);
    const reading = isObject(result) ? this.#options.read(result) : undefined;
    this.#results += 1;
    if (reading === undefined || this.#results > MOST_RESULTS) {
      this.#readings = null;
    } else if (reading !== null) {
      this.#readings.push(reading);
    }
  }

  collected(): Collected | null {
    const { deferredId, noneBilled } = this.#options;
    const readings = this.#readings;
    if (readings === null) {
      return null;
    }
    const isForNothing = noneBilled !== null && readings.length === 0 && this.#results > 0;
    return { deferredId, readings: isForNothing ? [noneBilled] : readings, alsoKnownAs: [] };
  }
}

/** The same of results that are there whole. */
export function collectedFrom(file: Buffer, lines: LineCollector): Collected | null {
  for (let at = 0; at < file.length; ) {
    const lf = file.indexOf(LF, at);
    const end = lf === -1 ? file.length : lf;
    lines.line(file.subarray(at, end));
    at = end + 1;
  }
  return lines.collected();
}

function isBlank(line: Buffer): boolean {
  return line.length < 64 && line.toString("latin1").trim() === "";
}
