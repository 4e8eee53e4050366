/** Ctrl-C while a batch runs: once to begin no other prompt, twice to cancel those under way. */
export class BatchStop {
  readonly #begun = new AbortController();
  readonly #cancelled = new AbortController();
  readonly #say: (line: string) => void;
  readonly #interrupt = () => this.#next();
  readonly #terminate = () => this.#cancel();

  constructor(say: (line: string) => void) {
    this.#say = say;
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#terminate);
  }

  /** Aborted once no other prompt is to be begun. */
  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  /** Aborted once those under way are to be given up, too. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  dispose(): void {
    process.removeListener("SIGINT", this.#interrupt);
    process.removeListener("SIGTERM", this.#terminate);
  }

  #next(): void {
    if (this.#begun.signal.aborted) {
      this.#cancel();
    } else {
      this.#begun.abort();
      this.#say("no other prompt is begun; Ctrl-C once more cancels those under way");
    }
  }

  #cancel(): void {
    this.#begun.abort();
    this.#cancelled.abort();
  }
}
