import { z } from "zod";
import { backendSettingsSchema } from "./backends/backendSettings.ts";
import { budgetSchema, DEFAULT_WARN_AT } from "./budget.ts";
import { computePricingSchema, DEFAULT_HOURLY_RATE_USD } from "./compute/computePricing.ts";
import { headersSchema, tlsSchema } from "./endpoint.ts";
import { momentSchema } from "./moment.ts";
import { rateLimitSettingsSchema } from "./rateLimits/rateLimitSettings.ts";

/** The public source of the catalogue that comes with Tollgate. */
export const DEFAULT_PRICES_SOURCE =
  "https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json";
const MOST_PRICES = 5_000;

const usdRate = z.number().min(0, "a price cannot be negative").max(1_000_000);

/** How a provider's calls are priced. */
export const pricingSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("catalog") }),
  z.strictObject({ kind: z.literal("reported") }),
  z.strictObject({
    kind: z.literal("fixed"),
    inputUsdPerMTok: usdRate,
    outputUsdPerMTok: usdRate,
    cachedInputUsdPerMTok: usdRate.optional(),
  }),
  z.strictObject({ kind: z.literal("free") }),
  computePricingSchema,
]);
export type Pricing = z.infer<typeof pricingSchema>;

/** A provider's name stands in gateway paths, so it is kept to characters that need no escaping there. */
export const providerNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, "1 to 64 letters, digits or . _ -, beginning with a letter or a digit");

const baseUrl = z.string().refine((text) => {
  const url = URL.parse?.(text) ?? parseUrl(text);
  const isWeb = url !== null && (url.protocol === "http:" || url.protocol === "https:");
  return isWeb && `${url.username}${url.password}${url.search}${url.hash}` === "";
}, "must be an http:// or https:// address without password, query or fragment, such as https://api.openai.com/v1");

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

export const providerSchema = z
  .strictObject({
    protocol: z.enum(["openai", "anthropic", "google", "ollama", "cohere", "bedrock"]),
    baseUrl,
    pricing: pricingSchema.default({ kind: "catalog" }),
    tls: tlsSchema.optional(),
    headers: headersSchema.optional(),
  })
  .refine(({ tls, baseUrl }) => tls === undefined || baseUrl.toLowerCase().startsWith("https:"), {
    error: "is for an https:// address",
    path: ["tls"],
  });
export type Provider = z.infer<typeof providerSchema>;

/**
 * Rates as a person writes them, in USD for a million tokens, `webSearchUsd` for one search. A class without a rate costs
 * what input (or output) costs; writes that are kept for an hour cost what other writes cost, where they have no rate.
 */
const tokenPrices = {
  inputUsdPerMTok: usdRate,
  outputUsdPerMTok: usdRate,
  cachedInputUsdPerMTok: usdRate.optional(),
  cacheWriteUsdPerMTok: usdRate.optional(),
  cacheWrite1hUsdPerMTok: usdRate.optional(),
  audioInputUsdPerMTok: usdRate.optional(),
  audioOutputUsdPerMTok: usdRate.optional(),
  webSearchUsd: z.number().min(0, "a price cannot be negative").max(1_000).optional(),
};

/**
 * A user's own price; `provider` and `model` may hold `*`. It comes before the catalogue, for calls that start at `from` or
 * later and before `until`.
 */
export const priceSchema = z
  .strictObject({
    provider: z.string().min(1).max(200),
    model: z.string().min(1).max(300),
    ...tokenPrices,
    from: momentSchema.optional(),
    until: momentSchema.optional(),
  })
  .refine(({ from, until }) => from === undefined || until === undefined || Date.parse(from) < Date.parse(until), {
    error: "the price ends before it begins",
    path: ["until"],
  });
export type Price = z.infer<typeof priceSchema>;

/** What a model costs that nobody has priced. */
export const defaultPriceSchema = z.strictObject(tokenPrices);
export type TokenPrices = z.infer<typeof defaultPriceSchema>;

/** Where the published prices are fetched from, if ever: over the network encrypted, without only on this machine. */
const pricesSourceSchema = z.string().refine((text) => {
  const url = parseUrl(text);
  const isLoopback = url !== null && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return url !== null && url.username === "" && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback));
}, "must be an https:// address");

/** How the gate treats calls when money is short. */
export const gateSettingsSchema = z.strictObject({
  /** The smallest output limit, in tokens, that still makes a useful answer: below it a call is refused, not clamped. */
  minOutputTokens: z.int().min(1).max(1_000_000).default(256),
  /** How long, in ms, a call waits for other calls' holds to settle before it is refused. */
  waitMs: z.int().min(0).max(600_000).default(10_000),
  /** When a budget is tight, the share of what is left that one hold may take. */
  tightShare: z.number().gt(0).max(1).default(0.25),
});
export type GateSettings = z.infer<typeof gateSettingsSchema>;

