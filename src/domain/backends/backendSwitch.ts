import { z } from "zod";
import { backendSchema } from "./backendSettings.ts";

/** `down`: nothing answers, or it says that it cannot work; `slow`: it answers, but not within the limit. */
export const backendStateSchema = z.enum(["ok", "slow", "down", "key-missing", "key-wrong", "no-model"]);
export type BackendState = z.infer<typeof backendStateSchema>;

/** How a provider answered a check just now. `latencyMs` is null where it did not. */
export const checkedSchema = z.object({
  state: backendStateSchema,
  latencyMs: z.int().min(0).nullable(),
  /** In words: what it answered, or what is wrong. */
  detail: z.string(),
});
export type Checked = z.infer<typeof checkedSchema>;

/** One switch, as the journal keeps it. */
export const switchSchema = z.object({
  /** Null: the default. */
  tier: z.string().nullable(),
  from: backendSchema.nullable(),
  /** Null where a tier stands for nothing any more. */
  to: backendSchema.nullable(),
  by: z.string(),
  why: z.string().nullable(),
  /** What the check said; null where it was skipped. */
  checked: checkedSchema.nullable(),
});
export type Switch = z.infer<typeof switchSchema>;

/** A switch with the time it was made, ms since the epoch. */
export const recordedSwitchSchema = switchSchema.extend({ at: z.int().min(0) });
export type RecordedSwitch = z.infer<typeof recordedSwitchSchema>;
