import type { Reading } from "../../domain/protocol.ts";

/** Answers remembered; an older one is taken for as long as the model's context. */
const REMEMBERED = 5_000;

interface Turns {
  readonly model: string;
  readonly tokens: number;
}

/**
 * How long the turns are that providers keep and put before a prompt that goes on from an answer: no longer than all that
 * the answer's own call read and wrote, for what was answered does not change any more. After a restart nothing is known.
 */
export class EarlierTurns {
  readonly #turns = new Map<string, Turns>();

  /** Tokens before a prompt that goes on from an answer; undefined where that is not known, or not for this model. */
  before(provider: string, model: string, answerId: string): number | undefined {
    const turns = this.#turns.get(`${provider}/${answerId}`);
    // Models count images and words each in their own way.
    return turns?.model === model ? turns.tokens : undefined;
  }

  /** Takes in an answer whose usage the provider has reported. `model` is as asked for. */
  observe(provider: string, model: string, { answerId, basis, usage }: Reading): void {
    if (answerId === undefined || basis !== "reported") {
      return;
    }
    if (this.#turns.size >= REMEMBERED) {
      const [oldest] = this.#turns.keys();
      this.#turns.delete(oldest as string);
    }
    this.#turns.set(`${provider}/${answerId}`, { model, tokens: usage.inputTokens + usage.outputTokens });
  }
}