export const configSchema = z.strictObject({
  providers: z.record(providerNameSchema, providerSchema).default({}),
  prices: z.array(priceSchema).max(MOST_PRICES).default([]),
  /** Null: a model that nobody has priced has no price, and a hard budget refuses it. */
  defaultPrice: defaultPriceSchema.nullable().default(null),
  /** Whether the published prices are fetched anew by themselves. */
  priceUpdates: z.enum(["off", "weekly"]).default("off"),
  pricesSource: pricesSourceSchema.default(DEFAULT_PRICES_SOURCE),
  budgets: z
    .array(budgetSchema)
    .default([])
    .refine((budgets) => new Set(budgets.map((budget) => budget.name)).size === budgets.length, {
      error: "two budgets have the same name",
    }),
  gate: gateSettingsSchema.prefault({}),
  backends: backendSettingsSchema.prefault({}),
  rateLimits: rateLimitSettingsSchema.prefault({}),
  /** How often compute-hour providers are asked whether they are up, in ms. */
  healthIntervalMs: z.int().min(100).max(3_600_000).default(15_000),
  /** How long, in ms, such a provider may be unreachable before it counts as down. */
  healthGraceMs: z.int().min(0).max(86_400_000).default(60_000),
  /** IANA name; absent: the machine's. Windows of time begin and end by it. */
  timeZone: z.string().refine(isTimeZone, "not a time zone name, such as Europe/Berlin").optional(),
  /** 0 Sunday … 6 Saturday. */
  weekStartsOn: z.int().min(0).max(6).default(1),
});
export type Config = z.infer<typeof configSchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A configuration that makes no sense; the message names each key that is wrong and what is expected there. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Checks a configuration and fills in defaults.
 * @throws ConfigError
 */
export function parseConfig(input: unknown): Config {
  return parseNamed(configSchema, input);
}

/**
 * Checks one part of a configuration; errors name keys below `at`, and all of it as `whole`.
 * @throws ConfigError
 */
export function parseNamed<T extends z.ZodType>(
  schema: T,
  input: unknown,
  at?: string,
  whole = "the configuration",
): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) {
    return result.data;
  }
  throw new ConfigError(result.error.issues.map((issue) => describeIssue(issue, at, whole)).join("; "));
}

function describeIssue(issue: z.core.$ZodIssue, at: string | undefined, whole: string): string {
  const parts = [...(at === undefined ? [] : [at]), ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => [...parts, key].join("."));
    return `${names.join(", ")}: unknown key`;
  }
  const message = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return `${parts.length === 0 ? whole : parts.join(".")}: ${message}`;
}

/** A limit, an hourly rate or an address taken from the environment, before they are checked. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What holds where the user has set nothing: the public providers, a local vLLM, and a budget if `BUDGET_LIMIT` (USD) names one.
 * `VLLM_ENDPOINT` and `VLLM_HOURLY_RATE` (USD) give vLLM's address and price.
 * @throws ConfigError when a variable makes no sense; the message names it.
 */
export function defaultConfig(environment: Environment): Config {
  const limit = numberFrom(environment, "BUDGET_LIMIT");
  const hourlyRateUsd = numberFrom(environment, "VLLM_HOURLY_RATE") ?? DEFAULT_HOURLY_RATE_USD;
  const vllm = {
    protocol: "openai",
    baseUrl: vllmBaseUrl(environment.VLLM_ENDPOINT),
    pricing: { kind: "compute-hour", hourlyRateUsd },
  };
  parseNamed(providerSchema, vllm, "VLLM_ENDPOINT or VLLM_HOURLY_RATE");
  return parseConfig({
    providers: {
      openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" },
      anthropic: { protocol: "anthropic", baseUrl: "https://api.anthropic.com" },
      google: { protocol: "google", baseUrl: "https://generativelanguage.googleapis.com" },
      vllm,
    },
    budgets:
      limit === undefined
        ? []
        : [{ name: "month", limitUsd: limit, window: "month", hard: true, warnAt: [...DEFAULT_WARN_AT] }],
  });
}

/** vLLM serves its API below `/v1`; users often give the bare address. */
export function vllmBaseUrl(endpoint: string | undefined): string {
  if (endpoint === undefined || endpoint.trim() === "") {
    return "http://127.0.0.1:8000/v1";
  }
  const bare = endpoint.trim().replace(/\/+$/, "");
  return /\/v\d+$/.test(bare) ? bare : `${bare}/v1`;
}

function numberFrom(environment: Environment, name: string): number | undefined {
  const text = environment[name]?.trim();
  if (text === undefined || text === "") {
    return undefined;
  }
  const value = Number(text.replace(/^\$/, ""));
  if (!Number.isFinite(value) || value < 0) {
    throw new ConfigError(`${name}: "${text}" is not an amount in USD, such as 25 or 0.16`);
  }
  return value;
}
