/** Bytes that a database may grow by in place: a quarter of a million calls. Only what is written takes memory. */
const ROOM = 64 * 1024 * 1024;
/** Where SQLite's header counts the transactions that changed the file. */
const CHANGES_AT = 24;

/**
 * The typed array in which sql.js keeps a database's file, with room to grow. One without room is copied whole into a larger
 * one each time the database has grown by an eighth: half of all that booking costs where there are tens of MB, and pauses of
 * up to 0.2 s. sql.js takes its array from `slice()` of the image it is given; if a version of it did not, it would work as
 * it does without room.
 */
export class DatabaseFile {
  /** For sql.js to open. */
  readonly image: Uint8Array;
  readonly #room: Uint8Array<ArrayBuffer>;

  constructor(image: Uint8Array, room = ROOM) {
    this.#room = new Uint8Array(image.length + room);
    this.#room.set(image);
    this.image = this.#room.subarray(0, image.length);
    this.image.slice = () => this.#room;
  }

  /** Differs after each transaction while sql.js works on this array: it has another one once the file has outgrown it. */
  get changes(): number {
    return new DataView(this.#room.buffer).getUint32(CHANGES_AT);
  }

  /** The file itself, of so many bytes. */
  bytes(length: number): Uint8Array {
    return this.#room.subarray(0, length);
  }
}
