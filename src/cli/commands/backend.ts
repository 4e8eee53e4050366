import type { Command } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import { ApiError } from "../../client/apiError.ts";
import { userName } from "../../client/userName.ts";
import { backendInWords } from "../../domain/backends/backendSettings.ts";
import { countOf } from "../arguments.ts";
import { backendLines, checkLines, switchLines } from "../backendTable.ts";
import { keyOf } from "../chooseModel.ts";
import { CliError, EXIT, UsageError } from "../exitCode.ts";
import { note, print, printDone, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface UseFlags extends CommonOptions {
  readonly tier?: string;
  readonly why?: string;
  readonly skipHealthCheck?: boolean;
}

export function addBackend(program: Command): void {
  const backend = program
    .command("backend")
    .summary("where prompts go")
    .description("Lists, checks and switches backends: the provider and model that prompts and tiers go to.");
  backend
    .command("list", { isDefault: true })
    .description("Lists the default backend, what tiers stand for, and who takes over when a prompt fails.")
    .addHelpText("after", "\nExample:\n  tollgate backend list")
    .action(async (flags: CommonOptions) => {
      const view = await withSidecar(flags, (api) => api.backends.view());
      if (flags.json) {
        printJson(view);
      } else {
        printLines(backendLines(view, terminalWidth()));
      }
    });
  backend
    .command("use")
    .description("Switches the default backend, or a tier, after a check of its health.")
    .argument("<name>", "a tier, a provider, PROVIDER/MODEL, or a model's name")
    .option("--tier <name>", "what this tier stands for, such as sonnet or a name of your own; the default stays")
    .option("--why <reason>", "for the record")
    .option("--skip-health-check", "switch even where it does not work")
    .addHelpText(
      "after",
      "\nExamples:\n  tollgate backend use sonnet\n  tollgate backend use openai/gpt-5 --why 'cheaper'",
    )
    .action(use);
  backend
    .command("check")
    .description("Asks every backend whether it works. Leaves with 1 where the default one does not.")
    .addHelpText("after", "\nExample:\n  tollgate backend check --json")
    .action(check);
  backend
    .command("fallback")
    .description("Says who takes over, in this order, when a prompt's own backend is down or busy.")
    .argument("[names...]", "tiers, or PROVIDER/MODEL; none: nobody")
    .addHelpText("after", "\nExample:\n  tollgate backend fallback haiku vllm/qwen2.5-coder-7b")
    .action(async (names: string[], flags: CommonOptions) => {
      const { fallback } = await withSidecar(flags, (api) => api.backends.setFallback(names, byWhom()));
      const words =
        fallback.length === 0 ? "Nobody takes over" : `Takes over: ${fallback.map(backendInWords).join(", ")}`;
      printDone(flags, { fallback }, words);
    });
  backend
    .command("remove")
    .description("Takes away what a tier stands for. A usual one means the newest model of its family again.")
    .argument("<tier>", "a tier that was set with: use NAME --tier TIER")
    .addHelpText("after", "\nExample:\n  tollgate backend remove sonnet")
    .action(async (tier: string, flags: CommonOptions) => {
      await withSidecar(flags, (api) => api.backends.removeTier(tier, byWhom()));
      printDone(flags, { removed: tier }, `Removed the tier ${tier}`);
    });
  backend
    .command("log")
    .description("Tells who switched which backend, when and why, newest first.")
    .option("--limit <n>", "so many switches", "50")
    .addHelpText("after", "\nExample:\n  tollgate backend log --limit 10")
    .action(async (flags: CommonOptions & { limit: string }) => {
      const limit = countOf(flags.limit, "--limit", 1_000);
      const switches = await withSidecar(flags, (api) => api.backends.log(limit));
      if (flags.json) {
        printJson({ switches });
      } else {
        printLines(switchLines(switches, Date.now(), terminalWidth()));
      }
    });
}

async function use(name: string, { tier, why, skipHealthCheck, ...flags }: UseFlags): Promise<void> {
  const done = await withSidecar(flags, async (api) => {
    try {
      return await api.backends.switch({
        name,
        tier: tier ?? null,
        keys: await keysAtHand(api),
        skipHealthCheck: skipHealthCheck ?? false,
        by: byWhom(),
        why: why ?? null,
      });
    } catch (error) {
      throw error instanceof ApiError ? asCliError(error) : error;
    }
  });
  const { checked, to } = done;
  const health = checked?.latencyMs === null || checked === null ? "not checked" : `answers in ${checked.latencyMs} ms`;
  const what = done.tier === null ? "Prompts go" : `${done.tier} goes`;
  printDone(flags, done, `${what} to ${backendInWords(to ?? { provider: "", model: "" })} now (${health})`);
}

function asCliError({ status, code, message }: ApiError): CliError {
  if (code === "backend_sick") {
    return new CliError(`${message}. To switch all the same: --skip-health-check`);
  }
  return status === 400 || status === 404 ? new UsageError(`name: ${message}`) : new CliError(message);
}

async function check(flags: CommonOptions): Promise<void> {
  const backends = await withSidecar(flags, async (api) => api.backends.check(await keysAtHand(api)));
  if (flags.json) {
    printJson({ backends });
  } else {
    printLines(checkLines(backends, Date.now(), terminalWidth()));
  }
  const main = backends.find(({ roles }) => roles.includes("default"));
  if (main === undefined) {
    note("No default backend is set: tollgate backend use NAME");
  } else if (main.state !== "ok") {
    throw new CliError(`the default backend does not work: ${main.detail}`, EXIT.error);
  }
}

/** The keys that the environment holds, by provider. */
async function keysAtHand(api: ApiClient): Promise<Record<string, string>> {
  const providers = await api.providers();
  return Object.fromEntries(
    providers.flatMap((provider) => {
      const key = keyOf(provider);
      return key === null ? [] : [[provider.name, key]];
    }),
  );
}

function byWhom(): string {
  return userName() ?? "command line";
}

function printLines(lines: readonly string[]): void {
  for (const line of lines) {
    print(line);
  }
}
