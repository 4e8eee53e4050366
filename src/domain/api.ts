import { z } from "zod";
import { budgetSchema, scopeSchema, windowKindSchema } from "./budget.ts";
import { callSchema } from "./call.ts";
import { callerSchema } from "./caller.ts";
import { computeServerSchema, stopCommandStateSchema } from "./computeApi.ts";
import { raisedAlertSchema, recordedDecisionSchema } from "./events.ts";

const nano = z.int();
const count = z.int().min(0);
const iso = z.iso.datetime();

/** A budget as it stands now. `leftNanoUsd` is limit − spent − held, never below 0. */
export const budgetStatusSchema = z.object({
  name: z.string(),
  window: windowKindSchema,
  hard: z.boolean(),
  scope: scopeSchema,
  warnAt: z.array(z.number()),
  spentNanoUsd: nano,
  heldNanoUsd: nano,
  limitNanoUsd: nano,
  /** The limit without a raise. */
  configuredLimitNanoUsd: nano,
  leftNanoUsd: nano,
  state: z.enum(["ok", "warning", "spent"]),
  windowStart: iso,
  resetsAt: iso.nullable(),
  /** Whether the limit in force is a raise; until when, or null where the raise does not end. */
  raised: z.boolean(),
  raisedUntil: iso.nullable(),
  /** Calls that may still pass although they do not fit. */
  allowances: count,
  /** Whether it only counts and warns at present; until when, or null where that lasts until it is resumed. */
  paused: z.boolean(),
  pausedUntil: iso.nullable(),
  /** Where calls go since so much is spent: a tier, or `provider/model`. Absent while they go where they were meant for. */
  switchedTo: z.string().optional(),
  /** When the hours of servers that are up will have spent it, if that is before its window ends; else null. */
  computeForecast: z
    .object({ spentAt: iso, hourlyRateUsd: z.number(), providers: z.array(z.string()) })
    .nullable()
    .default(null),
});
export type BudgetStatus = z.infer<typeof budgetStatusSchema>;

const spendSchema = z.object({ costNanoUsd: nano, calls: count });

/** A self-hosted provider priced by the hour, as its meter stands. Costs are those of the compute, not of calls. */
export const computeStatusSchema = z.object({
  provider: z.string(),
  up: z.boolean(),
  upSince: iso.nullable(),
  hourlyRateUsd: z.number(),
  todayNanoUsd: nano,
  monthNanoUsd: nano,
  detail: z.string(),
  /** The user's own command that stops it, and whether it may run; null where there is none. */
  stopCommand: stopCommandStateSchema.pick({ command: true, allowed: true }).nullable().default(null),
});
export type ComputeStatus = z.infer<typeof computeStatusSchema>;

export const statusSchema = z.object({
  version: z.string(),
  pid: z.int(),
  url: z.string(),
  dataDir: z.string(),
  startedAt: iso,
  now: iso,
  timeZone: z.string(),
  budgets: z.array(budgetStatusSchema),
  heldNanoUsd: nano,
  callsInFlight: count,
  today: spendSchema,
  month: spendSchema,
  /** This month's dearest models, dearest first. */
  topModels: z.array(z.object({ provider: z.string(), model: z.string(), ...spendSchema.shape })),
  compute: z.array(computeStatusSchema),
  /** What is wrong with the ledger, the configuration or a provider, in words for the user. */
  notices: z.array(z.string()),
});
export type Status = z.infer<typeof statusSchema>;

/** Totals of a group of booked calls. Latencies are ms; null where no call of the group had one. */
export const summaryGroupSchema = z.object({
  key: z.string(),
  /** Set where the group is a model: its provider. */
  provider: z.string().nullable(),
  calls: count,
  errors: count,
  refused: count,
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  costNanoUsd: nano,
  /** What its calls have of the cost of their servers by the hour, which counts once, as hours. */
  computeShareNanoUsd: nano.default(0),
  unpricedCalls: count,
  estimatedCalls: count,
  averageLatencyMs: z.number().nullable(),
  p95LatencyMs: z.number().nullable(),
  averageFirstTokenMs: z.number().nullable(),
});
export type SummaryGroup = z.infer<typeof summaryGroupSchema>;

