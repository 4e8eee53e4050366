import { z } from "zod";
import { estimateErrorSchema, inputBasisSchema, passRequestSchema } from "./api.ts";
import { costBasisSchema } from "./call.ts";
import { abilitiesSchema, abilityNameSchema, tierSchema } from "./models/abilities.ts";
import { ratesSchema } from "./rates.ts";

const nano = z.int();
const count = z.int().min(0);
const usd = z.number().min(0).nullable();

/** One model of one provider. Prices are those of ordinary prompts at the standard tier, in USD for a million tokens. */
export const modelSchema = z.object({
  provider: z.string(),
  /** As the provider takes it. */
  model: z.string(),
  family: z.string().nullable(),
  /** Tokens of prompt and answer together; null where nobody says. */
  contextWindowTokens: count.nullable(),
  /** The longest answer that is reckoned with: a cautious number where the maker's page is not known. */
  outputLimitTokens: count,
  abilities: abilitiesSchema,
  tier: tierSchema.nullable(),
  /** Who says so of abilities and tier, in words. */
  source: z.string().nullable(),
  costBasis: costBasisSchema,
  priceVersion: z.string().nullable(),
  inputUsdPerMTok: usd,
  cachedInputUsdPerMTok: usd,
  outputUsdPerMTok: usd,
  /** Where the provider is paid by the hour. */
  hourlyRateUsd: usd,
});
export type Model = z.infer<typeof modelSchema>;

export const modelListSchema = z.object({ models: z.array(modelSchema) });

/** Which models: of a provider, with all of these abilities, up to this kind of work. */
export const modelQuerySchema = z.strictObject({
  provider: z.string().optional(),
  ability: z.array(abilityNameSchema).default([]),
  tier: tierSchema.optional(),
});
export type ModelQuery = z.input<typeof modelQuerySchema>;

/** What a name means. */
export const modelDetailSchema = modelSchema.extend({
  asked: z.string(),
  /** `name`: the model's own name, however spelled; `alias`: a name that stands for it now. */
  by: z.enum(["name", "alias"]),
  /** In pico-USD a token; null where no price is known. */
  rates: ratesSchema.nullable(),
  /** What its answers take, in output tokens: half of them no more than `median`, 95 of 100 no more than `high`. */
  usualOutput: z.object({ median: count, high: count }),
  /** Null where no call has been compared yet. */
  estimateError: estimateErrorSchema.nullable(),
  /** What else the name can mean, best first: the same model elsewhere, or older ones. */
  others: z.array(z.object({ provider: z.string(), model: z.string() })),
});
export type ModelDetail = z.infer<typeof modelDetailSchema>;

export const LARGEST_BATCH = 2_000;

/**
 * What a prompt, or each of a batch of prompts, would cost on one or several models. Without models, those used most this
 * month, else the last one. `texts` stay on this machine and are not stored; `inputTokens` is given in their place where
 * they have been counted.
 */
export const estimatesRequestSchema = z
  .strictObject({
    /** Names as people give them (`sonnet`, `openai/gpt-5-mini`), or exactly one model of a provider. */
    models: z
      .array(z.union([z.string().min(1), z.strictObject({ provider: z.string(), model: z.string().min(1) })]))
      .max(300)
      .default([]),
    provider: z.string().optional(),
    texts: z.array(z.string()).min(1).max(LARGEST_BATCH).optional(),
    inputTokens: z.array(count.max(10_000_000)).min(1).max(LARGEST_BATCH).optional(),
    /** The length that an answer is expected to have; absent: what is usual of the model. */
    outputTokens: z.int().min(0).max(1_000_000).optional(),
    /** The longest answer that would be asked for; null: as long as the model can. */
    maxOutputTokens: z.int().min(1).nullable().default(null),
    /** Of the input, the share that is expected to come from the provider's cache; absent: as with the tool's earlier calls. */
    cachedShare: z.number().min(0).max(1).optional(),
    /** Who would make the calls: budgets of other callers do not count. */
    caller: passRequestSchema.prefault({}),
  })
  .refine(({ texts, inputTokens }) => (texts === undefined) !== (inputTokens === undefined), {
    error: "give either texts or inputTokens",
  });
export type EstimatesRequest = z.input<typeof estimatesRequestSchema>;

/** Tokens and amounts are sums over all prompts of the request; `usualOutputTokens` is of one answer. */
export const modelEstimateSchema = z.object({
  asked: z.string(),
  provider: z.string(),
  model: z.string(),
  inputTokens: count,
  /** Of those, what is taken to come from the provider's cache. */
  cachedInputTokens: count.default(0),
  inputBasis: inputBasisSchema,
  usualOutputTokens: count,
  /** Null where no price is known. */
  expectedNanoUsd: nano.nullable(),
  /** With the longest answers that may be given. */
  worstCaseNanoUsd: nano.nullable(),
  costBasis: costBasisSchema,
  contextWindowTokens: count.nullable(),
  /** Prompts that are expected to leave no room for an answer. */
  promptsTooLong: count,
  /** Of the budgets that the calls fall under, the one that is spent furthest, and what is left of it. */
  tightestBudget: z.string().nullable(),
  leftNanoUsd: nano.nullable(),
});
export type ModelEstimate = z.infer<typeof modelEstimateSchema>;

/** In the order of the models that were asked for. */
export const estimatesSchema = z.object({
  prompts: count,
  /** The share that was given; null where each model's own was taken. */
  cachedShare: z.number().nullable(),
  estimates: z.array(modelEstimateSchema),
});
export type Estimates = z.infer<typeof estimatesSchema>;
