/** Answers remembered for each model. */
const REMEMBERED = 200;
/** What an answer is taken to need, in tokens, until a model has shown what its answers need. */
const FIRST_GUESS = { median: 600, high: 4_096 } as const;
/** Fewer answers than this say too little. */
const ENOUGH = 5;
/** So many answers more, and what is usual is worked out anew. */
const REFRESH_AFTER = 20;

interface Answers {
  readonly tokens: number[];
  sinceRefresh: number;
  median: number;
  high: number;
}

/** Learns from past calls how many output tokens the answers of a model usually take. */
export class UsualOutput {
  readonly #answers = new Map<string, Answers>();

  observe(provider: string, model: string, outputTokens: number): void {
    const key = `${provider}/${model}`;
    let answers = this.#answers.get(key);
    if (answers === undefined) {
      answers = { tokens: [], sinceRefresh: 0, ...FIRST_GUESS };
      this.#answers.set(key, answers);
    }
    answers.tokens.push(outputTokens);
    if (answers.tokens.length > REMEMBERED) {
      answers.tokens.shift();
    }
    answers.sinceRefresh += 1;
    if (
      answers.tokens.length >= ENOUGH &&
      (answers.tokens.length < REFRESH_AFTER || answers.sinceRefresh >= REFRESH_AFTER)
    ) {
      refresh(answers);
    }
  }

  /** Median output tokens: what to expect. */
  median(provider: string, model: string): number {
    return this.#answers.get(`${provider}/${model}`)?.median ?? FIRST_GUESS.median;
  }

  /** 95th percentile of output tokens: what is usually enough. */
  high(provider: string, model: string): number {
    return this.#answers.get(`${provider}/${model}`)?.high ?? FIRST_GUESS.high;
  }
}

function refresh(answers: Answers): void {
  const sorted = [...answers.tokens].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  answers.median = at(0.5);
  answers.high = at(0.95);
  answers.sinceRefresh = 0;
}
