const BACKSLASH = 0x5c;
const UNICODE = 0x75;
/** What may follow a backslash in JSON, `u` apart: each stands for one byte. */
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/** The length of an escape in JSON and the bytes that it stands for; null where it is none. */
export function escapeAt(event: Buffer, at: number): { readonly length: number; readonly bytes: number } | null {
  const kind = event[at + 1] ?? 0;
  if (kind !== UNICODE) {
    return ESCAPED.has(kind) ? { length: 2, bytes: 1 } : null;
  }
  const unit = unitAt(event, at);
  if (unit === null) {
    return null;
  }
  const isFirstHalf = unit >= 0xd800 && unit <= 0xdbff;
  const second = isFirstHalf && event[at + 6] === BACKSLASH && event[at + 7] === UNICODE ? unitAt(event, at + 6) : null;
  if (second !== null && second >= 0xdc00 && second <= 0xdfff) {
    return { length: 12, bytes: 4 };
  }
  return { length: 6, bytes: unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3 };
}

function unitAt(event: Buffer, at: number): number | null {
  const digits = event.toString("latin1", at + 2, at + 6);
  return /^[\da-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : null;
}
