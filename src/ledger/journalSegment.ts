import { join } from "node:path";
import type { TollgateEvent } from "../domain/events.ts";
import type { FileSystem } from "./fileSystem.ts";
import { decodeLine, JOURNAL_FORMAT, type SegmentHeader } from "./journalLine.ts";
import { newerError } from "./ledgerError.ts";

const NAME = /^(\d{12})\.jsonl$/;
const HEADER_BYTES = 512;
const NEWLINE = 0x0a;

export function journalFolder(dir: string): string {
  return join(dir, "journal");
}

export function segmentName(number: number): string {
  return `${String(number).padStart(12, "0")}.jsonl`;
}

export function segmentPath(dir: string, number: number): string {
  return join(journalFolder(dir), segmentName(number));
}

/** Numbers of the segments that exist, ascending. */
export function listSegments(fs: FileSystem, dir: string): number[] {
  return fs
    .list(journalFolder(dir))
    .flatMap((name) => {
      const match = NAME.exec(name);
      return match === null ? [] : [Number(match[1])];
    })
    .sort((a, b) => a - b);
}

/** A segment's header, or null where it has none: made, but nothing written, or damaged. @throws LedgerError if newer */
export function readHeader(fs: FileSystem, dir: string, number: number): SegmentHeader | null {
  const start = asBuffer(fs.readStart(segmentPath(dir, number), HEADER_BYTES));
  const end = start.indexOf(NEWLINE);
  const line = decodeLine(end < 0 ? start : start.subarray(0, end));
  if (line.kind !== "header") {
    return null;
  }
  if (line.header.format > JOURNAL_FORMAT) {
    throw newerError(`The journal in ${journalFolder(dir)}`);
  }
  return line.header;
}

export interface SegmentVisitor {
  event(event: TollgateEvent): void;
  /** A line, without its newline, that is not what was written. */
  damaged(line: Buffer): void;
  /** The segment ends in the middle of a line. */
  torn(line: Buffer): void;
}

/** Reads a segment line by line. @throws LedgerError where it holds what only a newer version knows */
export function readSegment(fs: FileSystem, dir: string, number: number, visitor: SegmentVisitor): void {
  const bytes = asBuffer(fs.read(segmentPath(dir, number)));
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start);
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    const decoded = decodeLine(line);
    if (decoded.kind === "event") {
      visitor.event(decoded.event);
    } else if (decoded.kind === "unknown" || (decoded.kind === "header" && decoded.header.format > JOURNAL_FORMAT)) {
      throw newerError(`The journal in ${journalFolder(dir)}`);
    } else if (decoded.kind === "damaged") {
      if (end < 0) {
        visitor.torn(line);
      } else {
        visitor.damaged(line);
      }
    }
    start = end < 0 ? bytes.length : end + 1;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
