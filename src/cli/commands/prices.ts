import { type Command, Option } from "commander";
import { userName } from "../../client/userName.ts";
import { ConfigError, type Price, parseNamed, priceSchema } from "../../domain/config.ts";
import { formatMoment } from "../../domain/formats.ts";
import type { PricesState } from "../../domain/priceApi.ts";
import { amountOf, collect } from "../arguments.ts";
import { UsageError } from "../exitCode.ts";
import { note, print, printDone, printJson, terminalWidth } from "../output.ts";
import { changeLines, detailLines, priceLines } from "../priceTable.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface ListFlags extends CommonOptions {
  readonly provider?: string;
  readonly model?: string;
}

/** Options of `set` that are amounts, and the keys of a price that they stand for. */
const AMOUNTS = [
  ["input", "inputUsdPerMTok", "input"],
  ["output", "outputUsdPerMTok", "output"],
  ["cached-input", "cachedInputUsdPerMTok", "input that comes from the provider's cache"],
  ["cache-write", "cacheWriteUsdPerMTok", "input that is written to the cache"],
  ["cache-write-1h", "cacheWrite1hUsdPerMTok", "input that is written to the cache for an hour"],
  ["audio-input", "audioInputUsdPerMTok", "sound that is sent"],
  ["audio-output", "audioOutputUsdPerMTok", "sound that comes back"],
] as const;

type SetFlags = CommonOptions & Readonly<Record<string, string | undefined>>;

const SET_EXAMPLES = `
Examples:
  tollgate prices set openai "my-finetune-*" --input 3 --output 6 --cached-input 0.30
  tollgate prices set anthropic claude-sonnet-5 --input 3 --output 15 --from 2027-01-01`;

export function addPrices(program: Command): void {
  const prices = program
    .command("prices")
    .summary("what models cost, and the user's own prices")
    .description("Lists, shows, sets and removes prices, and fetches newer published ones.");
  prices
    .command("list", { isDefault: true })
    .description("Lists the models of the configured providers with their prices.")
    .option("--provider <name>", "only this provider's")
    .option("--model <name>", "only models whose name holds this, or matches it, with * for anything")
    .addHelpText("after", "\nExamples:\n  tollgate prices --provider openai\n  tollgate prices list --model 'gpt-5*'")
    .action(list);
  prices
    .command("show")
    .description("Shows what a model costs now, class by class, and where that comes from.")
    .argument("<provider>", "a configured provider")
    .argument("<model>", "the model, as the provider names it")
    .addHelpText("after", "\nExample:\n  tollgate prices show anthropic claude-sonnet-5")
    .action(async (provider: string, model: string, flags: CommonOptions) => {
      const row = await withSidecar(flags, (api) => api.prices.show(provider, model));
      if (flags.json) {
        printJson(row);
      } else {
        printLines(detailLines(row));
      }
    });
  const set = prices
    .command("set")
    .description("Sets a price of your own, in USD for a million tokens. It comes before the published one.")
    .argument("<provider>", "a configured provider; * for every one")
    .argument("<model>", "the model; * stands for any run of characters");
  for (const [option, , what] of AMOUNTS) {
    set.addOption(new Option(`--${option} <usd>`, what).makeOptionMandatory(option === "input" || option === "output"));
  }
  set
    .option("--web-search <usd>", "one web search, in USD")
    .option("--from <time>", "for calls from then on: a day (from local midnight) or a time with its zone")
    .option("--until <time>", "for calls before then")
    .addHelpText("after", SET_EXAMPLES)
    .action(setPrice);
  prices
    .command("remove")
    .description("Removes your own price for exactly these names.")
    .argument("<provider>", "as it was set")
    .argument("<model>", "as it was set")
    .option("--from <time>", "only the one that begins then")
    .addHelpText("after", '\nExample:\n  tollgate prices remove openai "my-finetune-*"')
    .action(async (provider: string, model: string, flags: CommonOptions & { from?: string }) => {
      const removed = await withSidecar(flags, (api) => api.prices.remove(provider, model, byWhom(), flags.from));
      const count = removed.length === 1 ? "your price" : `${removed.length} prices of yours`;
      printDone(flags, { removed }, `Removed ${count} for ${provider}/${model}`);
    });
  addUpdates(prices);
}