export const summaryBySchema = z.enum([
  "day",
  "month",
  "model",
  "provider",
  "project",
  "tool",
  "user",
  "tag",
  "branch",
  "session",
  "request-type",
]);
export type SummaryBy = z.infer<typeof summaryBySchema>;

/** What the cost panel can group spend by beside models and days. */
export const spenderSchema = summaryBySchema.extract([
  "tool",
  "project",
  "branch",
  "user",
  "tag",
  "session",
  "request-type",
]);
export type Spender = z.infer<typeof spenderSchema>;
export const DEFAULT_SPENDER: Spender = "tool";

/** `computeNanoUsd` is hourly compute cost within the range; `total.costNanoUsd` includes it. */
export const summarySchema = z.object({
  from: iso.nullable(),
  to: iso.nullable(),
  by: summaryBySchema,
  total: summaryGroupSchema,
  computeNanoUsd: nano,
  groups: z.array(summaryGroupSchema),
});
export type Summary = z.infer<typeof summarySchema>;

export const callsPageSchema = z.object({ calls: z.array(callSchema), nextCursor: z.string().nullable() });
export type CallsPage = z.infer<typeof callsPageSchema>;

/** Spend by who caused it, dearest first, as far as a list can show; `rest` is what is left out of it. */
export const whoSpentSchema = z.object({
  by: spenderSchema,
  groups: z.array(summaryGroupSchema),
  rest: z.object({ groups: count, calls: count, costNanoUsd: nano }),
  /** What all calls of the range cost, each once. */
  totalNanoUsd: nano,
});
export type WhoSpent = z.infer<typeof whoSpentSchema>;

/** How far estimates were from what calls cost, as shares of what they cost; above 0 where they were too high. */
export const estimateErrorSchema = z.object({
  calls: count,
  meanAbsoluteShare: z.number().min(0),
  biasShare: z.number(),
});

/** Everything the cost panel shows: always whole, never a difference. */
export const overviewSchema = z.object({
  status: statusSchema,
  /** Local days, `2026-11-21`, oldest first, days without spend included. */
  days: z.array(z.object({ day: z.string(), costNanoUsd: nano, calls: count })),
  models: z.array(summaryGroupSchema),
  whoSpent: whoSpentSchema,
  /** Servers that cost by the hour, over the same range. */
  compute: z.array(computeServerSchema).default([]),
  /** Of every model whose calls have been compared with their estimates, whatever the range. */
  estimateErrors: z.array(estimateErrorSchema.extend({ provider: z.string(), model: z.string() })),
  recentCalls: z.array(callSchema),
  /** Of the budgets' open windows, oldest first. */
  alerts: z.array(raisedAlertSchema),
});
export type Overview = z.infer<typeof overviewSchema>;

export const passRequestSchema = z.strictObject({
  project: z.string().min(1).max(200).optional(),
  tool: z.string().min(1).max(200).optional(),
  user: z.string().min(1).max(200).optional(),
  tags: z.array(z.string().min(1).max(200)).max(20).default([]),
  folder: callerSchema.shape.folder,
});
export type PassRequest = z.infer<typeof passRequestSchema>;

export const passResponseSchema = z.object({ pass: z.string(), urls: z.record(z.string(), z.string()) });
export type PassResponse = z.infer<typeof passResponseSchema>;

/** A pause that is not told how long it is to last, and the longest one that ends by itself, in minutes. */
export const USUAL_PAUSE_MINUTES = 60;
export const LONGEST_PAUSE_MINUTES = 525_600;

/** Characters that a reason may have. */
export const LONGEST_REASON = 2_000;

/** Who decides, and why; both stand in the ledger. */
const decider = { by: z.string().min(1).max(200), why: z.string().max(LONGEST_REASON).nullable().default(null) };

/**
 * What a person can decide about a budget: another limit until the window ends (`raise`), one more call, a pause, in which
 * a hard budget refuses nothing, of so many minutes (null: until it is resumed), and the end of a pause.
 */
