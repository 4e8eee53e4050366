/** Bytes beyond what it needs that a file has at least, or else gets; most changes take far less. */
const AHEAD = 4 * 1024 * 1024;
/** Bytes that it may grow by in place: four million calls. They are addresses only, until they are used. */
const MOST = 1024 * 1024 * 1024;
/** Where SQLite's header has the page size, counts the transactions that changed the file, and has its pages. */
const PAGE_SIZE_AT = 16;
const CHANGES_AT = 24;
const PAGES_AT = 28;

/**
 * The typed array in which sql.js keeps a database's file, here one that grows in place. Another is copied whole into a
 * larger one each time the database has grown by an eighth: half of all that booking costs where there are tens of MB, and
 * pauses of up to 0.2 s. sql.js takes its array from `slice()` of the image it is given; if a version of it did not, it would
 * work as it does without room.
 */
export class DatabaseFile {
  /** Where the image stands, and what sql.js opens. */
  readonly image: Uint8Array;
  readonly #file: Uint8Array<ArrayBuffer>;
  readonly #header: DataView;

  /** For an image of so many bytes, which `image` is to be filled with; `most` is the bytes that it may grow by. */
  private constructor(length: number, most: number) {
    const maxByteLength = length + most;
    const buffer = new ArrayBuffer(Math.min(length + 2 * AHEAD, maxByteLength), { maxByteLength });
    this.#file = new Uint8Array(buffer);
    this.#header = new DataView(buffer);
    this.image = this.#file.subarray(0, length);
    this.image.slice = () => this.#file;
  }

  /** Null where the system has no such addresses left: then a database works without. */
  static ofLength(length: number, most = MOST): DatabaseFile | null {
    try {
      return new DatabaseFile(length, most);
    } catch {
      return null;
    }
  }

  static with(image: Uint8Array, most?: number): DatabaseFile | null {
    const file = DatabaseFile.ofLength(image.length, most);
    file?.image.set(image);
    return file;
  }

  /** Differs after each transaction while sql.js works on this array: it has another one once the file has outgrown it. */
  get changes(): number {
    return this.#header.getUint32(CHANGES_AT);
  }

  /** To be called before a change, so that it finds room. */
  growAhead(): void {
    const { buffer } = this.#file;
    const used = this.#header.getUint16(PAGE_SIZE_AT) * this.#header.getUint32(PAGES_AT);
    if (used + AHEAD > buffer.byteLength && buffer.byteLength < buffer.maxByteLength) {
      try {
        buffer.resize(Math.min(used + 2 * AHEAD, buffer.maxByteLength));
      } catch {
        // The system gives no more memory here: sql.js moves the file where it does.
      }
    }
  }

  /** The file itself, of so many bytes. */
  bytes(length: number): Uint8Array {
    return this.#file.subarray(0, length);
  }
}
