import { z } from "zod";
import { costBasisSchema } from "./call.ts";
import { priceSchema } from "./config.ts";
import { ratesSchema } from "./rates.ts";

const text = z.string().nullable();
const iso = z.iso.datetime();

/** Where a price comes from, by the names of the entry in the configuration or in the catalogue. */
export const priceSourceSchema = z.object({
  kind: z.enum(["own", "fixed", "free", "compute-hour", "catalog", "default"]),
  provider: text,
  model: text,
  from: text,
  until: text,
});

/**
 * What a model costs now, at standard service. `rates` are those of ordinary prompts, `tiers` of longer ones: pico-USD a
 * token, as with calls. Without a price, `basis` is `unpriced` and the rest is null.
 */
export const priceRowSchema = z.object({
  provider: z.string(),
  model: z.string(),
  basis: costBasisSchema,
  version: text,
  rates: ratesSchema.nullable(),
  /** Each for prompts of more input tokens than `above`: the whole request is charged by it. */
  tiers: z.array(z.object({ above: z.int().min(1), rates: ratesSchema })),
  source: priceSourceSchema.nullable(),
});
export type PriceRow = z.infer<typeof priceRowSchema>;

/** `version` is the edition of the published prices. */
export const priceListSchema = z.object({ version: z.string(), prices: z.array(priceRowSchema) });
export type PriceList = z.infer<typeof priceListSchema>;

const by = z.string().min(1).max(200).default("api");

/** A price of the user's own, and who sets it. */
export const setPriceRequestSchema = z.strictObject({ price: priceSchema, by });
export type SetPriceRequest = z.input<typeof setPriceRequestSchema>;

export const setPriceResponseSchema = z.object({ price: priceSchema, prices: z.array(priceSchema) });
export const removedPricesSchema = z.object({ removed: z.array(priceSchema) });

const modelRefSchema = z.object({ provider: z.string(), model: z.string() });

/** A model whose price changes. `factor`: how many times, up or down, at most; null from or to nothing. */
export const priceChangeSchema = modelRefSchema.extend({
  before: ratesSchema.nullable(),
  after: ratesSchema.nullable(),
  factor: z.number().nullable(),
});

/**
 * Fetches the published prices from their source, or with `accept` takes what was held back of the copy at hand: by name
 * (`openai/gpt-5`) or all of it. `dryRun` only compares.
 */
export const updatePricesRequestSchema = z.strictObject({
  accept: z.union([z.literal("all"), z.array(z.string().min(1)).max(20_000)]).default([]),
  dryRun: z.boolean().default(false),
  by,
});
export type UpdatePricesRequest = z.input<typeof updatePricesRequestSchema>;

/** What the published prices rest on now. */
export const pricesStateSchema = z.object({
  version: z.string(),
  builtInVersion: z.string(),
  source: z.string(),
  updates: z.enum(["off", "weekly"]),
  /** Of the copy in force; null where the built-in prices are. */
  fetchedAt: iso.nullable(),
  checkedAt: iso.nullable(),
  /** Prices of the copy that are not in force until somebody accepts them. */
  heldBack: z.array(priceChangeSchema),
  /** Why the last attempt failed, in words; null where it did not. */
  trouble: text,
});
export type PricesState = z.infer<typeof pricesStateSchema>;

/** What an update changed, or with `dryRun` would change. `gone` models keep the last price they had. */
export const priceUpdateSchema = pricesStateSchema.extend({
  outcome: z.enum(["updated", "unchanged", "compared"]),
  added: z.array(modelRefSchema),
  gone: z.array(modelRefSchema),
  changed: z.array(priceChangeSchema),
});
export type PriceUpdate = z.infer<typeof priceUpdateSchema>;
