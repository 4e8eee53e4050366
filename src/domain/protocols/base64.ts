const EQUALS = 0x3d;
/** Larger than any value of a character. */
const NONE = 64;
const VALUES = new Uint8Array(256).fill(NONE);
for (const [value, character] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  VALUES[character.charCodeAt(0)] = value;
}

/**
 * Decodes the base64 that begins at `start`, up to the first character that is none, into `into` from `offset` on. Gives
 * where it ends in `from`; -1 where it is not whole groups of four, or `into` is too small. Node decodes as fast but needs a
 * text to decode, which takes longer to make.
 */
export function decodeBase64(from: Buffer, start: number, into: Buffer, offset: number): number {
  // A quote or more follows what stands in JSON, so that what lies beyond the end is never looked at.
  const lastGroupAt = Math.min(from.length - 4, start + (Math.floor((into.length - offset) / 3) - 1) * 4);
  let at = start;
  let to = offset;
  for (; at <= lastGroupAt; at += 4, to += 3) {
    const a = VALUES[from[at] as number] as number;
    const b = VALUES[from[at + 1] as number] as number;
    const c = VALUES[from[at + 2] as number] as number;
    const d = VALUES[from[at + 3] as number] as number;
    if ((a | b | c | d) >= NONE) {
      break;
    }
    into[to] = (a << 2) | (b >> 4);
    into[to + 1] = (b << 4) | (c >> 2);
    into[to + 2] = (c << 6) | d;
  }
  return to + 3 > into.length ? -1 : lastGroup(from, at, into, to);
}

/** The bytes that base64 from `start` to `end` decodes to. */
export function decodedLength(from: Buffer, start: number, end: number): number {
  const padding = end === start || from[end - 1] !== EQUALS ? 0 : from[end - 2] === EQUALS ? 2 : 1;
  return ((end - start) / 4) * 3 - padding;
}

function lastGroup(from: Buffer, at: number, into: Buffer, to: number): number {
  const a = valueAt(from, at);
  if (a === NONE) {
    return from[at] === EQUALS ? -1 : at;
  }
  const b = valueAt(from, at + 1);
  const c = valueAt(from, at + 2);
  if (b === NONE || from[at + 3] !== EQUALS || (c === NONE && from[at + 2] !== EQUALS)) {
    return -1;
  }
  into[to] = (a << 2) | (b >> 4);
  into[to + 1] = c === NONE ? 0 : (b << 4) | (c >> 2);
  return at + 4;
}

function valueAt(from: Buffer, at: number): number {
  return VALUES[from[at] ?? 0] as number;
}
