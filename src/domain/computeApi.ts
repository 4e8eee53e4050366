import { z } from "zod";

const nano = z.int();
const count = z.int().min(0);
const ms = z.int().min(0);
const iso = z.iso.datetime();
const perSecond = z.number().min(0).nullable();

/** What a server does now by its own metrics; null where they do not tell. */
export const liveFiguresSchema = z.object({
  at: iso,
  running: z.number().min(0).nullable(),
  waiting: z.number().min(0).nullable(),
  /** 0 to 1, of the fullest engine. */
  kvCacheUsage: z.number().min(0).max(1).nullable(),
  promptTokensPerSecond: perSecond,
  outputTokensPerSecond: perSecond,
});

/** How a server compares with the model of an API; see docs/compute.md. */
export const comparisonSchema = z.object({
  /** As `provider/model`. */
  model: z.string(),
  /** False: nobody knows its price, and nothing is compared. */
  priced: z.boolean(),
  apiCostNanoUsd: nano.nullable(),
  tokensPerDay: count.nullable(),
  actualTokensPerDay: count,
  beats: z.boolean().nullable(),
  mix: z.enum(["used", "usual"]),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** A server's stop command, whether a person has allowed it to run, and how it last ran. */
export const stopCommandStateSchema = z.object({
  command: z.array(z.string()),
  allowed: z.boolean(),
  lastRun: z
    .object({
      at: iso,
      budget: z.string().nullable(),
      ended: z.boolean(),
      exitCode: z.int().nullable(),
      trouble: z.string().nullable(),
    })
    .nullable(),
});
export type StopCommandState = z.infer<typeof stopCommandStateSchema>;

/** Allows a stop command to run, or forbids it: the very one that is configured. */
export const stopDecisionSchema = z.strictObject({
  command: z.array(z.string()).min(1),
  allowed: z.boolean(),
  by: z.string().min(1).max(200),
});
export type StopDecision = z.infer<typeof stopDecisionSchema>;

/** A server that costs by the hour, over a range of time. */
export const computeServerSchema = z.object({
  provider: z.string(),
  up: z.boolean(),
  upSince: iso.nullable(),
  detail: z.string(),
  /** `metrics`: its hours are known from its own start. `health`: only from when it was seen. */
  basis: z.enum(["metrics", "health"]),
  /** For everything together, now. */
  hourlyRateUsd: z.number().min(0),
  upMs: ms,
  /** With what fills up billing units. */
  billedMs: ms,
  busyMs: ms,
  /** Of which nobody can tell whether it was up; it is not charged. */
  unknownMs: ms,
  costNanoUsd: nano,
  /** What no call has of the cost, and its share (0 to 1); null where there is no cost. */
  idleNanoUsd: nano,
  idleShare: z.number().min(0).max(1).nullable(),
  calls: count,
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  /** By the server's own counters, for whomever; null where they told nothing in the range. */
  servedTokens: count.nullable(),
  /** The cost, idle time included, for a million tokens; null without tokens. `Now` is the last hour. */
  usdPerMTok: z.number().min(0).nullable(),
  usdPerMTokNow: z.number().min(0).nullable(),
  live: liveFiguresSchema.nullable(),
  comparison: comparisonSchema.nullable(),
  /** Null where none is configured. */
  stopCommand: stopCommandStateSchema.nullable(),
});
export type ComputeServer = z.infer<typeof computeServerSchema>;

export const computeReportSchema = z.object({
  from: iso.nullable(),
  to: iso.nullable(),
  now: iso,
  timeZone: z.string(),
  servers: z.array(computeServerSchema),
});
export type ComputeReport = z.infer<typeof computeReportSchema>;
