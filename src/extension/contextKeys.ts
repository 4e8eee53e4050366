/** Every context key that the manifest's `when` clauses may name, with the type of its value. */
export interface ContextValues {
  "tollgate.promptRunning": boolean;
  "tollgate.hasBudget": boolean;
  "tollgate.budgetPaused": boolean;
}

export const CONTEXT_KEYS: ReadonlyArray<keyof ContextValues> = [
  "tollgate.promptRunning",
  "tollgate.hasBudget",
  "tollgate.budgetPaused",
];

type Write = (key: string, value: unknown) => void;

/** Writes a context key only when its value changes: each write makes VS Code look at every `when` clause again. */
export class ContextKeys {
  readonly #write: Write;
  readonly #values = new Map<string, unknown>();

  constructor(write: Write) {
    this.#write = write;
  }

  set<K extends keyof ContextValues>(key: K, value: ContextValues[K]): void {
    if (this.#values.get(key) !== value) {
      this.#values.set(key, value);
      this.#write(key, value);
    }
  }
}
