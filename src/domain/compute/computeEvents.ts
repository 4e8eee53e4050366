import { z } from "zod";

const nano = z.int().min(0);
const ms = z.int().min(0);

/**
 * One interval that a server by the hour is charged for. It counts against budgets when it is accrued; calls share it later,
 * and share no more than it cost. Times are ms since the epoch. Accruals of older versions have the first four fields alone.
 */
export const accrualSchema = z.object({
  provider: z.string(),
  from: ms,
  to: ms,
  costNanoUsd: nano,
  /** `rounding` fills up the last billing unit of a time up, beginning where that ended. */
  kind: z.enum(["up", "rounding"]).optional(),
  /** What has been charged beyond the exact sum, in nano-USD an hour × ms. */
  ahead: nano.optional(),
  /** The work of a token that is written, in thousandths of that of one that is read. */
  decodeWeight: z.int().min(1).optional(),
  /** What the server's own counters say that it did meanwhile, for whomever. */
  served: z.object({ promptTokens: nano, outputTokens: nano }).optional(),
  /** The time up that it belongs to; null where that has ended. */
  run: z.object({ startedAt: ms, ownStart: ms.nullable() }).nullable().optional(),
  /** Units that are paid for without a break. */
  period: z.object({ from: ms, paidUntil: ms }).nullable().optional(),
});
export type Accrual = z.infer<typeof accrualSchema>;

/** How calls share one accrued interval; what they leave is idle. `startedAt` is when the call started, ms since the epoch. */
export const sharingSchema = z.object({
  provider: z.string(),
  from: ms,
  to: ms,
  /** How long calls were under way in it, ms. */
  busyMs: ms,
  shares: z.array(z.object({ callId: z.string(), startedAt: ms, costNanoUsd: nano })),
});
export type Sharing = z.infer<typeof sharingSchema>;

/** Time of which nobody can tell whether a server was up, so that nothing is charged for it. */
export const unknownTimeSchema = z.object({ provider: z.string(), from: ms, to: ms });
export type UnknownTime = z.infer<typeof unknownTimeSchema>;

/**
 * What happened about the user's command that stops a server: it was allowed or forbidden to run, was run because a budget
 * was spent, and ended. What it prints is not kept.
 */
export const stopStepSchema = z.object({
  provider: z.string(),
  step: z.enum(["allowed", "forbidden", "started", "ended"]),
  /** Program and arguments. */
  command: z.array(z.string()),
  by: z.string(),
  /** The budget that was spent, and its window's start; null where nobody's was. */
  budget: z.string().nullable(),
  windowStart: ms.nullable(),
  /** How it ended: its exit code, or what kept it from running. */
  exitCode: z.int().nullable(),
  trouble: z.string().nullable(),
});
export type StopStep = z.infer<typeof stopStepSchema>;
