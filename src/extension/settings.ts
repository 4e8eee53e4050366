import { z } from "zod";
import { TOOL_VARIABLES, type ToolVariableName, USUAL_VARIABLES } from "../client/toolEnvironment.ts";
import { DEFAULT_HOURLY_RATE_USD } from "../domain/compute/computePricing.ts";
import {
  ConfigError,
  defaultConfig,
  type Environment,
  type Provider,
  parseNamed,
  providerNameSchema,
  providerSchema,
  vllmBaseUrl,
} from "../domain/config.ts";
import { LAUNCHED_TOOLS, type LaunchedTool } from "./terminals/launchers.ts";

const VARIABLES_BY_DEFAULT = Object.fromEntries(
  TOOL_VARIABLES.map((name) => [name, USUAL_VARIABLES.includes(name)]),
) as Readonly<Record<ToolVariableName, boolean>>;

/** Every setting of the manifest, with its default. */
export const SETTING_DEFAULTS = {
  "tollgate.budgets": {},
  "tollgate.providers": {},
  "tollgate.vllm.endpoint": "http://127.0.0.1:8000/v1",
  "tollgate.vllm.hourlyRateUsd": DEFAULT_HOURLY_RATE_USD,
  "tollgate.ask.confirm": "whenTight",
  "tollgate.request.maxOutputTokens": 4096,
  "tollgate.request.timeoutSeconds": 60,
  "tollgate.statusBar.visible": true,
  "tollgate.notifications.budgetWarnings": true,
  "tollgate.notifications.stoppedTools": true,
  "tollgate.terminals.enabled": true,
  "tollgate.terminals.variables": VARIABLES_BY_DEFAULT,
  "tollgate.terminals.commands": { codex: true, opencode: true },
} as const;

export type SettingId = keyof typeof SETTING_DEFAULTS;
export const SETTING_IDS = Object.keys(SETTING_DEFAULTS) as readonly SettingId[];

/** What the user has set, unchecked; a setting that stands at its default is absent. */
export type RawSettings = Readonly<Partial<Record<SettingId, unknown>>>;

/** The windows that a budget of the settings can have, narrowest first. Such a budget bears its window's name. */
export const BUDGET_WINDOWS = ["day", "week", "month", "total"] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

export interface Settings {
  /** Limits in USD, only where the user has set one. */
  readonly budgets: Readonly<Partial<Record<BudgetWindow, number>>>;
  /** Only the providers that the user has set or changed. */
  readonly providers: Readonly<Record<string, Provider>>;
  readonly confirm: "always" | "whenTight" | "never";
  readonly maxOutputTokens: number;
  readonly timeoutMs: number;
  readonly statusBarVisible: boolean;
  readonly budgetWarnings: boolean;
  readonly stoppedTools: boolean;
  /** The variables by which terminals lead tools through the gateway; null where they do not. */
  readonly terminalVariables: readonly ToolVariableName[] | null;
  /** Tools that terminals start through \`tollgate run\`, for they read no such variable. */
  readonly launchedTools: readonly LaunchedTool[];
}

/** Settings that make no sense; the message names each of them and what is expected there. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

const limit = z.number("a limit is a number of USD").min(0, "a limit cannot be negative").max(9_000_000);
const schemas = {
  "tollgate.budgets": z.strictObject(
    Object.fromEntries(BUDGET_WINDOWS.map((window) => [window, limit.nullable().optional()])) as Record<
      BudgetWindow,
      z.ZodOptional<z.ZodNullable<typeof limit>>
    >,
  ),
  "tollgate.providers": z.record(providerNameSchema, providerSchema),
  "tollgate.vllm.endpoint": providerSchema.shape.baseUrl,
  "tollgate.vllm.hourlyRateUsd": z.number().min(0, "an hourly rate cannot be negative").max(10_000),
  "tollgate.ask.confirm": z.enum(["always", "whenTight", "never"]),
  "tollgate.request.maxOutputTokens": z.int().min(1, "at least one token").max(1_000_000),
  "tollgate.request.timeoutSeconds": z.number().min(1, "at least one second").max(3_600),
  "tollgate.statusBar.visible": z.boolean(),
  "tollgate.notifications.budgetWarnings": z.boolean(),
  "tollgate.notifications.stoppedTools": z.boolean(),
  "tollgate.terminals.enabled": z.boolean(),
  "tollgate.terminals.variables": z.partialRecord(z.enum(TOOL_VARIABLES), z.boolean()),
  "tollgate.terminals.commands": z.partialRecord(z.enum(LAUNCHED_TOOLS), z.boolean()),
} satisfies Record<SettingId, z.ZodType>;

/**
 * What the settings come to: what the user has set, else the environment, else the defaults.
 * @throws SettingsError naming every setting and variable that makes no sense.
 */
