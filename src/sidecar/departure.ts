/** The client went away before its answer was complete. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/**
 * Whether a call's client has gone away, and who wants to be told. An AbortSignal says the same, but each call would pay for
 * its event target.
 */
export class Departure {
  #hasGone = false;
  readonly #listeners: Array<() => void> = [];

  get hasGone(): boolean {
    return this.#hasGone;
  }

  /** Tells `listener` once, when the client goes; not at all where it has gone already. */
  on(listener: () => void): void {
    this.#listeners.push(listener);
  }

  off(listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index >= 0) {
      this.#listeners.splice(index, 1);
    }
  }

  announce(): void {
    this.#hasGone = true;
    for (const listener of this.#listeners.splice(0)) {
      listener();
    }
  }
}
