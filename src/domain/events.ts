import { z } from "zod";
import { switchSchema } from "./backends/backendSwitch.ts";
import { standsInForSchema } from "./backends/standsInFor.ts";
import { budgetSchema } from "./budget.ts";
import { callSchema, costBasisSchema } from "./call.ts";
import { accrualSchema, sharingSchema, stopStepSchema, unknownTimeSchema } from "./compute/computeEvents.ts";
import { providerSchema } from "./config.ts";

const nano = z.int().min(0);
const ms = z.int().min(0);
const text = z.string().nullable();

/** Why a call was refused, with the amounts a person needs to decide what to do. Money is nano-USD, times are ms. */
export const refusalSchema = z.object({
  reason: z.enum(["budget", "unpriced", "boundless", "unmetered", "no-ledger"]),
  budget: text,
  window: text,
  spentNanoUsd: nano,
  heldNanoUsd: nano,
  limitNanoUsd: nano,
  worstCaseNanoUsd: nano.nullable(),
  /** What it needs at least: its input and a useful answer. Null in refusals of older versions, too. */
  neededNanoUsd: nano.nullable().default(null),
  resetsAt: z.iso.datetime().nullable(),
  message: z.string(),
});
export type Refusal = z.infer<typeof refusalSchema>;

/** A hold placed before a call leaves: enough to book the call as interrupted if nothing more is ever heard of it. */
export const heldSchema = z.object({
  id: z.string(),
  provider: z.string(),
  protocol: z.string(),
  model: z.string(),
  project: text,
  tool: text,
  user: text,
  tags: z.array(z.string()),
  requestType: text,
  traceId: text,
  /** As in the call; null in holds of older versions. */
  sessionId: text.default(null),
  branch: text.default(null),
  stream: z.boolean(),
  attempt: z.int().min(1).optional(),
  promptId: z.string().optional(),
  standsInFor: standsInForSchema.optional(),
  holdNanoUsd: nano,
  costBasis: costBasisSchema,
  budgets: z.array(z.string()),
  /** Budgets whose "allow once" this call used up. */
  allowedBy: z.array(z.string()),
  /** The output limit that the gate wrote into the request, in tokens; null where it left the request alone. */
  clampedOutput: z.int().min(1).nullable(),
});
export type Held = z.infer<typeof heldSchema>;

/** A recorded decision of the user about a budget. */
export const decisionSchema = z.object({
  id: z.string(),
  budget: z.string(),
  kind: z.enum(["raise", "allow-once", "pause", "resume"]),
  /** The limit that holds until `until`, for `raise`. */
  limitNanoUsd: nano.nullable(),
  /** When it ends by itself; null where it does not, and for `resume`. */
  until: ms.nullable(),
  by: z.string(),
  why: text,
});
export type Decision = z.infer<typeof decisionSchema>;

/** A decision with the time it was made, ms since the epoch. */
export const recordedDecisionSchema = decisionSchema.extend({ at: ms });
export type RecordedDecision = z.infer<typeof recordedDecisionSchema>;

export const alertSchema = z.object({
  id: z.string(),
  budget: z.string(),
  /** Share of the limit that was reached: 0.5, 0.75, 0.9, … 1. */
  threshold: z.number().gt(0).max(1),
  windowStart: ms,
  spentNanoUsd: nano,
  limitNanoUsd: nano,
});
export type Alert = z.infer<typeof alertSchema>;

/** An alert with the time it was raised, ms since the epoch. */
export const raisedAlertSchema = alertSchema.extend({ at: ms });
export type RaisedAlert = z.infer<typeof raisedAlertSchema>;

const stamp = { seq: z.int().min(1), at: ms };

/** Everything that happens, as the journal keeps it and the event stream tells it. `at` is ms since the epoch. */
export const eventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("sidecar.started"), ...stamp, pid: z.int(), version: z.string() }),
  z.object({ type: z.literal("sidecar.stopped"), ...stamp, pid: z.int() }),
  z.object({ type: z.literal("call.held"), ...stamp, held: heldSchema }),
  z.object({ type: z.literal("call.settled"), ...stamp, call: callSchema }),
  z.object({ type: z.literal("call.refused"), ...stamp, call: callSchema, refusal: refusalSchema }),
  /** Work that a call ordered goes on at the provider, which will tell under `deferredId` what it cost. */
  z.object({
    type: z.literal("call.deferred"),
    ...stamp,
    callId: z.string(),
    provider: z.string(),
    deferredId: z.string(),
  }),
  /** A booked call that is known better now: `call` takes the place of what stands under its id. */
  z.object({ type: z.literal("call.corrected"), ...stamp, call: callSchema, by: z.string(), why: z.string() }),
  z.object({ type: z.literal("compute.accrued"), ...stamp, accrual: accrualSchema }),
  z.object({ type: z.literal("compute.shared"), ...stamp, sharing: sharingSchema }),
  z.object({ type: z.literal("compute.unknown"), ...stamp, unknown: unknownTimeSchema }),
  z.object({ type: z.literal("compute.stop"), ...stamp, stop: stopStepSchema }),
  z.object({
    type: z.literal("budget.changed"),
    ...stamp,
    name: z.string(),
    budget: budgetSchema.nullable(),
    by: z.string(),
  }),
  z.object({ type: z.literal("budget.decided"), ...stamp, decision: decisionSchema }),
  z.object({
    type: z.literal("provider.changed"),
    ...stamp,
    name: z.string(),
    provider: providerSchema.nullable(),
    by: z.string(),
  }),
  /** Who made which backend the default, or what a tier stands for. */
  z.object({ type: z.literal("backend.switched"), ...stamp, switched: switchSchema }),
  z.object({ type: z.literal("provider.state"), ...stamp, name: z.string(), up: z.boolean(), detail: z.string() }),
  z.object({ type: z.literal("price.changed"), ...stamp, by: z.string() }),
  z.object({ type: z.literal("alert.raised"), ...stamp, alert: alertSchema }),
]);
/** One correction of a call, with the time it was made, ms since the epoch. */
export const correctionSchema = z.object({
  at: ms,
  beforeNanoUsd: nano,
  afterNanoUsd: nano,
  by: z.string(),
  why: z.string(),
});
export type Correction = z.infer<typeof correctionSchema>;

export type TollgateEvent = z.infer<typeof eventSchema>;
export type EventType = TollgateEvent["type"];
export type EventOf<T extends EventType> = Extract<TollgateEvent, { type: T }>;

/** An event before the journal gives it its number and time. */
export type NewEvent = { [T in EventType]: Omit<EventOf<T>, "seq" | "at"> }[EventType];
