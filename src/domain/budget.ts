import { z } from "zod";
import { backendSchema, tierNameSchema } from "./backends/backendSettings.ts";
import { nanoFromUsd } from "./money.ts";

export const windowKindSchema = z.enum(["hour", "day", "week", "month", "total", "run"]);
export type WindowKind = z.infer<typeof windowKindSchema>;

/** What a budget covers. An absent field matches everything; `*` in a pattern matches any run of characters. */
export const scopeSchema = z.strictObject({
  project: z.string().min(1).optional(),
  provider: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  tool: z.string().min(1).optional(),
  user: z.string().min(1).optional(),
  tag: z.string().min(1).optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

/** Shares of the limit at which a warning is raised once a window; 1 (spent) is always among them. */
export const DEFAULT_WARN_AT: readonly number[] = [0.5, 0.75, 0.9];

/** A budget as the configuration file writes it. Limits are decimal USD there, nano-USD (`limitOf`) everywhere else. */
export const budgetSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w][\w .:-]{0,63}$/u, "1 to 64 letters, digits, spaces or . : _ -, beginning with a letter or a digit"),
  limitUsd: z.number().min(0, "a limit cannot be negative").max(9_000_000),
  window: windowKindSchema,
  hard: z.boolean().default(true),
  warnAt: z
    .array(z.number().gt(0).max(1))
    .max(10)
    .default([...DEFAULT_WARN_AT]),
  scope: scopeSchema.default({}),
  /** From which share of the limit on calls go to another model, and to which: a tier, or a provider and its model. */
  switchTo: z.strictObject({ from: z.number().gt(0).max(1), to: z.union([tierNameSchema, backendSchema]) }).optional(),
});
export type Budget = z.infer<typeof budgetSchema>;

/** A budget's limit in nano-USD. */
export function limitOf(budget: Budget): number {
  return nanoFromUsd(budget.limitUsd);
}

/** What of a call the scopes look at. */
export interface Attribution {
  readonly provider: string;
  readonly model: string;
  /** Models that the call orders work of beside that one; absent: none. */
  readonly otherModels?: readonly string[];
  readonly project?: string | null | undefined;
  readonly tool?: string | null | undefined;
  readonly user?: string | null | undefined;
  readonly tags: readonly string[];
}

/** Whether a scope covers a call. A field that the call lacks is matched only by an absent field or by `*`. */
export function scopeMatches(scope: Scope, call: Attribution): boolean {
  return (
    fieldMatches(scope.provider, call.provider) &&
    fieldMatches(scope.model, call.model) &&
    fieldMatches(scope.project, call.project) &&
    fieldMatches(scope.tool, call.tool) &&
    fieldMatches(scope.user, call.user) &&
    (scope.tag === undefined || scope.tag === "*" || call.tags.some((tag) => wildcardMatches(scope.tag as string, tag)))
  );
}

/** Whether a scope covers the call's work of some of its models but not of all. */
export function scopeDivides(scope: Scope, call: Attribution): boolean {
  const { otherModels = [] } = call;
  const isCovered = scopeMatches(scope, call);
  return otherModels.some((model) => scopeMatches(scope, { ...call, model }) !== isCovered);
}

function fieldMatches(pattern: string | undefined, value: string | null | undefined): boolean {
  if (pattern === undefined || pattern === "*") {
    return true;
  }
  return value !== undefined && value !== null && wildcardMatches(pattern, value);
}

const compiled = new Map<string, RegExp>();

/** `*` stands for any run of characters; everything else is itself, case and all. */
export function wildcardMatches(pattern: string, value: string): boolean {
  if (!pattern.includes("*")) {
    return pattern === value;
  }
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    if (compiled.size > 1_000) {
      compiled.clear();
    }
    const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    expression = new RegExp(`^${parts.join(".*")}$`, "su");
    compiled.set(pattern, expression);
  }
  return expression.test(value);
}
