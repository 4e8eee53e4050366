import type { Places } from "./eventHoles.ts";
import { DECODED, DECODED_FROM } from "./eventShape.ts";
import { objectOf, parseOrUndefined, textOf } from "./jsonValue.ts";
import { ShapeBook } from "./shapeBook.ts";

const DATA = DECODED.subarray(0, DECODED_FROM);
/** Where payloads differ: in the chunk, and in the padding that hides how long it is. */
const PLACES: Places = { bytes: "base64", p: "padding" };

/** Finds the chunks of a model's own stream, each of which stands as base64 in the payload of a frame. */
export class ChunkDecoder {
  /** By shape: which hole holds the chunk. */
  readonly #payloads = new ShapeBook<number>(PLACES);
  #line: Buffer = DATA;
  #end = DECODED_FROM;

  /** Decodes the chunk in a payload; false where there is none. */
  decode(payload: Buffer): boolean {
    const known = this.#payloads.find(payload);
    if (known !== null) {
      this.#line = DECODED;
      this.#end = DECODED_FROM + (known.shape.values[known.fact] as number);
      return true;
    }
    const base64 = textOf(objectOf(parseOrUndefined(payload)).bytes);
    if (base64 === null) {
      return false;
    }
    this.#line = Buffer.concat([DATA, Buffer.from(base64, "base64")]);
    this.#end = this.#line.length;
    this.#payloads.learn(payload, payload, ({ holes }) => {
      const hole = holes.findIndex(({ kind }) => kind === "base64");
      return hole === -1 ? null : hole;
    });
    return true;
  }

  /** Begins with the chunk as the data of a server-sent event, up to `end`. Both hold until the next call of any decoder. */
  get line(): Buffer {
    return this.#line;
  }

  get end(): number {
    return this.#end;
  }

  /** The chunk itself, which holds as long. */
  get chunk(): Buffer {
    return this.#line.subarray(DECODED_FROM, this.#end);
  }
}
