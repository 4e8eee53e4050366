import { z } from "zod";
import { passRequestSchema } from "./api.ts";
import { callerSchema } from "./caller.ts";
import { providerNameSchema, providerSchema } from "./config.ts";

const iso = z.iso.datetime();

/** Ten years, in ms: who wants more wants a pass without an end. */
export const LONGEST_PASS_MS = 10 * 365 * 86_400_000;

/** Where a pass leads instead of a provider's own base URL, by the provider's name. */
export const passUpstreamsSchema = z.record(providerNameSchema, providerSchema.shape.baseUrl);

/**
 * What a pass is wanted for. `expiresInMs` counts from now; null takes an end away, and without it a pass that the caller
 * has stays as it is. An address of `upstreams` that is the gateway's own stands for where its pass leads.
 */
export const passWishSchema = passRequestSchema.extend({
  expiresInMs: z.int().min(1_000).max(LONGEST_PASS_MS).nullable().optional(),
  upstreams: passUpstreamsSchema.default({}),
});
export type PassWish = z.input<typeof passWishSchema>;

/** A pass as lists show it: never the secret, only how it begins. `id` is taken from its SHA-256. */
export const passInfoSchema = z.object({
  id: z.string(),
  beginning: z.string(),
  caller: callerSchema,
  madeAt: iso,
  /** Up to five minutes may be missing after a crash. */
  lastUsedAt: iso.nullable(),
  expiresAt: iso.nullable(),
  upstreams: passUpstreamsSchema,
});
export type PassInfo = z.infer<typeof passInfoSchema>;

export const passListSchema = z.object({ passes: z.array(passInfoSchema) });
