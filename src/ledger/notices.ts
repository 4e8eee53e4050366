/** What is or was wrong with the ledger, in words for its user, one of each kind. */
export class Notices {
  readonly #texts = new Map<string, string>();

  set(kind: string, text: string): void {
    this.#texts.set(kind, text);
  }

  has(kind: string): boolean {
    return this.#texts.has(kind);
  }

  clear(kind: string): void {
    this.#texts.delete(kind);
  }

  get all(): string[] {
    return [...this.#texts.values()];
  }
}
