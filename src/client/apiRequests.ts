import type { z } from "zod";
import type { backendSettingsSchema } from "../domain/backends/backendSettings.ts";
import type { budgetSchema } from "../domain/budget.ts";
import type { CallStatus } from "../domain/call.ts";
import type { Config, defaultPriceSchema, priceSchema, providerSchema } from "../domain/config.ts";
import type { rateLimitSettingsSchema } from "../domain/rateLimits/rateLimitSettings.ts";

/** Which calls: times are ISO 8601 (`since` included, `until` not), `cursor` is a former page's `nextCursor`. */
export type CallsQuery = {
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly project?: string;
  readonly tool?: string;
  readonly user?: string;
  readonly tag?: string;
  readonly branch?: string;
  readonly session?: string;
  readonly prompt?: string;
  readonly status?: CallStatus;
};

/**
 * Parts of the configuration, as a person writes it. Providers are added or replaced by name, and taken out by null; other
 * parts are replaced as a whole.
 */
export interface ConfigChange {
  readonly providers?: Readonly<Record<string, z.input<typeof providerSchema> | null>>;
  readonly prices?: ReadonlyArray<z.input<typeof priceSchema>>;
  readonly defaultPrice?: z.input<typeof defaultPriceSchema> | null;
  readonly priceUpdates?: Config["priceUpdates"];
  readonly pricesSource?: string;
  readonly budgets?: ReadonlyArray<z.input<typeof budgetSchema>>;
  readonly backends?: z.input<typeof backendSettingsSchema>;
  readonly rateLimits?: z.input<typeof rateLimitSettingsSchema>;
}
