import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import { type Estimates, type EstimatesRequest, LARGEST_BATCH, type ModelEstimate } from "../../domain/modelApi.ts";
import { collect, countOf, shareOf } from "../arguments.ts";
import { promptsOf } from "../batchFile.ts";
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
  readonly cachedShare: string;
  readonly file?: string;
  readonly batch?: string;
  readonly project?: string;
}

/** What is sent to the sidecar at once, in characters: it can read more, but others wait meanwhile. */
const LARGEST_SLICE = 2_000_000;

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
    .option("--cached-share <share>", "of the input, what comes from the provider's cache, 0 to 1", "0")
    .addOption(new Option("--file <file>", "a file that is the prompt").conflicts("batch"))
    .option("--batch <file>", "a file of prompts: a line each, or JSON lines (.jsonl)")
    .option("--project <name>", "project the calls would be for (default: the current folder's name)")
    .addHelpText("after", EXAMPLES)
    .action(estimate);
}

async function estimate(words: readonly string[], flags: EstimateFlags): Promise<void> {
  const outputTokens = flags.outputTokens === undefined ? undefined : countOf(flags.outputTokens, "--output-tokens");
  const cachedShare = shareOf(flags.cachedShare, "--cached-share");
  const texts = await textsFrom(words, flags);
  const request = {
    models: flags.model ?? [],
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(outputTokens === undefined ? {} : { outputTokens, maxOutputTokens: outputTokens }),
    cachedShare,
    caller: ownCaller(flags.project),
  };
  const estimates = await withSidecar(flags, (api) => sumOf(api, request, texts));
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
  return batch === undefined ? [content] : promptsOf(content, basename(path));
}

/** A long batch goes in slices; all of them on the models of the first. */
async function sumOf(api: ApiClient, request: EstimatesRequest, texts: readonly string[]): Promise<Estimates> {
  let sum: Estimates | undefined;
  for (const slice of slicesOf(texts)) {
    const models = sum?.estimates.map(({ provider, model }) => ({ provider, model })) ?? request.models ?? [];
    const next = await api.estimates({ ...request, models, texts: slice });
    sum = sum === undefined ? next : together(sum, next);
  }
  return sum as Estimates;
}

function* slicesOf(texts: readonly string[]): Generator<string[]> {
  let slice: string[] = [];
  let length = 0;
  for (const text of texts) {
    if (slice.length === LARGEST_BATCH || (slice.length > 0 && length + text.length > LARGEST_SLICE)) {
      yield slice;
      slice = [];
      length = 0;
    }
    slice.push(text);
    length += text.length;
  }
  yield slice;
}

function together(a: Estimates, b: Estimates): Estimates {
  return {
    ...a,
    prompts: a.prompts + b.prompts,
    estimates: a.estimates.map((one, index) => added(one, b.estimates[index] as ModelEstimate)),
  };
}

function added(a: ModelEstimate, b: ModelEstimate): ModelEstimate {
  const sum = (x: number | null, y: number | null) => (x === null || y === null ? null : x + y);
  return {
    ...a,
    inputTokens: a.inputTokens + b.inputTokens,
    inputBasis: a.inputBasis === "bytes" ? "bytes" : b.inputBasis,
    expectedNanoUsd: sum(a.expectedNanoUsd, b.expectedNanoUsd),
    worstCaseNanoUsd: sum(a.worstCaseNanoUsd, b.worstCaseNanoUsd),
    promptsTooLong: a.promptsTooLong + b.promptsTooLong,
  };
}
