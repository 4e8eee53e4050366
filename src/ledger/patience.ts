/** What is to be done in a while, and sooner where somebody has less time to wait. */
export class Patience {
  readonly #whenOver: () => void;
  /** By the clock of `performance.now()`. */
  #due = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(whenOver: () => void) {
    this.#whenOver = whenOver;
  }

  /** Has it done in so many ms, unless it is due sooner. It keeps no process alive. */
  endWithin(ms: number): void {
    const due = performance.now() + ms;
    if (this.#due <= due) {
      return;
    }
    this.forget();
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.forget();
      this.#whenOver();
    }, ms).unref();
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }
}
