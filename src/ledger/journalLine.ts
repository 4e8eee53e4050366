import { crc32 } from "node:zlib";
import type { EventType, TollgateEvent } from "../domain/events.ts";

/** The format that this code writes. A higher one is refused, not guessed at. */
export const JOURNAL_FORMAT = 1;

/** First line of a segment: why it was opened, and the number that its first event has or will have. */
export interface SegmentHeader {
  readonly type: "segment";
  readonly format: number;
  /** Counts sidecars that owned the folder. */
  readonly generation: number;
  readonly firstSeq: number;
  /** `rotation`: the segment before was on the disk to its end. Else it may end in a torn line that nobody was told of. */
  readonly opened: "start" | "rotation" | "overflow" | "recovery";
}

export type DecodedLine =
  | { readonly kind: "event"; readonly event: TollgateEvent }
  | { readonly kind: "header"; readonly header: SegmentHeader }
  | { readonly kind: "damaged" }
  /** Whole, but of a kind that this version does not know. */
  | { readonly kind: "unknown"; readonly type: string };

const EVENT_TYPES: ReadonlySet<string> = new Set<EventType>(
  Object.keys({
    "sidecar.started": true,
    "sidecar.stopped": true,
    "call.held": true,
    "call.settled": true,
    "call.refused": true,
    "call.deferred": true,
    "call.corrected": true,
    "compute.accrued": true,
    "compute.shared": true,
    "compute.unknown": true,
    "compute.stop": true,
    "budget.changed": true,
    "budget.decided": true,
    "provider.changed": true,
    "backend.switched": true,
    "provider.state": true,
    "price.changed": true,
    "alert.raised": true,
  } satisfies Record<EventType, true>) as EventType[],
);

const CRC_LENGTH = 8;
const SPACE = 0x20;

/** One line of the journal: checksum (8 hex digits) of the JSON text, a space, the JSON text, a newline. */
export function encodeLine(content: TollgateEvent | SegmentHeader): string {
  const json = JSON.stringify(content);
  return `${crc32(json).toString(16).padStart(CRC_LENGTH, "0")} ${json}\n`;
}

/** Reads one line, without its newline. */
export function decodeLine(line: Buffer): DecodedLine {
  if (line.length < CRC_LENGTH + 3 || line[CRC_LENGTH] !== SPACE) {
    return DAMAGED;
  }
  const json = line.subarray(CRC_LENGTH + 1);
  if (crc32(json).toString(16).padStart(CRC_LENGTH, "0") !== line.toString("latin1", 0, CRC_LENGTH)) {
    return DAMAGED;
  }
  const content = parse(json);
  if (content === undefined) {
    return DAMAGED;
  }
  if (EVENT_TYPES.has(content.type)) {
    return { kind: "event", event: content as TollgateEvent };
  }
  return content.type === "segment"
    ? { kind: "header", header: content as SegmentHeader }
    : { kind: "unknown", type: String(content.type) };
}

const DAMAGED: DecodedLine = Object.freeze({ kind: "damaged" });

function parse(json: Buffer): { type: string } | undefined {
  try {
    const content: unknown = JSON.parse(json.toString("utf8"));
    return typeof content === "object" && content !== null ? (content as { type: string }) : undefined;
  } catch {
    return undefined;
  }
}
