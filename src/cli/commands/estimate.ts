import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { estimatesOf } from "../../client/estimateBatch.ts";
import { collect, countOf, shareOf } from "../arguments.ts";
import { countedPrompts } from "../batch/batchInput.ts";
import { estimateLines } from "../estimateTable.ts";
import { CliError } from "../exitCode.ts";
import { note, print, printJson, terminalWidth } from "../output.ts";
import { ownCaller } from "../ownCaller.ts";
import { promptText } from "../promptText.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface EstimateFlags extends CommonOptions {
  readonly provider?: string;
  readonly model?: string[];
  readonly outputTokens?: string;
  readonly cachedShare?: string;
  readonly file?: string;
  readonly batch?: string;
  readonly project?: string;
}

const EXAMPLES = `
Examples:
  tollgate estimate --file prompt.md --model sonnet --model gpt-5
  tollgate estimate --batch requests.jsonl --output-tokens 300
  tollgate estimate --cached-share 0.8 "Explain this error"`;

export function addEstimate(program: Command): void {
  program
    .command("estimate")
    .summary("what prompts would cost, on several models")
    .description(
      "Says what a prompt, a file or a batch of prompts would cost on one or several models. The text is counted on this machine; nothing is sent to a provider, and nothing is stored.",
    )
    .argument("[text...]", "the prompt; - or nothing reads standard input")
    .option("--provider <name>", "models of this provider")
    .option(
      "--model <name>",
      "model, or an alias such as sonnet; any number of times (default: those used most this month)",
      collect,
    )
    .option("--output-tokens <n>", "length of each answer (default: what is usual of the model)")
    .option(
      "--cached-share <share>",
      "of the input, what comes from the provider's cache, 0 to 1 (default: as with your earlier prompts)",
    )
    .addOption(new Option("--file <file>", "a file that is the prompt").conflicts("batch"))
    .option("--batch <file>", "a file of prompts: a line each, or JSON lines (.jsonl)")
    .option("--project <name>", "project the calls would be for (default: the current folder's name)")
    .addHelpText("after", EXAMPLES)
    .action(estimate);
}

async function estimate(words: readonly string[], flags: EstimateFlags): Promise<void> {
  const outputTokens = flags.outputTokens === undefined ? undefined : countOf(flags.outputTokens, "--output-tokens");
  const cachedShare = flags.cachedShare === undefined ? undefined : shareOf(flags.cachedShare, "--cached-share");
  const texts = await textsFrom(words, flags);
  const request = {
    models: flags.model ?? [],
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(outputTokens === undefined ? {} : { outputTokens, maxOutputTokens: outputTokens }),
    ...(cachedShare === undefined ? {} : { cachedShare }),
    caller: ownCaller(flags.project),
  };
  const estimates = await withSidecar(flags, (api) => estimatesOf(api, request, texts));
  if (flags.json) {
    printJson(estimates);
    return;
  }
  for (const { asked, model, provider } of estimates.estimates) {
    if (asked !== model) {
      note(`tollgate: ${asked} is ${model} (${provider})`);
    }
  }
  for (const line of estimateLines(estimates, outputTokens !== undefined, terminalWidth())) {
    print(line);
  }
}

async function textsFrom(words: readonly string[], { file, batch }: EstimateFlags): Promise<string[]> {
  const path = file ?? batch;
  if (path === undefined) {
    return [await promptText(words, "say what the prompt is")];
  }
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return batch === undefined ? [content] : countedPrompts(content, basename(path)).map(({ text }) => text);
}
