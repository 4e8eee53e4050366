/** Smaller blocks, in bytes, may be pieces of memory that others use, too. */
const SMALL = 65_536;

export function isLarge(bytes: Uint8Array): boolean {
  return bytes.length > SMALL;
}

/**
 * Gives the memory of a large block back at once; it is empty from then on. The collector would do it late, for it weighs
 * only its own heap. To be called where nobody reads the block any more, the kernel included.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (isLarge(bytes) && bytes.length === buffer.byteLength && buffer instanceof ArrayBuffer) {
    buffer.transfer?.(0);
  }
}
