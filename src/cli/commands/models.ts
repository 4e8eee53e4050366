import { type Command, Option } from "commander";
import { formatCount, formatTokens } from "../../domain/formats.ts";
import type { ModelDetail } from "../../domain/modelApi.ts";
import {
  ABILITY_NAMES,
  type AbilityName,
  abilityNameSchema,
  type Tier,
  tierSchema,
} from "../../domain/models/abilities.ts";
import { UsageError } from "../exitCode.ts";
import { abilitiesInWords, modelLines, usd } from "../modelTable.ts";
import { note, print, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface ListFlags extends CommonOptions {
  readonly provider?: string;
  readonly ability?: readonly AbilityName[];
  readonly tier?: Tier;
}

const LIST_EXAMPLES = `
Examples:
  tollgate models --provider anthropic
  tollgate models --ability vision --tier coding`;

export function addModels(program: Command): void {
  const models = program
    .command("models")
    .summary("models, their prices and abilities")
    .description("Lists models of the configured providers, or tells what is known of one.");
  models
    .command("list", { isDefault: true })
    .description("Lists models by provider, cheapest first; with --ability or --tier, the cheapest of all first.")
    .option("--provider <name>", "only this provider's")
    .option(
      "--ability <name>",
      `only models that have it (any number of times): ${ABILITY_NAMES.join(", ")}`,
      abilityOf,
    )
    .addOption(new Option("--tier <tier>", "only models that are up to such work").choices(tierSchema.options))
    .addHelpText("after", LIST_EXAMPLES)
    .action(list);
  models
    .command("show")
    .description("Tells what a name means, and what is known of that model.")
    .argument("<model>", "a model's name, or an alias such as sonnet, gpt or flash")
    .option("--provider <name>", "at this provider")
    .addHelpText("after", "\nExamples:\n  tollgate models show sonnet\n  tollgate models show gpt-5 --provider openai")
    .action(async (name: string, flags: CommonOptions & { provider?: string }) => {
      const model = await withSidecar(flags, (api) => api.model(name, flags.provider));
      if (flags.json) {
        printJson(model);
      } else {
        for (const line of detailLines(model)) {
          print(line);
        }
      }
    });
}

async function list(flags: ListFlags): Promise<void> {
  const { provider, ability, tier } = flags;
  const query = {
    ...(provider === undefined ? {} : { provider }),
    ...(ability === undefined ? {} : { ability: [...ability] }),
    ...(tier === undefined ? {} : { tier }),
  };
  const models = await withSidecar(flags, (api) => api.models(query));
  if (flags.json) {
    printJson({ models });
    return;
  }
  if (models.length === 0) {
    print("No model of the configured providers is known to fit.");
    return;
  }
  for (const line of modelLines(models, terminalWidth())) {
    print(line);
  }
  note("Prices are USD for a million tokens. A ? is not known; of abilities, only those that are known are named.");
}

function abilityOf(text: string, earlier: readonly AbilityName[] | undefined): AbilityName[] {
  const parsed = abilityNameSchema.safeParse(text);
  if (!parsed.success) {
    throw new UsageError(`--ability: "${text}" is none of ${ABILITY_NAMES.join(", ")}`);
  }
  return [...(earlier ?? []), parsed.data];
}

function detailLines(model: ModelDetail): string[] {
  const { asked, by, usualOutput, contextWindowTokens, outputLimitTokens } = model;
  const meaning = by === "alias" ? `, which ${asked} now stands for` : "";
  const can = abilitiesInWords(model);
  const cannot = ABILITY_NAMES.filter((name) => model.abilities[name] === false);
  const context = contextWindowTokens === null ? "unknown" : `${formatTokens(contextWindowTokens)} tokens`;
  const rows: Array<readonly [title: string, text: string]> = [
    ["Price", priceInWords(model)],
    ["Context", `${context}; an answer is taken for ${formatTokens(outputLimitTokens)} tokens at most`],
    [
      "Can",
      [can === "" ? "nothing is known" : can, ...(cannot.length > 0 ? [`not ${cannot.join(", ")}`] : [])].join("; "),
    ],
    ["Made for", model.tier === null ? "unknown" : `${model.tier} work`],
    ...(model.source === null ? [] : [["Source", model.source] as const]),
    ["Answers", `usually ${formatCount(usualOutput.median)} tokens, seldom above ${formatCount(usualOutput.high)}`],
    ["Estimates", errorInWords(model)],
    ...(model.others.length === 0 ? [] : [["Else", othersInWords(model)] as const]),
  ];
  return [
    `${model.model} of ${model.provider}${meaning}`,
    ...rows.map(([title, text]) => `  ${title.padEnd(10)}${text}`),
  ];
}

function priceInWords(model: ModelDetail): string {
  const { costBasis, inputUsdPerMTok, cachedInputUsdPerMTok, outputUsdPerMTok, priceVersion, hourlyRateUsd } = model;
  switch (costBasis) {
    case "free":
      return "free";
    case "compute-hour":
      return `${usd(hourlyRateUsd)} an hour while the server is up, whoever uses it`;
    case "unpriced":
      return "unknown";
    default: {
      const edition = costBasis === "default" ? "your default price: nobody knows the model's" : priceVersion;
      return `${usd(inputUsdPerMTok)} in, ${usd(cachedInputUsdPerMTok)} cached, ${usd(outputUsdPerMTok)} out for a million tokens (${edition})`;
    }
  }
}

function errorInWords({ estimateError }: ModelDetail): string {
  if (estimateError === null) {
    return "no call has been compared with its estimate yet";
  }
  const { calls, meanAbsoluteShare, biasShare } = estimateError;
  const side = Math.round(biasShare * 100);
  const bias = side === 0 ? "neither too high nor too low" : `${Math.abs(side)}% too ${side > 0 ? "high" : "low"}`;
  return `off by ${Math.round(meanAbsoluteShare * 100)}% in ${calls === 1 ? "1 call" : `${calls} calls`}, ${bias} on average`;
}

/** The first few: an alias can stand for dozens. */
function othersInWords({ others }: ModelDetail): string {
  const shown = others.slice(0, 4).map(({ provider, model }) => `${model} of ${provider}`);
  return others.length > shown.length
    ? `${shown.join(", ")}, and ${others.length - shown.length} more`
    : shown.join(", ");
}
