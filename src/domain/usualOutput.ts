import { RecentValues } from "./recentValues.ts";

/** What an answer is taken to need, in tokens, until a model has shown what its answers need. */
const FIRST_GUESS = { median: 600, high: 4_096 } as const;
/** Fewer answers than this say too little. */
const ENOUGH = 5;

/** Learns from past calls how many output tokens the answers of a model usually take. */
export class UsualOutput {
  readonly #answers = new Map<string, RecentValues>();

  observe(provider: string, model: string, outputTokens: number): void {
    const key = `${provider}/${model}`;
    let answers = this.#answers.get(key);
    if (answers === undefined) {
      answers = new RecentValues();
      this.#answers.set(key, answers);
    }
    answers.add(outputTokens);
  }

  /** Median output tokens: what to expect. */
  median(provider: string, model: string): number {
    return this.#at(provider, model, 0.5) ?? FIRST_GUESS.median;
  }

  /** 95th percentile of output tokens: what is usually enough. */
  high(provider: string, model: string): number {
    return this.#at(provider, model, 0.95) ?? FIRST_GUESS.high;
  }

  #at(provider: string, model: string, share: number): number | undefined {
    const answers = this.#answers.get(`${provider}/${model}`);
    return answers === undefined || answers.count < ENOUGH ? undefined : answers.at(share);
  }
}
