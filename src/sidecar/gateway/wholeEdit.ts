import { Transform, type TransformCallback } from "node:stream";

/** A body larger than this, in bytes, passes as it is. */
const LARGEST_EDITED = 8 * 1024 * 1024;

/** Changes a body that passes, when all of it is there. */
export class WholeEdit extends Transform {
  readonly #edit: (body: Buffer) => Buffer;
  #chunks: Buffer[] | null = [];
  #size = 0;

  constructor(edit: (body: Buffer) => Buffer) {
    super();
    this.#edit = edit;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#size += chunk.length;
    this.#chunks?.push(chunk);
    if (this.#chunks !== null && this.#size <= LARGEST_EDITED) {
      done();
      return;
    }
    const bytes = this.#chunks === null ? chunk : Buffer.concat(this.#chunks);
    this.#chunks = null;
    done(null, bytes);
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#chunks === null ? undefined : this.#edit(Buffer.concat(this.#chunks)));
  }
}
