import { RecentValues } from "./recentValues.ts";

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
  readonly ratios: RecentValues;
  /** Bytes to billed tokens. */
  readonly bytesPerToken: RecentValues;
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
    const ratios = this.#seen.get(name)?.ratios;
    const learned = ratios === undefined || ratios.count < ENOUGH ? atMost : Math.max(...ratios.all) * SAFETY;
    return Math.ceil(counted * Math.max(LEAST, learned));
  }

  /** As many tokens as a text usually is that o200k takes for `counted` tokens. */
  usually(model: string, counted: number): number {
    const { name, usually } = familyOf(model);
    return Math.ceil(counted * (medianOf(this.#seen.get(name)?.ratios) ?? usually));
  }

  /** As many tokens as a prompt of so many bytes usually is. */
  usuallyOfBytes(model: string, bytes: number): number {
    const learned = medianOf(this.#seen.get(familyOf(model).name)?.bytesPerToken);
    return Math.ceil(bytes / (learned ?? USUAL_BYTES_PER_TOKEN));
  }

  /** Whether a family is still to be learned: its counts are guessed so far. */
  isGuessed(model: string): boolean {
    return (this.#seen.get(familyOf(model).name)?.ratios.count ?? 0) < ENOUGH;
  }

  /** A provider has billed `reported` input tokens for a text that o200k takes for `counted`. */
  observe(model: string, counted: number, reported: number): void {
    if (counted > 0 && reported > 0) {
      this.#of(model).ratios.add(reported / counted);
    }
  }

  /** A provider has billed `reported` input tokens for a prompt of so many bytes. */
  observeBytes(model: string, bytes: number, reported: number): void {
    if (bytes > 0 && reported > 0) {
      this.#of(model).bytesPerToken.add(bytes / reported);
    }
  }

  #of(model: string): Seen {
    const { name } = familyOf(model);
    let seen = this.#seen.get(name);
    if (seen === undefined) {
      seen = { ratios: new RecentValues(), bytesPerToken: new RecentValues() };
      this.#seen.set(name, seen);
    }
    return seen;
  }
}

/** Null where too few were seen. */
function medianOf(values: RecentValues | undefined): number | null {
  return values === undefined || values.count < ENOUGH ? null : (values.at(0.5) ?? null);
}

/** Clients can name any number of models. */
const LARGEST_CACHE = 2_000;
const families = new Map<string, Guess>();

function familyOf(model: string): Guess {
  let family = families.get(model);
  if (family === undefined) {
    const bare = model.slice(model.lastIndexOf("/") + 1);
    family = FAMILIES.find(([pattern]) => pattern.test(bare))?.[1] ?? OTHERS;
    if (families.size >= LARGEST_CACHE) {
      families.clear();
    }
    families.set(model, family);
  }
  return family;
}
