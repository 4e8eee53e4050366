/** Calls remembered for each family. */
const REMEMBERED = 200;
/** With fewer observations than this the first guess stands. */
const ENOUGH = 20;
/** What is put on top of the largest ratio that was seen. */
const SAFETY = 1.1;
const LEAST = 1.05;
/** Bytes of ordinary text, with the JSON around it, to a token. */
const USUAL_BYTES_PER_TOKEN = 4;

/** How the counts of a tokenizer compare with those of o200k before any call has shown it. */
interface Guess {
  readonly name: string;
  readonly atMost: number;
  readonly usually: number;
}

/** Families of models that share a tokenizer. Vectors, pictures and sound stand apart: they teach nothing of chats. */
const FAMILIES: ReadonlyArray<readonly [pattern: RegExp, guess: Guess]> = [
  [/embed/i, { name: "embeddings", atMost: 2, usually: 1.1 }],
  [/image|transcribe|whisper|tts/i, { name: "media", atMost: 2, usually: 1.1 }],
  // o200k is their own; 10% cover what the chat format adds.
  [/^(gpt-(4o|4\.1|4\.5|[5-9]|oss)|o\d|chatgpt)/i, { name: "o200k", atMost: 1.1, usually: 1 }],
  // Claude has no public tokenizer: newer ones give up to 1.6 times as many tokens on English, more on code.
  [/claude/i, { name: "claude", atMost: 2, usually: 1.35 }],
];
const OTHERS: Guess = { name: "others", atMost: 2, usually: 1.1 };

interface Seen {
  /** Billed tokens to tokens of o200k. */
  readonly ratios: number[];
  /** Bytes to billed tokens. */
  readonly bytesPerToken: number[];
}

/**
 * How many tokens a prompt is, at most and as a rule: from another tokenizer's count or from its bytes, with what was
 * billed for earlier prompts of the same family of models.
 */
export class TokenMargin {
  readonly #seen = new Map<string, Seen>();

  /** No more tokens than this, for a text that o200k takes for `counted` tokens. */
  atMost(model: string, counted: number): number {
    const { name, atMost } = familyOf(model);
    const ratios = this.#seen.get(name)?.ratios ?? [];
    const learned = ratios.length < ENOUGH ? atMost : Math.max(...ratios) * SAFETY;
    return Math.ceil(counted * Math.max(LEAST, learned));
  }

  /** As many tokens as a text usually is that o200k takes for `counted` tokens. */
  usually(model: string, counted: number): number {
    const { name, usually } = familyOf(model);
    return Math.ceil(counted * (medianOf(this.#seen.get(name)?.ratios ?? []) ?? usually));
  }

  /** As many tokens as a prompt of so many bytes usually is. */
  usuallyOfBytes(model: string, bytes: number): number {
    const learned = medianOf(this.#seen.get(familyOf(model).name)?.bytesPerToken ?? []);
    return Math.ceil(bytes / (learned ?? USUAL_BYTES_PER_TOKEN));
  }

  /** Whether a family is still to be learned: its counts are guessed so far. */
  isGuessed(model: string): boolean {
    return (this.#seen.get(familyOf(model).name)?.ratios.length ?? 0) < ENOUGH;
  }

  /** A provider has billed `reported` input tokens for a text that o200k takes for `counted`. */
  observe(model: string, counted: number, reported: number): void {
    if (counted > 0 && reported > 0) {
      remember(this.#of(model).ratios, reported / counted);
    }
  }

  /** A provider has billed `reported` input tokens for a prompt of so many bytes. */
  observeBytes(model: string, bytes: number, reported: number): void {
    if (bytes > 0 && reported > 0) {
      remember(this.#of(model).bytesPerToken, bytes / reported);
    }
  }

  #of(model: string): Seen {
    const { name } = familyOf(model);
    let seen = this.#seen.get(name);
    if (seen === undefined) {
      seen = { ratios: [], bytesPerToken: [] };
      this.#seen.set(name, seen);
    }
    return seen;
  }
}

function remember(values: number[], value: number): void {
  values.push(value);
  if (values.length > REMEMBERED) {
    values.shift();
  }
}

/** Null where too few were seen. */
function medianOf(values: readonly number[]): number | null {
  return values.length < ENOUGH ? null : (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null);
}

function familyOf(model: string): Guess {
  const bare = model.slice(model.lastIndexOf("/") + 1);
  return FAMILIES.find(([pattern]) => pattern.test(bare))?.[1] ?? OTHERS;
}
