import { join } from "node:path";
import { eventSchema, type TollgateEvent } from "../../domain/events.ts";
import type { FileSystem } from "../fileSystem.ts";
import type { SegmentHeader } from "../journalLine.ts";
import { journalFolder, listSegments, readHeader, readSegment, segmentName } from "../journalSegment.ts";
import { damagedCopyPath } from "../recovery.ts";
import { counted, type Finding, fault, note } from "./finding.ts";

/** What the lines of the journal are like. */
export interface JournalCheck {
  readonly files: number;
  /** Entries that count. */
  readonly entries: number;
  readonly lastSeq: number;
  readonly findings: readonly Finding[];
  /** Whether it tells everything from the first entry on, so that the books can be rebuilt from it. */
  readonly reachesBack: boolean;
  /** Lines that cannot be read, by segment. */
  readonly damaged: ReadonlyMap<number, readonly Buffer[]>;
  /** Whether an entry of this number may have stood in a line that cannot be read any more. */
  mayHaveHeld(seq: number): boolean;
}

/** Reads every line, and tells of every event that counts, in order. @throws LedgerError where a newer Tollgate wrote it */
export function checkJournal(fs: FileSystem, dir: string, visit: (event: TollgateEvent) => void): JournalCheck {
  const reader = new JournalReader(visit);
  const segments = listSegments(fs, dir).map((number) => ({ number, header: readHeader(fs, dir, number) }));
  const missing = missingNumbers(segments.map(({ number }) => number));
  const damaged = new Map<number, Buffer[]>();
  for (const [index, { number }] of segments.entries()) {
    const next = segments.slice(index + 1).find(({ header }) => header !== null)?.header ?? null;
    const lines = reader.read(fs, dir, number, next);
    if (lines.length > 0) {
      damaged.set(number, lines);
    }
  }
  const findings = [
    ...missing.map((number) =>
      fault(`The journal file ${segmentName(number)} is missing; what it told is known from the database alone.`),
    ),
    ...[...damaged].map(([number, lines]) => damageFinding(fs, dir, number, lines)),
    ...reader.findings(),
  ];
  return {
    files: segments.length,
    entries: reader.entries,
    lastSeq: reader.lastSeq,
    findings,
    reachesBack: missing.length === 0,
    damaged,
    mayHaveHeld: (seq) => seq > reader.lastSeq || reader.lost.some(({ from, to }) => from <= seq && seq <= to),
  };
}

/** Damage that was copied out before is known: the books go on without it. */
function damageFinding(fs: FileSystem, dir: string, number: number, lines: readonly Buffer[]): Finding {
  const path = damagedCopyPath(dir, number);
  const copied = fs.exists(path) ? Buffer.from(fs.read(path)) : Buffer.alloc(0);
  const what = `${counted(lines.length, "line", "lines")} of the journal file ${segmentName(number)}`;
  return lines.every((line) => copied.includes(line))
    ? note(`${what} could not be read; known since it was copied to ${path}.`)
    : fault(`${what} cannot be read.`);
}

function missingNumbers(numbers: readonly number[]): number[] {
  const present = new Set(numbers);
  return Array.from({ length: numbers.at(-1) ?? 0 }, (_, index) => index + 1).filter((number) => !present.has(number));
}

class JournalReader {
  readonly #visit: (event: TollgateEvent) => void;
  readonly #findings: Finding[] = [];
  readonly lost: Array<{ readonly from: number; readonly to: number }> = [];
  entries = 0;
  lastSeq = 0;
  #malformed = 0;
  #firstMalformed = "";
  #torn = 0;
  #formerOwners = 0;
  #damagedBefore = 0;

  constructor(visit: (event: TollgateEvent) => void) {
    this.#visit = visit;
  }

  /** Reads a segment; gives its damaged lines. */
  read(fs: FileSystem, dir: string, number: number, next: SegmentHeader | null): Buffer[] {
    const damaged: Buffer[] = [];
    const isDamaged = (line: Buffer) => {
      damaged.push(Buffer.from(line));
      this.#damagedBefore += 1;
    };
    const header = readHeader(fs, dir, number);
    let lastHere = 0;
    let disordered = 0;
    let leftOut = 0;
    readSegment(fs, dir, number, {
      event: (event) => {
        const { seq } = event;
        if (seq <= lastHere) {
          disordered += 1;
          return;
        }
        // Where the disk failed, a hold that was refused took its number along.
        if (lastHere > 0 && seq > lastHere + 1 && this.#damagedBefore === 0 && header?.opened !== "recovery") {
          leftOut += seq - lastHere - 1;
        }
        lastHere = seq;
        // Beyond the next segment's first number stands what a former owner wrote and nobody was told of.
        if (seq >= (next?.firstSeq ?? Number.POSITIVE_INFINITY) || seq <= this.lastSeq) {
          this.#formerOwners += 1;
          return;
        }
        this.#count(event);
      },
      damaged: isDamaged,
      torn: (line) => {
        if (next?.opened === "rotation") {
          isDamaged(line);
        } else {
          this.#torn += 1;
        }
      },
    });
    const name = join(journalFolder(dir), segmentName(number));
    if (disordered > 0) {
      this.#findings.push(fault(`${counted(disordered, "entry stands", "entries stand")} out of order in ${name}.`));
    }
    if (leftOut > 0) {
      this.#findings.push(fault(`${counted(leftOut, "entry is", "entries are")} missing in the middle of ${name}.`));
    }
    return damaged;
  }

  findings(): Finding[] {
    const findings = [...this.#findings];
    if (this.#malformed > 0) {
      const what = counted(this.#malformed, "entry is", "entries are");
      findings.push(fault(`${what} whole but not of the form that this version knows (${this.#firstMalformed}).`));
    }
    if (this.#torn > 0) {
      findings.push(
        note(
          `${counted(this.#torn, "file of the journal ends", "files of the journal end")} in the middle of an entry: it had not been booked.`,
        ),
      );
    }
    if (this.#formerOwners > 0) {
      const what = counted(this.#formerOwners, "entry was", "entries were");
      findings.push(note(`${what} written twice, or by a sidecar that had lost the folder, and count once or not.`));
    }
    return findings;
  }

  #count(event: TollgateEvent): void {
    if (this.#damagedBefore > 0) {
      this.lost.push({ from: this.lastSeq + 1, to: event.seq - 1 });
      this.#damagedBefore = 0;
    }
    this.lastSeq = event.seq;
    this.entries += 1;
    const parsed = eventSchema.safeParse(event);
    if (!parsed.success) {
      this.#malformed += 1;
      this.#firstMalformed ||= `entry ${event.seq}: ${parsed.error.issues[0]?.path.join(".")}`;
    }
    this.#visit(event);
  }
}
