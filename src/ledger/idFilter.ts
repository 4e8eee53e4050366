const BITS_PER_ID = 10;
const HASHES = 7;

/** A set of ids in ten bits each: it may take a stranger for one of its own (one in a hundred), never the other way. */
export function filterOfIds(ids: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(1, Math.ceil((ids.length * BITS_PER_ID) / 8)));
  for (const id of ids) {
    for (const bit of bitsOf(id, bytes.length * 8)) {
      bytes[bit >> 3] = (bytes[bit >> 3] as number) | (1 << (bit & 7));
    }
  }
  return bytes;
}

export function mayContain(filter: Uint8Array, id: string): boolean {
  return bitsOf(id, filter.length * 8).every((bit) => ((filter[bit >> 3] as number) & (1 << (bit & 7))) !== 0);
}

function bitsOf(id: string, count: number): number[] {
  const first = fnv1a(id, 0x811c9dc5);
  const step = fnv1a(id, 0x2f0b4c47) | 1;
  return Array.from({ length: HASHES }, (_, index) => ((first + Math.imul(index, step)) >>> 0) % count);
}

/** 32-bit FNV-1a over UTF-16 code units, its bits mixed once more. */
function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
