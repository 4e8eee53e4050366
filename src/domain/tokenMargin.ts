/** Calls remembered for each family. */
const REMEMBERED = 200;
/** With fewer observations than this the first guess stands. */
const ENOUGH = 20;
/** What is put on top of the largest ratio that was seen. */
const SAFETY = 1.1;
const LEAST = 1.05;

/** A family of models that share a tokenizer, and how its counts compare with those of o200k at most, before any is seen. */
const FAMILIES: ReadonlyArray<readonly [pattern: RegExp, name: string, firstGuess: number]> = [
  // o200k is their own; 10% cover what the chat format adds.
  [/^(gpt-(4o|4\.1|4\.5|5)|o\d|chatgpt)/i, "o200k", 1.1],
  // Claude has no public tokenizer: newer ones give up to 1.6 times as many tokens on English, more on code.
  [/claude/i, "claude", 2],
];
const OTHERS = ["others", 2] as const;

/** How many tokens a text is at most, from the count of another tokenizer: a margin per family, learned from what was billed. */
export class TokenMargin {
  readonly #ratios = new Map<string, number[]>();

  /** No more tokens than this, for a text that o200k takes for `counted` tokens. */
  atMost(model: string, counted: number): number {
    const [name, firstGuess] = familyOf(model);
    const ratios = this.#ratios.get(name);
    const learned = ratios === undefined || ratios.length < ENOUGH ? firstGuess : Math.max(...ratios) * SAFETY;
    return Math.ceil(counted * Math.max(LEAST, learned));
  }

  /** A provider has billed `reported` input tokens for a text that o200k takes for `counted`. */
  observe(model: string, counted: number, reported: number): void {
    if (counted <= 0 || reported <= 0) {
      return;
    }
    const [name] = familyOf(model);
    const ratios = this.#ratios.get(name) ?? [];
    ratios.push(reported / counted);
    if (ratios.length > REMEMBERED) {
      ratios.shift();
    }
    this.#ratios.set(name, ratios);
  }
}

function familyOf(model: string): readonly [name: string, firstGuess: number] {
  const bare = model.slice(model.lastIndexOf("/") + 1);
  const found = FAMILIES.find(([pattern]) => pattern.test(bare));
  return found === undefined ? OTHERS : [found[1], found[2]];
}
