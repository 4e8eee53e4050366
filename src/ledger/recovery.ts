import { join } from "node:path";
import type { TollgateEvent } from "../domain/events.ts";
import type { FileSystem } from "./fileSystem.ts";
import type { SegmentHeader } from "./journalLine.ts";
import { journalFolder, readHeader, readSegment, segmentName } from "./journalSegment.ts";
import type { Projection, SkippedEvent } from "./projection.ts";

const BATCH = 2_000;

/** What reading the journal found. */
export interface Recovery {
  /** Events that the snapshot did not hold. */
  readonly replayed: number;
  /** The highest number that is taken, in the journal or the database. */
  readonly lastSeq: number;
  /** Whether a line was cut off, and so dropped: nobody had been told that it was booked. */
  readonly tornTail: boolean;
  /** Lines that could not be read, by segment. */
  readonly damaged: ReadonlyArray<{ readonly segment: string; readonly lines: number; readonly copy: string }>;
  readonly skipped: readonly SkippedEvent[];
}

/** The header of the newest segment that has one. Changes nothing. @throws LedgerError where it is of a newer version */
export function newestHeader(fs: FileSystem, dir: string, segments: readonly number[]): SegmentHeader | null {
  for (const number of segments.toReversed()) {
    const header = readHeader(fs, dir, number);
    if (header !== null) {
      return header;
    }
  }
  return null;
}

/** Replays what the journal's segments hold beyond the database. @throws LedgerError where they hold what is newer */
export async function replay(
  fs: FileSystem,
  dir: string,
  segments: readonly number[],
  projection: Projection,
): Promise<Recovery> {
  const reader = new TailReader(projection);
  const tail = tailOf(fs, dir, segments, projection.appliedSeq + 1);
  const damaged: Array<{ segment: string; lines: number; copy: string }> = [];
  for (const [index, { number }] of tail.entries()) {
    reader.begin(tail.slice(index + 1).find(({ header }) => header !== null)?.header ?? null);
    readSegment(fs, dir, number, reader);
    const lines = reader.end();
    if (lines.length > 0) {
      const copy = await copyDamaged(fs, dir, number, lines);
      damaged.push({ segment: segmentName(number), lines: lines.length, copy });
    }
  }
  reader.flush();
  return {
    replayed: reader.replayed,
    lastSeq: Math.max(projection.appliedSeq, reader.lastSeq),
    tornTail: reader.tornTail,
    damaged,
    skipped: reader.skipped,
  };
}

/** Where the damaged lines of a segment are kept. */
export function damagedCopyPath(dir: string, number: number): string {
  return join(journalFolder(dir), `damaged-${segmentName(number).replace(".jsonl", "")}.txt`);
}

/** Keeps damaged lines, beside those kept before; gives the path of the copy. Fails as the file system does. */
export async function copyDamaged(
  fs: FileSystem,
  dir: string,
  number: number,
  lines: readonly Buffer[],
): Promise<string> {
  const copy = damagedCopyPath(dir, number);
  const kept = fs.exists(copy) ? Buffer.from(fs.read(copy)) : Buffer.alloc(0);
  const added = lines.filter((line) => !kept.includes(line)).flatMap((line) => [line, Buffer.from("\n")]);
  await fs.writeFile(copy, Buffer.concat([kept, ...added]));
  return copy;
}

interface Tail {
  readonly number: number;
  readonly header: SegmentHeader | null;
}

/** The segments that may hold events from `firstSeq` on; older ones are not read. */
function tailOf(fs: FileSystem, dir: string, segments: readonly number[], firstSeq: number): Tail[] {
  const tail: Tail[] = [];
  for (const number of segments.toReversed()) {
    const header = readHeader(fs, dir, number);
    tail.unshift({ number, header });
    if (header !== null && header.firstSeq <= firstSeq) {
      break;
    }
  }
  return tail;
}

class TailReader {
  readonly #projection: Projection;
  readonly #applied: number;
  #batch: TollgateEvent[] = [];
  /** Events from this number on stand in the next segment; here they were never acknowledged. */
  #before = Number.POSITIVE_INFINITY;
  #endsWhole = false;
  /** Damaged lines whose place is not known yet, and those that lie beyond the snapshot. */
  #undecided: Buffer[] = [];
  #damaged: Buffer[] = [];
  replayed = 0;
  lastSeq = 0;
  tornTail = false;
  readonly skipped: SkippedEvent[] = [];

  constructor(projection: Projection) {
    this.#projection = projection;
    this.#applied = projection.appliedSeq;
  }

  begin(next: SegmentHeader | null): void {
    this.#before = next?.firstSeq ?? Number.POSITIVE_INFINITY;
    this.#endsWhole = next?.opened === "rotation";
    this.#undecided = [];
    this.#damaged = [];
  }

  event(event: TollgateEvent): void {
    if (event.seq <= this.#applied) {
      this.#undecided = []; // The snapshot was made after them: what they said is in it.
      return;
    }
    this.#decideDamaged();
    if (event.seq >= this.#before || event.seq <= this.lastSeq) {
      return;
    }
    this.lastSeq = event.seq;
    this.replayed += 1;
    this.#batch.push(event);
    if (this.#batch.length >= BATCH) {
      this.flush();
    }
  }

  damaged(line: Buffer): void {
    this.#undecided.push(Buffer.from(line));
  }

  torn(line: Buffer): void {
    if (this.#endsWhole) {
      this.damaged(line);
    } else {
      this.tornTail = true;
    }
  }

  /** Damaged lines of the segment. */
  end(): Buffer[] {
    this.#decideDamaged();
    return this.#damaged;
  }

  flush(): void {
    this.skipped.push(...this.#projection.apply(this.#batch));
    this.#batch = [];
  }

  #decideDamaged(): void {
    this.#damaged.push(...this.#undecided);
    this.#undecided = [];
  }
}