function addUpdates(prices: Command): void {
  prices
    .command("diff")
    .description("Fetches the published prices and tells what they would change. Changes nothing.")
    .option("--held-back", "only what the last update held back; fetches nothing")
    .addHelpText("after", "\nExamples:\n  tollgate prices diff\n  tollgate prices diff --held-back")
    .action(diff);
  prices
    .command("update")
    .description("Fetches the published prices. What jumps by more than twice is held back until it is accepted.")
    .addOption(
      new Option("--accept <name>", "takes a price that is held back, as in openai/gpt-5 (any number of times)")
        .argParser(collect)
        .conflicts("acceptAll"),
    )
    .option("--accept-all", "takes every price that is held back")
    .addHelpText("after", "\nExamples:\n  tollgate prices update\n  tollgate prices update --accept openai/gpt-5")
    .action(update);
}

async function list({ provider, model, ...flags }: ListFlags): Promise<void> {
  const query = { ...(provider === undefined ? {} : { provider }), ...(model === undefined ? {} : { model }) };
  const found = await withSidecar(flags, (api) => api.prices.list(query));
  if (flags.json) {
    printJson(found);
  } else if (found.prices.length === 0) {
    print("No model is known by that name. What a model costs by any name: tollgate prices show PROVIDER MODEL");
  } else {
    printLines(priceLines(found.prices, terminalWidth()));
    note(`USD for a million tokens. Published prices: ${found.version}`);
  }
}

async function setPrice(provider: string, model: string, flags: SetFlags): Promise<void> {
  const amounts = [...AMOUNTS, ["web-search", "webSearchUsd"] as const].flatMap(([option, key]) => {
    const text = flags[camelCase(option)];
    return text === undefined ? [] : [[key, amountOf(text, `--${option}`)] as const];
  });
  const { from, until } = flags;
  const price = checkedPrice({
    provider,
    model,
    ...Object.fromEntries(amounts),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  });
  const kept = await withSidecar(flags, (api) => api.prices.set(price, byWhom()));
  const { inputUsdPerMTok: input, outputUsdPerMTok: output } = kept;
  const span = `${from === undefined ? "" : ` from ${from}`}${until === undefined ? "" : ` until ${until}`}`;
  printDone(flags, kept, `${provider}/${model} costs $${input} in and $${output} out for a million tokens${span}`);
}

async function diff(flags: CommonOptions & { readonly heldBack?: boolean }): Promise<void> {
  if (flags.heldBack) {
    const state = await withSidecar(flags, (api) => api.prices.state());
    if (flags.json) {
      printJson(state);
      return;
    }
    const lines = changeLines({ added: [], gone: [], changed: [], heldBack: state.heldBack }, terminalWidth());
    printLines(lines.length === 0 ? ["Nothing is held back."] : lines);
    tellState(state);
    return;
  }
  const found = await withSidecar(flags, (api) => api.prices.update({ dryRun: true, by: byWhom() }));
  if (flags.json) {
    printJson(found);
    return;
  }
  const lines = changeLines(found, terminalWidth());
  printLines(lines.length === 0 ? ["The published prices are those in force."] : lines);
  tellState(found);
}

async function update(flags: CommonOptions & { readonly accept?: string[]; readonly acceptAll?: boolean }) {
  const accept = flags.acceptAll === true ? ("all" as const) : (flags.accept ?? []);
  const done = await withSidecar(flags, (api) => api.prices.update({ accept, by: byWhom() }));
  if (flags.json) {
    printJson(done);
    return;
  }
  printLines(changeLines(done, terminalWidth()));
  print(done.outcome === "unchanged" ? "The prices in force are up to date." : `The prices are ${done.version} now.`);
  if (done.heldBack.length > 0) {
    note("Take what is held back with: tollgate prices update --accept NAME, or --accept-all");
  }
}

function tellState({ version, fetchedAt, source }: PricesState): void {
  const when =
    fetchedAt === null ? "they came with Tollgate" : `fetched ${formatMoment(Date.parse(fetchedAt), Date.now())}`;
  note(`In force: ${version} (${when}). Source: ${source}`);
}

function checkedPrice(input: unknown): Price {
  try {
    return parseNamed(priceSchema, input);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}

function camelCase(option: string): string {
  return option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function byWhom(): string {
  return userName() ?? "command line";
}

function printLines(lines: readonly string[]): void {
  for (const line of lines) {
    print(line);
  }
}
