import { z } from "zod";
import { LONGEST_REASON, passRequestSchema } from "../api.ts";
import { backendSchema, tierNameSchema } from "./backendSettings.ts";
import { checkedSchema, recordedSwitchSchema } from "./backendSwitch.ts";
import { standsInForSchema } from "./standsInFor.ts";

const iso = z.iso.datetime();

/** The last failure of a call to a provider. */
export const lastErrorSchema = z.object({
  at: iso,
  model: z.string(),
  errorType: z.string(),
  /** Without anything secret; empty where nothing is known. */
  message: z.string(),
});
export type LastError = z.infer<typeof lastErrorSchema>;

/** A name and what it stands for; `configured` is false where the name itself says which model is meant. */
const tierSchema = z.object({ name: z.string(), backend: backendSchema, configured: z.boolean() });

/** Where prompts go. */
export const backendsSchema = z.object({
  default: backendSchema.nullable(),
  tiers: z.array(tierSchema),
  fallback: z.array(backendSchema),
  coolOffMs: z.int(),
  /** Backends that failed not long ago, which are passed over until then. */
  cooling: z.array(backendSchema.extend({ until: iso, why: z.string() })),
});
export type Backends = z.infer<typeof backendsSchema>;

/** A provider, or one backend of it, with what it is for: `default`, a tier's name, `fallback 1`. */
export const checkedBackendSchema = checkedSchema.extend({
  provider: z.string(),
  /** Null for a provider that no name stands for. */
  model: z.string().nullable(),
  roles: z.array(z.string()),
  lastError: lastErrorSchema.nullable(),
});
export type CheckedBackend = z.infer<typeof checkedBackendSchema>;
export const checkedBackendsSchema = z.object({ backends: z.array(checkedBackendSchema) });

/** Keys by provider's name. They are used for this one question and kept nowhere. */
const keysSchema = z.record(z.string(), z.string().max(16_384));

export const checkRequestSchema = z.strictObject({ keys: keysSchema.default({}) });

/**
 * Makes a backend the default, or what a tier stands for. `name` is a tier, a provider, `provider/model`, or a model's name.
 * It is checked first unless `skipHealthCheck`.
 */
export const switchRequestSchema = z.strictObject({
  name: z.string().min(1).max(400),
  /** Null: the default. */
  tier: tierNameSchema.nullable().default(null),
  keys: keysSchema.default({}),
  skipHealthCheck: z.boolean().default(false),
  by: z.string().min(1).max(200),
  why: z.string().max(LONGEST_REASON).nullable().default(null),
});
export type SwitchRequest = z.input<typeof switchRequestSchema>;

/** Where a prompt goes that was asked of a backend under a tier's name, by whom. */
export const routeRequestSchema = z.strictObject({
  ...backendSchema.shape,
  caller: passRequestSchema.prefault({}),
});
export type RouteRequest = z.input<typeof routeRequestSchema>;

export const routeSchema = z.object({
  backend: backendSchema,
  /** Why it is not the one that was asked of; null where it is. */
  standsInFor: standsInForSchema.nullable(),
  /** How much of the budget that says so is spent, as a share of its limit; null without one. */
  share: z.number().nullable(),
});
export type Route = z.infer<typeof routeSchema>;

/** A client of ours says that a backend is down or busy, after all retries. */
export const failedRequestSchema = z.strictObject({
  provider: z.string().min(1).max(64),
  model: z.string().min(1).max(300),
  why: z.string().max(1_000),
});
export type FailedRequest = z.input<typeof failedRequestSchema>;

export const fallbackRequestSchema = z.strictObject({
  /** Tiers, or `provider/model`. */
  names: z.array(z.string().min(1).max(400)).max(10),
  by: z.string().min(1).max(200),
});

/** Newest first. */
export const switchLogSchema = z.object({ switches: z.array(recordedSwitchSchema) });
