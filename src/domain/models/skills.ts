import { ABILITY_NAMES, type Abilities, NOTHING_KNOWN, type Skills, type Tier, tierSchema } from "./abilities.ts";
import { ABILITY_LINES } from "./abilityTable.ts";
import { compareVersions, type ModelName } from "./modelName.ts";

/** What is known of a model's work, and who says so in words; null where nothing is. */
export interface KnownSkills extends Skills {
  readonly source: string | null;
}

const UNKNOWN: KnownSkills = Object.freeze({ abilities: NOTHING_KNOWN, tier: null, source: null });

/** Words that say how fast or by which contract a model is served: it is the same model. */
const SERVED_AS = ["fast", "turbo", "highspeed", "free", "batch", "extended", "preview", "exp", "versatile", "us"];

interface Entry extends KnownSkills {
  readonly words: readonly string[];
  /** Both ends included; null for names without a version. */
  readonly versions: readonly [from: readonly number[], to: readonly number[]] | null;
}

const byFamily = new Map<string, Entry[]>();
for (const [family, words, versions, letters, tier, source] of ABILITY_LINES) {
  const ends = versions.split("-").map((end) => end.split(".").map(Number));
  const entry: Entry = {
    words: words === "" ? [] : words.split(" "),
    versions: versions === "" ? null : [ends[0] ?? [], ends[1] ?? []],
    abilities: abilitiesFrom(letters),
    tier: tier === "" ? null : tierOf(tier),
    source,
  };
  byFamily.set(family, [...(byFamily.get(family) ?? []), entry]);
}

function abilitiesFrom(letters: string): Abilities {
  const said = ABILITY_NAMES.map((name) => {
    const letter = name.charAt(0);
    return [name, letters.includes(letter.toUpperCase()) ? true : letters.includes(letter) ? false : null] as const;
  });
  return Object.freeze(Object.fromEntries(said)) as Abilities;
}

function tierOf(text: string): Tier {
  return tierSchema.parse(text);
}

/** What the makers' pages say of a model of this name. A name with words that no line has is of an unknown model. */
export function skillsOf(name: ModelName): KnownSkills {
  const entries = name.family === null ? undefined : byFamily.get(name.family);
  return entries?.find((entry) => fits(entry, name)) ?? UNKNOWN;
}

function fits({ words, versions }: Entry, name: ModelName): boolean {
  const inRange =
    versions === null
      ? name.version.length === 0
      : name.version.length > 0 &&
        compareVersions(name.version, versions[0]) >= 0 &&
        compareVersions(name.version, versions[1]) <= 0;
  return (
    inRange &&
    words.every((word) => name.words.has(word) || name.sizes.has(word) || name.date === word) &&
    [...name.words].every((word) => word === name.family || words.includes(word) || SERVED_AS.includes(word))
  );
}
