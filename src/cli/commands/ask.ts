import type { Command } from "commander";
import { backendInWords } from "../../domain/backends/backendSettings.ts";
import type { Call } from "../../domain/call.ts";
import { formatCount, formatDuration, formatPercent } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import type { Asker } from "../../prompts/asker.ts";
import { PromptError } from "../../prompts/promptError.ts";
import { type FallbackPlan, runWithFallback } from "../../prompts/runWithFallback.ts";
import { countOf } from "../arguments.ts";
import { cliAsker, targetOf } from "../cliAsker.ts";
import { CliError, EXIT } from "../exitCode.ts";
import { note, printJson } from "../output.ts";
import { ownCaller } from "../ownCaller.ts";
import { promptText } from "../promptText.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";
import { takeOverInWords } from "../takeOverWords.ts";

interface AskFlags extends CommonOptions {
  readonly provider?: string;
  readonly model?: string;
  readonly system?: string;
  readonly project?: string;
  readonly maxTokens: string;
  readonly timeout: string;
  readonly fallback: boolean;
}

const EXAMPLES = `
Examples:
  tollgate ask "Say hello in three languages"
  git diff | tollgate ask --model haiku --system "Write a commit message" -`;

export function addAsk(program: Command): void {
  program
    .command("ask")
    .summary("one metered prompt")
    .description(
      "Sends one prompt, streams the answer to standard output and says on standard error what it cost. Keys come from OPENAI_API_KEY and ANTHROPIC_API_KEY.",
    )
    .argument("[text...]", "the prompt; - or nothing reads standard input")
    .option(
      "--provider <name>",
      "provider (default: by the model, else that of the default backend, or the first whose key is set)",
    )
    .option(
      "--model <name>",
      "model, a tier, or an alias such as sonnet (default: the default backend's, or the first that is known of the provider)",
    )
    .option("--system <text>", "instructions that come before the prompt")
    .option("--project <name>", "project the call is for (default: the current folder's name)")
    .option("--max-tokens <n>", "longest answer, in tokens", "4096")
    .option("--timeout <seconds>", "longest silence", "60")
    .option("--no-fallback", "fail where the backend is down or busy, though others could take over")
    .addHelpText("after", EXAMPLES)
    .action((words: string[], flags: AskFlags) => ask(words, flags));
}

async function ask(words: readonly string[], flags: AskFlags): Promise<void> {
  const maxOutputTokens = countOf(flags.maxTokens, "--max-tokens");
  const timeoutMs = countOf(flags.timeout, "--timeout") * 1_000;
  const prompt = await promptText(words);
  await withSidecar(flags, async (api) => {
    const caller = ownCaller(flags.project);
    const asker = await cliAsker({ api: async () => api, caller, fallback: flags.fallback });
    const target = await targetOf(api, asker, flags);
    if (flags.model !== undefined && target.model !== flags.model) {
      note(`tollgate: ${flags.model} is ${target.model} (${target.provider})`);
    }
    const plan = await asker.plan(target, {
      ...(flags.system === undefined ? {} : { system: flags.system }),
      messages: [{ role: "user", text: prompt }],
      maxOutputTokens,
      timeoutMs,
      requestType: "ask",
    });
    if (plan.switched !== null) {
      const { budget, share } = plan.switched;
      const instead = backendInWords(plan.wanted);
      note(`tollgate: the budget ${budget} is spent to ${formatPercent(share)}: ${instead} is asked instead`);
    }
    await send(asker, flags, plan);
  });
}

async function send(asker: Asker, flags: AskFlags, plan: FallbackPlan): Promise<void> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  let lastPiece = "";
  try {
    const result = await runWithFallback(plan, {
      signal: stop.signal,
      onText: (piece) => {
        lastPiece = piece;
        if (!flags.json) {
          process.stdout.write(piece);
        }
      },
      onRetry: ({ attempt, lastAttempt, delayMs, error }) =>
        note(`tollgate: ${error.message} Attempt ${attempt} of ${lastAttempt} in ${formatDuration(delayMs)}.`),
      onTakeOver: (takeOver) => note(`tollgate: ${takeOverInWords(takeOver)}`),
    });
    const call = await asker.bookedCall(result.callId);
    if (flags.json) {
      const { text, stopReason, attempts, backend, standsInFor } = result;
      printJson({ text, stopReason, attempts, backend, standsInFor, call });
    } else {
      endLine(lastPiece);
      note(costLine(call, result.cutByLimit));
    }
  } catch (error) {
    endLine(flags.json ? "\n" : lastPiece);
    if (!(error instanceof PromptError)) {
      throw error;
    }
    const call = error.kind === "refused" ? null : await asker.bookedCall(error.callId).catch(() => null);
    if (call !== null && call.costNanoUsd > 0) {
      note(costLine(call, false));
    }
    throw new CliError(error.message, exitCodeOf(error));
  } finally {
    process.removeListener("SIGINT", interrupt);
    process.removeListener("SIGTERM", interrupt);
  }
}

function exitCodeOf({ kind, refusal }: PromptError): number {
  if (kind === "cancelled") {
    return EXIT.interrupted;
  }
  return refusal?.reason === "budget" ? EXIT.budgetSpent : EXIT.error;
}

/** An answer's last line is ended, so that what follows begins on its own. */
function endLine(lastPiece: string): void {
  if (lastPiece !== "" && !lastPiece.endsWith("\n")) {
    process.stdout.write("\n");
  }
}

function costLine(call: Call | null, cutByLimit: boolean): string {
  const cut = cutByLimit ? " The answer reached its output limit." : "";
  if (call === null) {
    return `tollgate: the call is not booked yet; see tollgate report.${cut}`;
  }
  const { usage, costBasis, usageBasis } = call;
  const amount = formatUsd(call.costNanoUsd) + (costBasis === "default" ? " at your default price" : "");
  const cost = costBasis === "unpriced" ? "price unknown" : amount;
  const cached = usage.cachedInputTokens === 0 ? "" : ` (${formatCount(usage.cachedInputTokens)} cached)`;
  const basis = usageBasis === "estimated" ? ", estimated" : "";
  const { standsInFor } = call;
  const instead = standsInFor === undefined ? "" : `, in place of ${backendInWords(standsInFor)}`;
  return `tollgate: ${cost} · ${call.provider} ${call.model}${instead} · ${formatCount(usage.inputTokens)} in${cached}, ${formatCount(usage.outputTokens)} out${basis} · ${formatDuration(call.latencyMs)}${cut}`;
}
