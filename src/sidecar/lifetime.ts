/** Ends a sidecar that nobody needs any more: no listener, no call, for a while. */
export class Lifetime {
  readonly #graceMs: number | null;
  readonly #isNeeded: () => boolean;
  readonly #end: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** `graceMs` null keeps it for ever. `isNeeded` is asked again before the end. */
  constructor(graceMs: number | null, isNeeded: () => boolean, end: () => void) {
    this.#graceMs = graceMs;
    this.#isNeeded = isNeeded;
    this.#end = end;
  }

  /** To be called whenever someone comes, goes, or makes a call. */
  touch(): void {
    if (this.#graceMs === null) {
      return;
    }
    if (this.#timer !== null) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      if (this.#isNeeded()) {
        this.touch();
      } else {
        this.#end();
      }
    }, this.#graceMs).unref();
  }
}
