/** Values remembered. */
const REMEMBERED = 200;
/** So many values more, and what is usual is worked out anew. */
const REFRESH_AFTER = 20;

/** The last 200 of a row of figures. Which of them are usual is not worked out anew for each. */
export class RecentValues {
  readonly #values: number[] = [];
  /** Where the next value goes, once there are enough. */
  #oldest = 0;
  #sorted: readonly number[] = [];
  #sinceSorted = 0;

  get count(): number {
    return this.#values.length;
  }

  /** In no order. */
  get all(): readonly number[] {
    return this.#values;
  }

  add(value: number): void {
    this.#sinceSorted += 1;
    if (this.#values.length < REMEMBERED) {
      this.#values.push(value);
    } else {
      this.#values[this.#oldest] = value;
      this.#oldest = (this.#oldest + 1) % REMEMBERED;
    }
  }

  /** The value that so large a share (0 to 1) is not above, as of 20 values ago at most; undefined where there is none. */
  at(share: number): number | undefined {
    const isNew = this.#values.length < REFRESH_AFTER && this.#sinceSorted > 0;
    if (isNew || this.#sinceSorted >= REFRESH_AFTER) {
      this.#sorted = [...this.#values].sort((a, b) => a - b);
      this.#sinceSorted = 0;
    }
    return this.#sorted[Math.min(this.#sorted.length - 1, Math.floor(share * this.#sorted.length))];
  }
}
