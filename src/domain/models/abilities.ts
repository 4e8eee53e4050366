import { z } from "zod";

/**
 * What a model can do beyond text: call tools, look at images, think before it answers, and write code, which is true of
 * models that their makers recommend for it.
 */
export const abilityNameSchema = z.enum(["tools", "vision", "reasoning", "coding"]);
export type AbilityName = z.infer<typeof abilityNameSchema>;
export const ABILITY_NAMES = abilityNameSchema.options;

/** True or false where a source says so; null where nobody has said. */
export const abilitiesSchema = z.record(abilityNameSchema, z.boolean().nullable());
export type Abilities = z.infer<typeof abilitiesSchema>;

/**
 * The kind of work that a model is made for, by its maker's words: `simple` (sorting, extracting, short answers in great
 * number), `moderate` (everyday work), `complex` (the hardest work), `coding` and `research` (made for these alone).
 */
export const tierSchema = z.enum(["simple", "moderate", "complex", "coding", "research"]);
export type Tier = z.infer<typeof tierSchema>;

export const NOTHING_KNOWN: Abilities = Object.freeze({ tools: null, vision: null, reasoning: null, coding: null });

/** What is known of a model's work. */
export interface Skills {
  readonly abilities: Abilities;
  readonly tier: Tier | null;
}

/** Whether a model is known to have all of these abilities: what nobody has said does not count. */
export function hasAbilities({ abilities }: Skills, wanted: readonly AbilityName[]): boolean {
  return wanted.every((name) => abilities[name] === true);
}

/**
 * Whether a model is up to work of a tier: more than enough is enough, and a model of unknown tier is not. Models that are made
 * for research search for minutes before they answer, so they are for nothing else.
 */
export function isUpTo({ abilities, tier }: Skills, wanted: Tier): boolean {
  switch (wanted) {
    case "simple":
      return tier !== null && tier !== "research";
    case "moderate":
      return tier === "moderate" || tier === "complex" || tier === "coding";
    case "complex":
      return tier === "complex";
    case "coding":
      return tier === "coding" || (abilities.coding === true && (tier === "moderate" || tier === "complex"));
    case "research":
      return tier === "research" || (tier === "complex" && abilities.reasoning === true);
  }
}