export function resolveSettings(raw: RawSettings, environment: Environment): Settings {
  const problems: string[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (error instanceof ConfigError) {
        problems.push(error.message);
        return undefined;
      }
      throw error;
    }
  };
  const read = <K extends SettingId>(id: K): z.infer<(typeof schemas)[K]> =>
    attempt(() => parseNamed(schemas[id], raw[id] ?? SETTING_DEFAULTS[id], id)) as z.infer<(typeof schemas)[K]>;

  const budgets = read("tollgate.budgets");
  const providers = read("tollgate.providers");
  const endpoint = read("tollgate.vllm.endpoint");
  const hourlyRateUsd = read("tollgate.vllm.hourlyRateUsd");
  const rest = {
    confirm: read("tollgate.ask.confirm"),
    maxOutputTokens: read("tollgate.request.maxOutputTokens"),
    timeoutMs: Math.round(read("tollgate.request.timeoutSeconds") * 1000),
    statusBarVisible: read("tollgate.statusBar.visible"),
    budgetWarnings: read("tollgate.notifications.budgetWarnings"),
    stoppedTools: read("tollgate.notifications.stoppedTools"),
  };
  const areTerminalsOn = read("tollgate.terminals.enabled");
  const variables = { ...VARIABLES_BY_DEFAULT, ...read("tollgate.terminals.variables") };
  const commands = { ...SETTING_DEFAULTS["tollgate.terminals.commands"], ...read("tollgate.terminals.commands") };
  const defaults = attempt(() => defaultConfig(environment));
  if (problems.length > 0) {
    throw new SettingsError(problems.join("; "));
  }
  const vllm = vllmFrom(raw, { endpoint, hourlyRateUsd }, defaults?.providers.vllm);
  return {
    budgets: Object.fromEntries(Object.entries(budgets).filter(([, usd]) => typeof usd === "number")),
    providers: { ...(vllm === undefined ? {} : { vllm }), ...providers },
    ...rest,
    launchedTools: LAUNCHED_TOOLS.filter((tool) => commands[tool]),
    terminalVariables: areTerminalsOn ? TOOL_VARIABLES.filter((name) => variables[name]) : null,
  };
}

/** The vLLM provider where the user has set its address or its price; what is not set comes from the environment. */
function vllmFrom(
  raw: RawSettings,
  set: { endpoint: string; hourlyRateUsd: number },
  fallback: Provider | undefined,
): Provider | undefined {
  const endpointSet = raw["tollgate.vllm.endpoint"] !== undefined;
  const rateSet = raw["tollgate.vllm.hourlyRateUsd"] !== undefined;
  if (!endpointSet && !rateSet) {
    return undefined;
  }
  const fallbackRate = fallback?.pricing.kind === "compute-hour" ? fallback.pricing.hourlyRateUsd : set.hourlyRateUsd;
  return {
    protocol: "openai",
    baseUrl: endpointSet || fallback === undefined ? vllmBaseUrl(set.endpoint) : fallback.baseUrl,
    pricing: { kind: "compute-hour", hourlyRateUsd: rateSet ? set.hourlyRateUsd : fallbackRate },
  };
}
