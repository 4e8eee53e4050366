import type { Transform } from "node:stream";
import zlib, { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** Whether bytes of this content encoding are what they stand for. */
export function isPlain(encoding: string | undefined): boolean {
  return /^(identity)?$/i.test(encoding?.trim() ?? "");
}

/** What decodes a content encoding; null for plain bytes, and for an encoding that cannot be decoded. */
export function decoderFor(encoding: string | undefined): Transform | null {
  switch (encoding?.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      // Newer than the oldest Node that is supported.
      return zlib.createZstdDecompress?.() ?? null;
    default:
      return null;
  }
}
