import { z } from "zod";
import { standsInForSchema } from "./backends/standsInFor.ts";
import { ratesSchema } from "./rates.ts";
import { usageBasisSchema, usageSchema } from "./usage.ts";

export const callStatusSchema = z.enum(["ok", "error", "cancelled", "interrupted", "refused"]);
export type CallStatus = z.infer<typeof callStatusSchema>;

/**
 * What a cost rests on. `override` is a price of the user's own, `default` the user's price for models that nobody has
 * priced. `unpriced` is a call whose price nobody knows: its cost stands as 0 and is shown as unknown.
 */
export const costBasisSchema = z.enum([
  "catalog",
  "override",
  "default",
  "reported",
  "compute-hour",
  "free",
  "unpriced",
]);
export type CostBasis = z.infer<typeof costBasisSchema>;

const text = z.string().nullable();
const nano = z.int();

/**
 * One call as the ledger keeps it and the API shows it. Times are ISO 8601 in UTC, latencies are ms, money is nano-USD.
 * `model` is the model as served, `requestedModel` as asked for.
 */
export const callSchema = z.object({
  id: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  provider: z.string(),
  protocol: z.string(),
  model: z.string(),
  requestedModel: z.string(),
  project: text,
  tool: text,
  user: text,
  tags: z.array(z.string()),
  requestType: text,
  traceId: text,
  /** The client's own session, where it names one; null in calls of older versions, too. */
  sessionId: text.default(null),
  /** The Git branch of the pass's folder when the call was made; null in calls of older versions, too. */
  branch: text.default(null),
  status: callStatusSchema,
  httpStatus: z.int().nullable(),
  errorType: text,
  stream: z.boolean(),
  latencyMs: z.int().min(0),
  firstTokenMs: z.int().min(0).nullable(),
  usage: usageSchema,
  usageBasis: usageBasisSchema,
  costNanoUsd: nano.min(0),
  costBasis: costBasisSchema,
  rates: ratesSchema.nullable(),
  priceVersion: text,
  holdNanoUsd: nano.min(0),
  /** What it was expected to cost before it left; absent where nobody could tell, and in calls of older versions. */
  expectedNanoUsd: nano.min(0).optional(),
  /** How often the prompt had been sent, this call included. */
  attempt: z.int().min(1),
  /** Shared by all attempts of one prompt; absent where the client names none, and in calls of older versions. */
  promptId: z.string().optional(),
  /** What was asked for, where another backend took the call; absent where it is this one. */
  standsInFor: standsInForSchema.optional(),
  /** Its share of what its server cost by the hour, which budgets count as hours; absent while it has none. */
  computeShareNanoUsd: nano.min(0).optional(),
});

export type Call = z.infer<typeof callSchema>;