export const decisionRequestSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("raise"), limitUsd: z.number().min(0).max(9_000_000), ...decider }),
  z.strictObject({ kind: z.literal("allow-once"), ...decider }),
  z.strictObject({
    kind: z.literal("pause"),
    minutes: z.number().min(1).max(LONGEST_PAUSE_MINUTES).nullable().default(USUAL_PAUSE_MINUTES),
    ...decider,
  }),
  z.strictObject({ kind: z.literal("resume"), ...decider }),
]);
export type DecisionRequest = z.input<typeof decisionRequestSchema>;

/** Newest first. */
export const decisionListSchema = z.object({ decisions: z.array(recordedDecisionSchema) });

/** How a prompt's tokens are known: by tokenizer, from its bytes, or because the caller says so. */
export const inputBasisSchema = z.enum(["tokenizer", "bytes", "given"]);

/**
 * What a call would cost: `expected` from the prompt and a usual answer, `worst` what a hard budget would hold. The prompt
 * is given as its text, which stays on this machine and is not stored, or as its size.
 */
export const estimateRequestSchema = z
  .strictObject({
    provider: z.string(),
    model: z.string(),
    text: z.string().optional(),
    /** UTF-8 bytes of all text that would be sent, as JSON writes it. */
    promptBytes: count.max(64 * 1024 * 1024).optional(),
    inputTokens: count.max(10_000_000).optional(),
    /** No longer looked at: a message more adds a few tokens. */
    messages: count.max(10_000).default(1),
    maxOutputTokens: z.int().min(1).nullable().default(null),
    /** Of the input, the share that is expected to come from the provider's cache; absent: as with the tool's earlier calls. */
    cachedShare: z.number().min(0).max(1).optional(),
    /** Who would make the call: budgets of other callers do not count. */
    caller: passRequestSchema.prefault({}),
  })
  .refine(
    (given) => [given.text, given.promptBytes, given.inputTokens].filter((one) => one !== undefined).length === 1,
    {
      error: "give one of text, promptBytes and inputTokens",
    },
  );
export type EstimateRequest = z.input<typeof estimateRequestSchema>;

export const estimateSchema = z.object({
  expectedNanoUsd: nano.nullable(),
  /** With the output limit that the gate would leave to the call. */
  worstCaseNanoUsd: nano.nullable(),
  inputTokens: count,
  /** Of those, what is taken to come from the provider's cache. */
  cachedInputTokens: count.default(0),
  inputBasis: inputBasisSchema,
  inputBoundTokens: count,
  /** The length of answer that is expected. */
  usualOutputTokens: count,
  outputLimitTokens: count.nullable(),
  /** The output limit after the gate's clamp, where the budgets are tight; null where nothing would be clamped. */
  clampedOutputTokens: count.nullable(),
  costBasis: z.string(),
  /** Of the budgets that the call falls under, the one that is spent furthest. */
  tightestBudget: z.string().nullable(),
  /** The budget that would refuse the call now, in words; null where it would pass. */
  refusal: z.string().nullable(),
  /** Whether that cannot be told here: it may not fit, and will be counted more closely when it is sent. */
  undecided: z.boolean(),
});
export type Estimate = z.infer<typeof estimateSchema>;

export const providerInfoSchema = z.object({
  name: z.string(),
  protocol: z.string(),
  baseUrl: z.string(),
  pricing: z.string(),
  /** Priced models known of this provider, or what the server itself lists; newest and most used first. */
  models: z.array(z.string()),
});
export type ProviderInfo = z.infer<typeof providerInfoSchema>;

export const providerHealthSchema = z.object({
  name: z.string(),
  up: z.boolean(),
  latencyMs: z.number().nullable(),
  detail: z.string(),
});
export type ProviderHealth = z.infer<typeof providerHealthSchema>;

export const budgetListSchema = z.object({ budgets: z.array(budgetSchema) });

/** The body of every answer of the API that is not a success. */
export const apiErrorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
