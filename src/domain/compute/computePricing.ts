import { z } from "zod";
import { momentSchema } from "../moment.ts";

export const DEFAULT_HOURLY_RATE_USD = 0.16;
export const BILLING_UNITS = ["second", "minute", "hour"] as const;

const hourlyRate = z.number().min(0, "an hourly rate cannot be negative").max(10_000);
const gpus = z.int().min(1, "at least one GPU").max(10_000);

/** What an hour costs from a time on; what is left out stays as it was before. */
const rateChangeSchema = z.strictObject({
  from: momentSchema,
  hourlyRateUsd: hourlyRate.optional(),
  gpus: gpus.optional(),
  extraHourlyUsd: hourlyRate.optional(),
});
export type RateChange = z.infer<typeof rateChangeSchema>;

/**
 * A server that costs by the hour for as long as it is up: `hourlyRateUsd` for each of its `gpus`, and `extraHourlyUsd`
 * (a disk) once.
 */
export const computePricingSchema = z.strictObject({
  kind: z.literal("compute-hour"),
  hourlyRateUsd: hourlyRate.default(DEFAULT_HOURLY_RATE_USD),
  gpus: gpus.optional(),
  extraHourlyUsd: hourlyRate.optional(),
  rates: z
    .array(rateChangeSchema)
    .max(1_000)
    .refine((rates) => new Set(rates.map(({ from }) => Date.parse(from))).size === rates.length, {
      error: "two rates begin at the same time",
    })
    .optional(),
  /** Each time that the server is up is billed in whole units; absent: to the millisecond. */
  billingUnit: z.enum(BILLING_UNITS).optional(),
  /** Hours before it do not count; absent: from the server's own start on. */
  countFrom: momentSchema.optional(),
  /** The model of an API whose price it is compared with, as `provider/model`. */
  compareWith: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}\/.{1,300}$/i, "a provider and a model, such as openai/gpt-5-mini")
    .optional(),
  /** What happens to calls to the server when a hard budget that covers it is spent; absent: `warn`. */
  whenSpent: z.enum(["warn", "refuse"]).optional(),
  /** The user's own command that stops the server: program and arguments. It runs only once it has been confirmed. */
  stopCommand: z
    .array(z.string().max(4_000))
    .min(1)
    .max(100)
    .refine(([program]) => program !== undefined && program.trim() !== "", "names no program")
    .optional(),
});
export type ComputePricing = z.infer<typeof computePricingSchema>;
