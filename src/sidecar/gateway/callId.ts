import { randomFillSync } from "node:crypto";

const CHANCE_BYTES = 8;
/** Random bytes for many ids: asking for each id's own costs ten times as much. */
const pool = Buffer.alloc(512 * CHANCE_BYTES);
let used = pool.length;

/** Sorts by time (`now` in ms since the epoch); the rest, 64 bits, is chance. */
export function newCallId(now: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += CHANCE_BYTES;
  return `call_${now.toString(36)}${pool.toString("hex", used - CHANCE_BYTES, used)}`;
}
