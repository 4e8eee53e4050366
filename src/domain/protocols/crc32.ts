const BYTES_AT_ONCE = 8;

/** What a byte leaves, by how many others of those that are taken at once come after it. */
const LEAVES = leaves();

function leaves(): readonly Int32Array[] {
  const none = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    }
    return value;
  });
  const tables = [none];
  for (let after = 1; after < BYTES_AT_ONCE; after += 1) {
    tables.push((tables[after - 1] as Int32Array).map((value) => (none[value & 0xff] as number) ^ (value >>> 8)));
  }
  return tables;
}

const [L0, L1, L2, L3, L4, L5, L6, L7] = LEAVES as [
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
];

/** The CRC-32 of zip, PNG and Ethernet over the bytes from `start` up to `end`. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  let at = start;
  for (; at + BYTES_AT_ONCE <= end; at += BYTES_AT_ONCE) {
    crc =
      (L7[(crc ^ (bytes[at] as number)) & 0xff] as number) ^
      (L6[((crc >>> 8) ^ (bytes[at + 1] as number)) & 0xff] as number) ^
      (L5[((crc >>> 16) ^ (bytes[at + 2] as number)) & 0xff] as number) ^
      (L4[(crc >>> 24) ^ (bytes[at + 3] as number)] as number) ^
      (L3[bytes[at + 4] as number] as number) ^
      (L2[bytes[at + 5] as number] as number) ^
      (L1[bytes[at + 6] as number] as number) ^
      (L0[bytes[at + 7] as number] as number);
  }
  for (; at < end; at += 1) {
    crc = (L0[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return (crc ^ -1) >>> 0;
}
