import { type Command, Option } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import type { Backend } from "../../domain/backends/backendSettings.ts";
import { type Budget, budgetSchema, type Scope, type WindowKind, windowKindSchema } from "../../domain/budget.ts";
import { ConfigError, parseNamed } from "../../domain/config.ts";
import { scopeInWords } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import { amountOf, shareOf } from "../arguments.ts";
import { budgetLines } from "../budgetTable.ts";
import { UsageError } from "../exitCode.ts";
import { print, printDone, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";
import { addDecisions } from "./budgetDecisions.ts";

const DEFAULT_SWITCH_FROM = 0.8;
const SCOPE_FIELDS = ["project", "provider", "model", "tool", "user", "tag"] as const;

interface SetFlags extends CommonOptions, Partial<Record<(typeof SCOPE_FIELDS)[number], string>> {
  readonly window?: WindowKind;
  readonly hard?: boolean;
  readonly soft?: boolean;
  readonly warnAt?: string;
  readonly switchTo?: string;
  readonly switchFrom?: string;
  readonly switch?: boolean;
}

const SET_EXAMPLES = `
Examples:
  tollgate budget set month 50
  tollgate budget set codex 5 --window day --tool codex
  tollgate budget set team-web 10 --window week --soft --project web --warn-at 0.5,0.9`;

export function addBudget(program: Command): void {
  const budget = program
    .command("budget")
    .summary("budgets")
    .description("Lists, sets, removes, raises and pauses budgets, and tells who decided what about them.");
  budget
    .command("list")
    .description("Lists the budgets as they are configured.")
    .addHelpText("after", "\nExamples:\n  tollgate budget list\n  tollgate budget list --json")
    .action(async (flags: CommonOptions) => {
      if (flags.json) {
        printJson({ budgets: await withSidecar(flags, (api) => api.budgets()) });
        return;
      }
      const { budgets, now } = await withSidecar(flags, (api) => api.status());
      const lines =
        budgets.length === 0 ? ["No budget is set."] : budgetLines(budgets, Date.parse(now), terminalWidth());
      for (const line of lines) {
        print(line);
      }
    });
  const set = budget
    .command("set")
    .description("Makes a budget, or changes the one of that name: what is not given stays as it is.")
    .addHelpText("after", SET_EXAMPLES)
    .argument("<budget>", "its name")
    .argument("<usd>", "the limit")
    .addOption(new Option("--window <window>", "how long it lasts (default: month)").choices(windowKindSchema.options))
    .option("--hard", "refuse calls that do not fit (default)")
    .addOption(new Option("--soft", "only warn").conflicts("hard"))
    .option("--warn-at <shares>", "shares of the limit to warn at, such as 0.5,0.75,0.9");
  set
    .option("--switch-to <backend>", "send calls to another model once much is spent: a tier, or PROVIDER/MODEL")
    .option("--switch-from <share>", "the share of the limit from which on (default: 0.8)")
    .option("--no-switch", "send calls where they are meant for again");
  for (const field of SCOPE_FIELDS) {
    set.option(`--${field} <pattern>`, `only calls of this ${field}; * matches anything`);
  }
  set.action((name: string, usd: string, flags: SetFlags) =>
    withSidecar(flags, (api) => setBudget(api, name, usd, flags)),
  );
  budget
    .command("remove")
    .description("Removes a budget.")
    .addHelpText("after", "\nExample:\n  tollgate budget remove team-web")
    .argument("<budget>", "its name")
    .action(async (name: string, flags: CommonOptions) => {
      await withSidecar(flags, (api) => api.removeBudget(name));
      printDone(flags, { removed: name }, `Removed the budget ${name}`);
    });
  addDecisions(budget);
}

async function setBudget(api: ApiClient, name: string, usd: string, flags: SetFlags): Promise<void> {
  const known = (await api.budgets()).find((budget) => budget.name === name);
  const scope: Scope = { ...known?.scope };
  for (const field of SCOPE_FIELDS) {
    const pattern = flags[field];
    if (pattern !== undefined) {
      scope[field] = pattern;
    }
  }
  const budget = checkedBudget({
    name,
    limitUsd: amountOf(usd, "usd"),
    window: flags.window ?? known?.window ?? "month",
    hard: flags.soft === true ? false : flags.hard === true ? true : (known?.hard ?? true),
    ...(flags.warnAt === undefined
      ? known === undefined
        ? {}
        : { warnAt: known.warnAt }
      : { warnAt: shares(flags.warnAt) }),
    scope,
    ...switchOf(flags, known),
  });
  await api.setBudget(budget);
  const kind = budget.hard ? "hard" : "soft";
  printDone(
    flags,
    budget,
    `The budget ${name} is ${formatUsd(nanoFromUsd(budget.limitUsd))} (${budget.window}, ${kind}) for ${scopeInWords(budget.scope)}`,
  );
}

/** What is not given stays as it is. */
function switchOf({ switchTo: to, switchFrom: from, switch: any }: SetFlags, known: Budget | undefined): object {
  const before = any === false ? undefined : known?.switchTo;
  if (to === undefined && before === undefined) {
    if (from !== undefined) {
      throw new UsageError("--switch-from: say which backend calls go to, with --switch-to");
    }
    return {};
  }
  const share = from === undefined ? (before?.from ?? DEFAULT_SWITCH_FROM) : shareOf(from, "--switch-from");
  return { switchTo: { from: share, to: to === undefined ? before?.to : backendOf(to) } };
}

/** `PROVIDER/MODEL`, or the name of a tier. */
function backendOf(text: string): string | Backend {
  const [, provider, model] = /^([^/]+)\/(.+)$/s.exec(text) ?? [];
  return provider === undefined || model === undefined ? text : { provider, model };
}

function shares(text: string): number[] {
  return text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number);
}

function checkedBudget(input: unknown): Budget {
  try {
    return parseNamed(budgetSchema, input);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}
