import type { Command } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import { SidecarUnavailableError } from "../../client/sidecarUnavailableError.ts";
import type { ProviderInfo } from "../../domain/api.ts";
import { backendInWords } from "../../domain/backends/backendSettings.ts";
import { fallbackOrder } from "../../domain/backends/fallbackOrder.ts";
import type { Call } from "../../domain/call.ts";
import { providerSchema } from "../../domain/config.ts";
import { formatCount, formatDuration, formatPercent } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import { PromptError } from "../../prompts/promptError.ts";
import { type FallbackPlan, runWithFallback } from "../../prompts/runWithFallback.ts";
import { countOf } from "../arguments.ts";
import { chooseModel, isUsable, keyOf } from "../chooseModel.ts";
import { CliError, EXIT, UsageError } from "../exitCode.ts";
import { note, printJson } from "../output.ts";
import { ownCaller } from "../ownCaller.ts";
import { promptText } from "../promptText.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface AskFlags extends CommonOptions {
  readonly provider?: string;
  readonly model?: string;
  readonly system?: string;
  readonly project?: string;
  readonly maxTokens: string;
  readonly timeout: string;
  readonly fallback: boolean;
}

/** How long, in ms, to wait for a call to be booked. */
const BOOKED_LIMIT_MS = 3_000;
/** As shells have it for a program that SIGINT ended. */
const INTERRUPTED = 130;

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
    const { provider, model: chosen, byTier } = await chooseModel(api, flags);
    const providers = await api.providers();
    const { urls } = await api.pass(ownCaller(flags.project));
    const baseUrl = urls[provider.name];
    if (baseUrl === undefined) {
      throw new CliError(`The sidecar gave no address for ${provider.name}`);
    }
    const key = keyOf(provider);
    const model = chosen ?? provider.models[0] ?? (await firstServedModel(provider, baseUrl, key));
    if (flags.model !== undefined && model !== flags.model) {
      note(`tollgate: ${flags.model} is ${model} (${provider.name})`);
    }
    const meant = { provider: provider.name, model };
    const route = byTier ? await api.backends.route({ ...meant, caller: ownCaller(flags.project) }) : null;
    const other = providers.find(({ name }) => name === route?.backend.provider);
    // A backend without a key is no help, however cheap.
    const switched = other !== undefined && isUsable(other) ? (route?.standsInFor ?? null) : null;
    const wanted = route === null || switched === null ? meant : route.backend;
    if (switched !== null) {
      const spent = formatPercent(route?.share ?? 0);
      note(`tollgate: the budget ${switched.budget} is spent to ${spent}: ${backendInWords(wanted)} is asked instead`);
    }
    const view = await api.backends.view();
    const fallback = view.fallback.filter((backend) => providers.some(({ name }) => name === backend.provider));
    await send(api, flags, {
      wanted,
      order: flags.fallback ? fallbackOrder(wanted, fallback, view.cooling, Date.now()) : [wanted],
      requestFor: (backend) => {
        const info = providers.find(({ name }) => name === backend.provider);
        const address = urls[backend.provider];
        if (info === undefined || address === undefined) {
          throw new CliError(`The sidecar gave no address for ${backend.provider}`);
        }
        return {
          provider: backend.provider,
          protocol: providerSchema.shape.protocol.parse(info.protocol),
          model: backend.model,
          baseUrl: address,
          key: keyOf(info),
          ...(flags.system === undefined ? {} : { system: flags.system }),
          messages: [{ role: "user", text: prompt }],
          maxOutputTokens,
          timeoutMs,
          requestType: "ask",
          ...(switched === null ? {} : { standsInFor: switched }),
        };
      },
      failed: (backend, error) => {
        // What cannot be noted is tried again the next time.
        void api.backends.failed({ ...backend, why: error.message.slice(0, 1_000) }).catch(() => {});
      },
    });
  });
}

async function send(api: ApiClient, flags: AskFlags, plan: FallbackPlan): Promise<void> {
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
      onTakeOver: ({ from, to, error }) => {
        const why = error === null ? "It failed not long ago." : error.message;
        note(`tollgate: ${backendInWords(from)} does not answer. ${why} ${backendInWords(to)} takes over.`);
      },
    });
    const call = await bookedCall(api, result.callId);
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
    const call = error.kind === "refused" ? null : await bookedCall(api, error.callId).catch(() => null);
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
    return INTERRUPTED;
  }
  return refusal?.reason === "budget" ? EXIT.budgetSpent : EXIT.error;
}

/** An answer's last line is ended, so that what follows begins on its own. */
function endLine(lastPiece: string): void {
  if (lastPiece !== "" && !lastPiece.endsWith("\n")) {
    process.stdout.write("\n");
  }
}

/** What a server of the OpenAI protocol says it serves. */
async function firstServedModel(
  { name, protocol }: ProviderInfo,
  baseUrl: string,
  key: string | null,
): Promise<string> {
  if (protocol === "openai") {
    const { OpenAI } = await import("openai");
    const client = new OpenAI({
      apiKey: key ?? "none",
      baseURL: baseUrl,
      maxRetries: 0,
      timeout: 10_000,
      logLevel: "off",
    });
    const models = await client.models.list().catch(() => null);
    const first = models?.data?.[0]?.id;
    if (first !== undefined) {
      return first;
    }
  }
  throw new UsageError(`--model: no model of ${name} is known; say which`);
}

async function bookedCall(api: ApiClient, id: string | null): Promise<Call | null> {
  try {
    return id === null ? null : await api.call(id, BOOKED_LIMIT_MS);
  } catch (error) {
    if (error instanceof SidecarUnavailableError) {
      return null;
    }
    throw error;
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
