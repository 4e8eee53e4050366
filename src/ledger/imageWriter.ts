import { crc32 } from "node:zlib";
import type { AppendFile } from "./fileSystem.ts";

/** Bytes that are written in one go: it takes up to half a ms, in which no call gets on. */
const PIECE = 256 * 1024;

/** Writes a database's image, which must not change meanwhile, to a file, a piece at a time. */
export class ImageWriter {
  readonly #image: Uint8Array;
  readonly #file: AppendFile;
  #written = 0;
  #checksum = 0;
  #failure: unknown = null;

  constructor(image: Uint8Array, file: AppendFile) {
    this.#image = image;
    this.#file = file;
  }

  /** Whether all is written, or no more can be. */
  get isDone(): boolean {
    return this.#written === this.#image.length || this.#failure !== null;
  }

  writePiece(): void {
    const piece = this.#image.subarray(this.#written, this.#written + PIECE);
    try {
      this.#file.write(piece);
    } catch (error) {
      this.#failure = error;
      return;
    }
    this.#checksum = crc32(piece, this.#checksum);
    this.#written += piece.length;
  }

  writeRest(): void {
    while (!this.isDone) {
      this.writePiece();
    }
  }

  /** CRC-32 of the image. Throws what the file threw. */
  get checksum(): number {
    if (this.#failure !== null) {
      throw this.#failure;
    }
    return this.#checksum;
  }
}
