import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { text as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import { beginRun, endRun, newRun, type OwnRun, sumOfRun } from "../../client/ownRun.ts";
import type { Asker } from "../../prompts/asker.ts";
import { askBatch, type WantedPrompt } from "../../prompts/batch/askBatch.ts";
import { type BatchEstimate, estimateBatch } from "../../prompts/batch/batchEstimate.ts";
import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";
import {
  type BatchOutput,
  BatchOutputError,
  FileOutput,
  hasResults,
  StreamedOutput,
} from "../../prompts/batch/batchOutput.ts";
import type { BatchEnd } from "../../prompts/batch/runBatch.ts";
import { amountOf, collect, countOf } from "../arguments.ts";
import { batchEstimateLines } from "../batch/batchEstimate.ts";
import { sentPrompts } from "../batch/batchInput.ts";
import { BatchProgress } from "../batch/batchProgress.ts";
import { BatchStop } from "../batch/batchStop.ts";
import { exitCodeOf, tellEnd, tellNothingToDo } from "../batch/batchSummary.ts";
import { wantedOf } from "../batch/wantedPrompts.ts";
import { cliAsker } from "../cliAsker.ts";
import { CliError, EXIT, UsageError } from "../exitCode.ts";
import { note, print } from "../output.ts";
import { ownCaller } from "../ownCaller.ts";
import { saysYes } from "../saysYes.ts";
import { type CommonOptions, linkTo } from "../sidecarAccess.ts";
import { takeOverInWords } from "../takeOverWords.ts";

interface BatchFlags extends CommonOptions {
  readonly output?: string;
  readonly resume?: boolean;
  readonly provider?: string;
  readonly model?: string;
  readonly system?: string;
  readonly project?: string;
  readonly tag?: string[];
  readonly maxTokens: string;
  readonly timeout: string;
  readonly concurrency: string;
  readonly budget?: string;
  readonly yes?: boolean;
  readonly fallback: boolean;
}

const MOST_AT_ONCE = 100;

const MORE_HELP = `
The file has a prompt on each line or, as .jsonl, what tollgate estimate --batch reads: a text, or an object with prompt, input or
messages, and with custom_id or id, model, system and max_tokens where they are wanted. - reads standard input.

Results are JSON lines in the order of the prompts: line, id, status (ok, error), text, error, backend, model, standsInFor,
stopReason, attempts, inputTokens, outputTokens, costNanoUsd, costUsd, callId. With --output each is in the file as soon as it is known.
Ctrl-C lets the prompts under way come to their end; a second one cancels them.

Leaves with 0 where all are answered, 1 where some failed, 2 where something is wrong with the file or the options, 3 where a budget
is or would be spent, 130 after Ctrl-C.

Examples:
  tollgate batch questions.txt --output answers.jsonl
  tollgate batch requests.jsonl --model haiku --budget 2 --output answers.jsonl
  tollgate batch requests.jsonl --output answers.jsonl --resume`;

export function addBatch(program: Command): void {
  program
    .command("batch")
    .summary("a file of prompts, one after the other")
    .description(
      "Asks every prompt of a file, several at once, after saying what that will cost, and writes the answers as JSON lines. Each goes through the gate by itself; a spent budget stops the batch.",
    )
    .argument("<file>", "the prompts: a line each, or JSON lines (.jsonl)")
    .option("--output <file>", "where results go (default: standard output)")
    .option("--resume", "go on with the results in --output: what is answered is not asked again")
    .option("--provider <name>", "provider, as of tollgate ask")
    .option(
      "--model <name>",
      "model, tier or alias for all prompts (default: what each line names, else as tollgate ask)",
    )
    .option("--system <text>", "instructions for the prompts that have none")
    .option("--project <name>", "project the calls are for (default: the current folder's name)")
    .option("--tag <name>", "tag of every call; may be given several times", collect)
    .option("--max-tokens <n>", "longest answer, in tokens, where the line sets none", "4096")
    .option("--timeout <seconds>", "longest silence", "60")
    .option("--concurrency <n>", `prompts that are asked at once, up to ${MOST_AT_ONCE}`, "4")
    .option("--budget <usd>", "hard limit for this batch alone")
    .option("--yes", "start although a budget is expected to be spent")
    .option("--no-fallback", "fail where the backend is down or busy, though others could take over")
    .addHelpText("after", MORE_HELP)
    .action((file: string, flags: BatchFlags) => batch(file, flags));
}

async function batch(file: string, flags: BatchFlags): Promise<void> {
  const options = {
    maxTokens: countOf(flags.maxTokens, "--max-tokens"),
    timeoutMs: countOf(flags.timeout, "--timeout") * 1_000,
    concurrency: countOf(flags.concurrency, "--concurrency", MOST_AT_ONCE),
  };
  const run = newRun(flags.budget === undefined ? null : amountOf(flags.budget, "--budget"));
  const prompts = await promptsFrom(file);
  const output = outputFor(flags, prompts);
  try {
    await runOver(prompts, output, file, flags, run, options);
  } finally {
    output.close();
  }
}

interface Limits {
  readonly maxTokens: number;
  readonly timeoutMs: number;
  readonly concurrency: number;
}

async function runOver(
  prompts: readonly BatchPrompt[],
  output: BatchOutput,
  file: string,
  flags: BatchFlags,
  run: OwnRun,
  limits: Limits,
): Promise<void> {
  const unanswered = prompts.filter(({ line }) => !output.done.has(line));
  tellBefore(prompts, unanswered);
  if (unanswered.length === 0) {
    tellNothingToDo(flags, run, prompts.length);
    return;
  }
  const link = linkTo(flags, run.id);
  try {
    const api = await link.ensure();
    // As for every run: an open event stream tells that it goes on, and has a sidecar that ends started again.
    link.start();
    await beginRun(api, run);
    try {
      const caller = { ...ownCaller(flags.project), tags: [run.id, ...(flags.tag ?? [])] };
      const asker = await cliAsker({ api: () => link.ensure(), caller, fallback: flags.fallback });
      const wanted = await wantedOf(api, asker, flags, limits.maxTokens, unanswered);
      await agreeTo(await estimateBatch(api, caller, wanted), flags.yes === true, file === "-");
      const startedAt = Date.now();
      const end = await askAll(asker, wanted, output, limits);
      const sum = await sumOfRun(await link.ensure(), run);
      const skipped = prompts.length - unanswered.length;
      tellEnd(flags, { run, end, sum, skipped, tookMs: Date.now() - startedAt });
      process.exitCode = exitCodeOf(end, run);
    } finally {
      await endRun(await link.ensure(), run);
    }
  } finally {
    link.dispose();
  }
}

async function askAll(
  asker: Asker,
  wanted: readonly WantedPrompt[],
  output: BatchOutput,
  { timeoutMs, concurrency }: Limits,
): Promise<BatchEnd> {
  const progress = new BatchProgress(wanted.length, Date.now());
  const stop = new BatchStop((line) => progress.note(line));
  try {
    return await askBatch({
      asker,
      wanted,
      concurrency,
      timeoutMs,
      stop: stop.begun,
      cancel: stop.cancelled,
      onTakeOver: (takeOver) => progress.noteOnce(takeOverInWords(takeOver)),
      onResult: (result) => {
        output.take(result);
        progress.take(result, Date.now());
      },
    });
  } finally {
    stop.dispose();
    progress.end();
  }
}

async function promptsFrom(file: string): Promise<BatchPrompt[]> {
  if (file === "-") {
    const content = await readAll(process.stdin);
    // Without a name, the first line tells.
    return sentPrompts(content, /^\s*[{"]/.test(content) ? "standard input.jsonl" : "standard input");
  }
  try {
    return sentPrompts(readFileSync(file, "utf8"), basename(file));
  } catch (error) {
    throw error instanceof UsageError ? error : new CliError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function outputFor({ output, resume }: BatchFlags, prompts: readonly BatchPrompt[]): BatchOutput {
  if (output === undefined) {
    if (resume === true) {
      throw new UsageError("--resume: say which results to go on with, with --output");
    }
    return new StreamedOutput(prompts, print);
  }
  if (resume !== true && hasResults(output)) {
    throw new UsageError(`--output: ${output} holds results already; --resume goes on with them`);
  }
  try {
    return new FileOutput(output, prompts);
  } catch (error) {
    throw error instanceof BatchOutputError ? new UsageError(`--output: ${error.message}`) : error;
  }
}

/** What is left out, and what has been done before. */
function tellBefore(prompts: readonly BatchPrompt[], unanswered: readonly BatchPrompt[]): void {
  const unsent = new Set(unanswered.flatMap((prompt) => prompt.unsent));
  if (unsent.size > 0) {
    note(`tollgate: only texts and output limits are sent; left out: ${[...unsent].join(", ")}`);
  }
  if (unanswered.length < prompts.length) {
    note(`tollgate: ${prompts.length - unanswered.length} of ${prompts.length} prompts are answered already`);
  }
}

/** Says what the batch will come to. @throws CliError where a budget is expected to be spent and nobody says that this is well */
async function agreeTo(estimate: BatchEstimate, yes: boolean, isPiped: boolean): Promise<void> {
  for (const line of batchEstimateLines(estimate)) {
    note(`tollgate: ${line}`);
  }
  if (estimate.tooDear === null) {
    return;
  }
  const canAsk = !isPiped && process.stdin.isTTY === true && process.stderr.isTTY === true;
  if (!yes && !(canAsk && (await saysYes("Start it all the same?")))) {
    throw new CliError("nothing was sent; --yes starts it, and it stops once the budget is spent", EXIT.budgetSpent);
  }
}
