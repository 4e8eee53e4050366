import { z } from "zod";

/** A provider and one of its models, by its own name. */
export const backendSchema = z.strictObject({
  provider: z.string().min(1).max(64),
  model: z.string().min(1).max(300),
});
export type Backend = z.infer<typeof backendSchema>;

/** Names that mean the newest model of their family where the user has not said what they mean. */
export const USUAL_TIERS: readonly string[] = ["haiku", "sonnet", "opus", "qwen"];

const MOST_TIERS = 100;
const MOST_FALLBACKS = 10;

/** A tier stands where a model's name can stand, so it has no slash, which parts a provider from its model. */
export const tierNameSchema = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u,
    "1 to 64 letters, digits or . _ -, beginning with a letter or a digit",
  );

/** Where prompts go, and where they go when that fails. */
export const backendSettingsSchema = z.strictObject({
  /** Null: the first provider whose key is at hand. */
  default: backendSchema.nullable().default(null),
  /** The user's own names, and what the usual ones mean instead. */
  tiers: z
    .record(tierNameSchema, backendSchema)
    .default({})
    .refine((tiers) => Object.keys(tiers).length <= MOST_TIERS, `at most ${MOST_TIERS} tiers`),
  /** Who takes over, in this order, when a prompt's own backend is down or busy: tiers, or provider and model. */
  fallback: z
    .array(z.union([tierNameSchema, backendSchema]))
    .max(MOST_FALLBACKS)
    .default([]),
  /** How long, in ms, a backend that failed is passed over. */
  coolOffMs: z.int().min(0).max(86_400_000).default(60_000),
  /** How long, in ms, a backend may take to answer a check. */
  healthLimitMs: z.int().min(100).max(60_000).default(5_000),
});
export type BackendSettings = z.infer<typeof backendSettingsSchema>;

export function isSameBackend(a: Backend, b: Backend): boolean {
  return a.provider === b.provider && a.model === b.model;
}

/** What a configured tier stands for; undefined where the name is no such tier. */
export function tierOf({ tiers }: BackendSettings, name: string): Backend | undefined {
  return Object.hasOwn(tiers, name) ? tiers[name] : undefined;
}

/** As people and programs write it. */
export function backendInWords({ provider, model }: Backend): string {
  return `${provider}/${model}`;
}
