import { familyOf } from "./families.ts";

/** A model's name taken apart, so that spellings of the same model can be told from other models of its family. */
export interface ModelName {
  /** Lower case, without what providers put before and behind: `claude-sonnet-4-5-20250929`. */
  readonly bare: string;
  /** `claude`, `gpt`; null where the family is not known. */
  readonly family: string | null;
  /** What is left of the name: product lines and variants, such as `sonnet` or `mini`. */
  readonly words: ReadonlySet<string>;
  /** `[4, 5]`; empty where the name has none. */
  readonly version: readonly number[];
  /** Sizes of weights and contexts: `70b`, `32k`. */
  readonly sizes: ReadonlySet<string>;
  /** The snapshot as its digits stand in the name, `20250929` or `0613`; null where it names none. */
  readonly date: string | null;
}

/** Makers as Bedrock puts them before a model's name, with or without a region. */
const BEDROCK_PREFIX =
  /^(?:(?:us|eu|apac|jp|au|ca|sa|me|af|us-gov|global|regional)\.)?(?:ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\./;

/** Words that say how a model is packed or that it is the present one, but not which model it is. */
const SAYS_NOTHING = new Set(["latest", "default", "instruct", "it", "v", "hf", "maas"]);

/** OpenAI gives `gpt-5.6` as another name of `gpt-5.6-sol`: the line that goes by the family's name alone. */
const UNMARKED = new Set(["sol"]);

export function readName(name: string): ModelName {
  const bare = bareNameOf(name);
  const family = familyOf(bare);
  const { rest, date } = withoutDate(bare);
  const words = new Set<string>();
  const sizes = new Set<string>();
  const version: number[] = [];
  let versionOpen = true;
  for (const token of rest.split(/[^a-z0-9.]+/)) {
    // `qwen2.5`, `o3`, `4o`: letters and figures that are written together.
    const [, before = "", figures = "", after = ""] = /^([a-z]*?)(\d+(?:\.\d+)*)?([a-z.]*)$/.exec(token) ?? [
      token,
      token,
    ];
    if (figures !== "" && /^[bkme]$/.test(after)) {
      sizes.add(`${before}${figures}${after}`);
      versionOpen &&= version.length === 0;
      continue;
    }
    if (before !== "") {
      addWord(words, before, family);
      versionOpen &&= version.length === 0;
    }
    if (figures !== "") {
      if (versionOpen && version.length < 2) {
        version.push(...versionNumbers(figures));
      } else {
        words.add(figures);
      }
    }
    if (after !== "") {
      addWord(words, after, family);
      versionOpen &&= version.length === 0;
    }
  }
  while (version.at(-1) === 0) {
    version.pop();
  }
  return { bare, family, words, version, sizes, date };
}

/** OpenAI's `gpt-3.5-turbo-instruct` is another model than `gpt-3.5-turbo`; open models are all but always the instructed ones. */
function addWord(words: Set<string>, word: string, family: string | null): void {
  const matters = word === "instruct" ? family === "gpt" : !SAYS_NOTHING.has(word) && !UNMARKED.has(word);
  if (matters) {
    words.add(word);
  }
}

/** xAI's Grok 4.20 came before 4.3: a second part that ends in 0 is a decimal. */
function versionNumbers(figures: string): number[] {
  return figures.split(".").map((part, index) => Number(index > 0 ? part.replace(/0+$/, "") || "0" : part));
}

/**
 * Off come the folders of `models/…`, `anthropic/…` and `publishers/google/models/…`, Bedrock's `us.anthropic.` and `-v1:0`,
 * a client's own `[1m]`; Vertex writes the snapshot behind `@`.
 */
function bareNameOf(name: string): string {
  const given = name.trim().toLowerCase().replace(/^~/, "");
  const last = given.slice(given.lastIndexOf("/") + 1);
  return last
    .replace(/\[[^\]]*\]$/, "")
    .replace(BEDROCK_PREFIX, "")
    .replace(/(?:-v?\d+)?:\d+(?::\d+k)?$/, "")
    .replace("@", "-")
    .replace(/\s+/g, "-")
    .replace(/(?<=\d)p(?=\d)/g, "."); // Fireworks cannot have a point in a name: kimi-k2p5.
}

const DATES: readonly RegExp[] = [
  /(?<![\d.])20\d\d-?[01]\d-?[0-3]\d(?!\d)/,
  /(?<=-)[01]\d-20\d\d(?!\d)/,
  /(?<=-)[01]\d-[0-3]\d(?![\d.])/,
  /(?<![\d.])\d{4}(?![\d.a-z])/,
  /(?<=-)0\d\d(?![\d.])/,
];

function withoutDate(bare: string): { readonly rest: string; readonly date: string | null } {
  for (const pattern of DATES) {
    const [found] = pattern.exec(bare) ?? [];
    if (found !== undefined) {
      return { rest: bare.replace(found, ""), date: found.replaceAll("-", "") };
    }
  }
  return { rest: bare, date: null };
}

/** Negative where the first version is the older one. A name without a version is older than any. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) {
    return a.length - b.length;
  }
  return (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0);
}

/**
 * Whether two names are spellings of one model, snapshots of it included unless both name one. A name without a version, such
 * as `gpt` or `claude-sonnet-latest`, is no model's but the one that bears it.
 */
export function isSameModel(a: ModelName, b: ModelName): boolean {
  return (
    (a.version.length > 0 || (a.bare === b.bare && !/-latest$/.test(a.bare))) &&
    a.family === b.family &&
    (a.date === null || b.date === null || a.date === b.date) &&
    compareVersions(a.version, b.version) === 0 &&
    sameSet(a.words, b.words) &&
    sameSet(a.sizes, b.sizes)
  );
}

/**
 * Whether a name such as `sonnet` or `gpt-5` can stand for a model: of the same family, with every word, size and version
 * number that the name gives. A name that gives a snapshot stands for that snapshot only.
 */
export function standsFor(alias: ModelName, model: ModelName): boolean {
  return (
    alias.family !== null &&
    alias.family === model.family &&
    (alias.date === null || alias.date === model.date) &&
    alias.version.every((part, index) => model.version[index] === part) &&
    within(alias.words, model.words) &&
    within(alias.sizes, model.sizes)
  );
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && within(a, b);
}

function within(few: ReadonlySet<string>, many: ReadonlySet<string>): boolean {
  for (const word of few) {
    if (!many.has(word)) {
      return false;
    }
  }
  return true;
}
