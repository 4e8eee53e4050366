import type { ModelInfo, Provider } from "@pydantic/genai-prices";
import { z } from "zod";

/** A provider of a price catalogue, and one of its models, in the catalogue's own format. */
export type CatalogProvider = Provider;
export type CatalogModel = ModelInfo;

/** A copy of the catalogue that cannot be used; the message says what is wrong with it. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
}

/** Bounds of what is taken: several times the largest catalogue that was ever published. */
const MOST_PROVIDERS = 500;
const MOST_MODELS = 20_000;
const MOST_MODELS_OF_ONE = 5_000;
const MOST_ALTERNATIVES = 200;
const MOST_DATED_PRICES = 50;
const MOST_STEPS = 20;
const MOST_REPETITIONS = 3;
/** Levels of lists and objects: a catalogue has twelve, with rules that hold rules. */
const DEEPEST = 20;
/** USD, for a million tokens, a thousand searches, an hour: no published price comes near. */
const HIGHEST_PRICE = 100_000;

const name = z.string().min(1).max(200);
const price = z.number().min(0).max(HIGHEST_PRICE);

/** Patterns run over whatever names clients send, so those that could take for ever are not taken. */
const pattern = z.string().max(300).refine(isTamePattern, "not a pattern that can be used");

type Match = CatalogModel["match"];

const matchSchema: z.ZodType<Match> = z.lazy(() =>
  z.union([
    z.strictObject({ equals: name }),
    z.strictObject({ starts_with: name }),
    z.strictObject({ ends_with: name }),
    z.strictObject({ contains: name }),
    z.strictObject({ regex: pattern }),
    z.strictObject({ or: z.array(matchSchema).min(1).max(MOST_ALTERNATIVES) }),
    z.strictObject({ and: z.array(matchSchema).min(1).max(MOST_ALTERNATIVES) }),
  ]),
);

/** A rate for each class, by the catalogue's names: a figure, or one that steps up with the prompt's length. */
const priceSchema = z.record(
  z.string().regex(/^[a-z0-9_]{1,64}$/),
  z.union([
    price,
    z.object({
      base: price,
      tiers: z.array(z.object({ start: z.int().min(0), price })).max(MOST_STEPS),
    }),
  ]),
);

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/);

/** Older copies leave out the type of a constraint. */
const constraintSchema = z.union([
  z
    .strictObject({ start_date: z.iso.date(), type: z.literal("start_date").optional() })
    .transform(({ start_date }) => ({ start_date, type: "start_date" as const })),
  z
    .strictObject({ start_time: timeOfDay, end_time: timeOfDay, type: z.literal("time_of_date").optional() })
    .transform(({ start_time, end_time }) => ({ start_time, end_time, type: "time_of_date" as const })),
]);

const conditionalSchema = z.object({
  constraint: z
    .union([constraintSchema, z.null()])
    .optional()
    .transform((constraint) => constraint ?? undefined),
  prices: priceSchema,
});

const modelSchema = z.object({
  id: name,
  match: matchSchema,
  context_window: z.int().min(1).max(1_000_000_000).nullish(),
  deprecated: z.boolean().nullish(),
  prices: z.union([priceSchema, z.array(conditionalSchema).min(1).max(MOST_DATED_PRICES)]),
});

const providerSchema = z.object({
  id: name,
  name,
  api_pattern: pattern,
  provider_match: matchSchema.nullish(),
  fallback_model_providers: z.array(name).max(50).nullish(),
  models: z.array(modelSchema).max(MOST_MODELS_OF_ONE),
});

const catalogSchema = z.array(providerSchema).min(1).max(MOST_PROVIDERS);

/**
 * Reads a catalogue in the format of its public source. What Tollgate does not use (descriptions, ways to read usage) is
 * left out.
 * @throws CatalogError that names the first thing that is wrong
 */
export function parseCatalog(input: unknown): CatalogProvider[] {
  if (depthOf(input) > DEEPEST) {
    throw new CatalogError("it is nested too deeply");
  }
  const result = catalogSchema.safeParse(input);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new CatalogError(`${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "unexpected"}`);
  }
  const providers = result.data.map(plainProvider);
  const ids = new Set(providers.map(({ id }) => id));
  if (ids.size < providers.length) {
    throw new CatalogError("a provider stands in it twice");
  }
  if (countModels(providers) > MOST_MODELS) {
    throw new CatalogError(`it holds more than ${MOST_MODELS} models`);
  }
  return providers;
}

export function countModels(providers: readonly CatalogProvider[]): number {
  return providers.reduce((sum, { models }) => sum + models.length, 0);
}

type ParsedProvider = z.output<typeof providerSchema>;

/** Without members that stand as null or undefined. */
function plainProvider(parsed: ParsedProvider): CatalogProvider {
  const { provider_match: alias, fallback_model_providers: fallbacks } = parsed;
  return {
    id: parsed.id,
    name: parsed.name,
    api_pattern: parsed.api_pattern,
    ...(alias == null ? {} : { provider_match: alias }),
    ...(fallbacks == null ? {} : { fallback_model_providers: fallbacks }),
    models: parsed.models.map(({ id, match, prices, context_window, deprecated }) => ({
      id,
      match,
      ...(context_window == null ? {} : { context_window }),
      ...(deprecated == null ? {} : { deprecated }),
      prices: Array.isArray(prices)
        ? prices.map(({ constraint, prices: rates }) =>
            constraint === undefined ? { prices: rates } : { constraint, prices: rates },
          )
        : prices,
    })),
  };
}

/** Whether a pattern compiles, refers to nothing it matched, repeats no group, and has few open repetitions: it ends soon. */
function isTamePattern(source: string): boolean {
  const bare = source.replace(/\\[^1-9k]/g, "e").replace(/\[[^\]]*\]/g, "c");
  const repetitions = bare.match(/[*+]|\{\d+,/g)?.length ?? 0;
  if (/\\[1-9k]|\)[*+{]/.test(bare) || repetitions > MOST_REPETITIONS) {
    return false;
  }
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}

/** How deeply lists and objects stand within each other; stops where it is beyond all sense. */
function depthOf(input: unknown): number {
  let level = [input];
  let depth = 0;
  while (level.length > 0 && depth <= DEEPEST) {
    depth += 1;
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
  return depth;
}
