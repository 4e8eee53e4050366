const NOTHING = Buffer.alloc(0);

/**
 * Keeps the beginning of an event back until its end has come, so that a stream can be broken off between two events, and
 * what is put there is not taken for the rest of one.
 */
export class EventHold {
  #kept: Buffer[] = [];
  #size = 0;

  /** Gives what can go on. `held` bytes at the end of all that has come are the beginning of an event. */
  pass(chunk: Buffer, held: number): Buffer {
    if (held === 0 && this.#size === 0) {
      return chunk;
    }
    if (this.#size + chunk.length <= held) {
      this.#kept.push(chunk);
      this.#size += chunk.length;
      return NOTHING;
    }
    const whole = Buffer.concat([...this.#kept, chunk.subarray(0, chunk.length - held)]);
    this.#kept = held === 0 ? [] : [chunk.subarray(chunk.length - held)];
    this.#size = held;
    return whole;
  }

  /** What is still kept, once the stream has ended. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#kept);
    this.#kept = [];
    this.#size = 0;
    return rest;
  }
}
