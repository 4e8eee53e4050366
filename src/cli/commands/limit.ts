import { type Command, Option } from "commander";
import { ConfigError, parseNamed } from "../../domain/config.ts";
import { formatCount } from "../../domain/formats.ts";
import { type RateLimit, rateLimitSchema } from "../../domain/rateLimits/rateLimitSettings.ts";
import { countOf } from "../arguments.ts";
import { UsageError } from "../exitCode.ts";
import { print, printDone, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";
import { tableLines } from "../table.ts";

const SCOPE_FIELDS = ["provider", "model", "tool", "user", "project"] as const;

interface SetFlags extends CommonOptions, Partial<Record<(typeof SCOPE_FIELDS)[number], string>> {
  readonly each?: NonNullable<RateLimit["each"]>;
  readonly requests?: string;
  readonly tokens?: string;
}

export function addLimit(program: Command): void {
  const limit = program
    .command("limit")
    .summary("requests and tokens a minute")
    .description("Lists, sets and removes limits of requests and tokens a minute.");
  limit
    .command("list", { isDefault: true })
    .description("Lists the limits with their numbers.")
    .addHelpText("after", "\nExample:\n  tollgate limit list")
    .action(async (flags: CommonOptions) => {
      const { rateLimits } = await withSidecar(flags, (api) => api.config());
      if (flags.json) {
        printJson(rateLimits);
        return;
      }
      for (const line of limitLines(rateLimits.rules, terminalWidth())) {
        print(line);
      }
    });
  const set = limit
    .command("set")
    .description("Sets a limit, in place of the one that covers the same.")
    .option("--requests <n>", "requests a minute")
    .option("--tokens <n>", "tokens a minute, input and output together")
    .addOption(new Option("--each <field>", "count apart for each value of this").choices(SCOPE_FIELDS));
  for (const field of SCOPE_FIELDS) {
    set.option(`--${field} <pattern>`, `only calls of this ${field}; * matches anything`);
  }
  set
    .addHelpText(
      "after",
      "\nExamples:\n  tollgate limit set --provider openai --requests 60 --tokens 200000\n  tollgate limit set --each user --tokens 50000",
    )
    .action(setLimit);
  limit
    .command("remove")
    .description("Removes a limit.")
    .argument("<number>", "as the list numbers it")
    .addHelpText("after", "\nExample:\n  tollgate limit remove 1")
    .action(removeLimit);
}

async function setLimit({ each, requests, tokens, ...flags }: SetFlags): Promise<void> {
  const scope = Object.fromEntries(
    SCOPE_FIELDS.flatMap((field) => (flags[field] === undefined ? [] : [[field, flags[field]]])),
  );
  const rule = checkedLimit({
    ...scope,
    ...(each === undefined ? {} : { each }),
    ...(requests === undefined ? {} : { requestsPerMinute: countOf(requests, "--requests") }),
    ...(tokens === undefined ? {} : { tokensPerMinute: countOf(tokens, "--tokens") }),
  });
  await withSidecar(flags, async (api) => {
    const { rateLimits } = await api.config();
    const at = rateLimits.rules.findIndex((other) => coversOf(other) === coversOf(rule));
    const rules = at < 0 ? [...rateLimits.rules, rule] : rateLimits.rules.with(at, rule);
    await api.changeConfig({ rateLimits: { ...rateLimits, rules } });
  });
  printDone(flags, rule, `The limit for ${coversOf(rule)} is ${amountsOf(rule).join(" and ")} a minute`);
}

async function removeLimit(number: string, flags: CommonOptions): Promise<void> {
  const removed = await withSidecar(flags, async (api) => {
    const { rateLimits } = await api.config();
    const rule = rateLimits.rules[countOf(number, "number") - 1];
    if (rule === undefined) {
      throw new UsageError(`number: there is no limit ${number}; see tollgate limit list`);
    }
    const rules = rateLimits.rules.filter((other) => other !== rule);
    await api.changeConfig({ rateLimits: { ...rateLimits, rules } });
    return rule;
  });
  printDone(flags, { removed }, `Removed the limit for ${coversOf(removed)}`);
}

function limitLines(rules: readonly RateLimit[], width: number): string[] {
  if (rules.length === 0) {
    return ["No limit is set."];
  }
  const amount = (value: number | undefined) => (value === undefined ? "-" : formatCount(value));
  return tableLines(
    [
      { title: "#", right: true },
      { title: "COVERS", mayShrink: true },
      { title: "REQUESTS A MINUTE", right: true },
      { title: "TOKENS A MINUTE", right: true },
    ],
    rules.map((rule, index) => [
      String(index + 1),
      coversOf(rule),
      amount(rule.requestsPerMinute),
      amount(rule.tokensPerMinute),
    ]),
    width,
  );
}

/** What a limit counts, in words. */
function coversOf({ requestsPerMinute: _, tokensPerMinute: __, each, ...scope }: RateLimit): string {
  const parts = SCOPE_FIELDS.flatMap((field) => (scope[field] === undefined ? [] : [`${field} ${scope[field]}`]));
  const all = parts.length === 0 ? "all calls" : parts.join(", ");
  return each === undefined ? all : `${all}, for each ${each}`;
}

function amountsOf({ requestsPerMinute, tokensPerMinute }: RateLimit): string[] {
  return [
    ...(requestsPerMinute === undefined ? [] : [`${formatCount(requestsPerMinute)} requests`]),
    ...(tokensPerMinute === undefined ? [] : [`${formatCount(tokensPerMinute)} tokens`]),
  ];
}

function checkedLimit(input: unknown): RateLimit {
  try {
    return parseNamed(rateLimitSchema, input);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(`--requests, --tokens: ${error.message}`) : error;
  }
}
