import type { Command } from "commander";
import { userName } from "../../client/userName.ts";
import { commandWords } from "../../domain/compute/commandWords.ts";
import type { ComputeServer } from "../../domain/computeApi.ts";
import { formatMoment } from "../../domain/formats.ts";
import { CliError, UsageError } from "../exitCode.ts";
import { print, printJson } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface StopCommandFlags extends CommonOptions {
  readonly allow?: boolean;
  readonly forbid?: boolean;
}

type StopCommand = NonNullable<ComputeServer["stopCommand"]>;

export function addCompute(program: Command): void {
  const compute = program.command("compute").summary("servers that cost by the hour");
  compute
    .command("stop-command")
    .summary("the command that stops a server when a budget is spent")
    .description(
      "Shows a server's stop command, and whether it may run. It runs only once it has been allowed, word by word.",
    )
    .argument("<provider>", "the server, as the configuration names it")
    .option("--allow", "let it run when a hard budget that covers the server is spent")
    .option("--forbid", "let it not run any more")
    .addHelpText(
      "after",
      "\nExamples:\n  tollgate compute stop-command vllm\n  tollgate compute stop-command vllm --allow",
    )
    .action(async (provider: string, flags: StopCommandFlags) => {
      if (flags.allow && flags.forbid) {
        throw new UsageError("give one of --allow and --forbid");
      }
      const stop = await withSidecar(flags, async (api) => {
        const { servers } = await api.compute();
        const found = servers.find((server) => server.provider === provider);
        if (found === undefined) {
          throw new CliError(`No provider that costs by the hour is named ${provider}`);
        }
        if (found.stopCommand === null) {
          throw new CliError(`${provider} has no stop command: write one into its pricing, as "stopCommand"`);
        }
        const { command } = found.stopCommand;
        return flags.allow || flags.forbid
          ? api.decideStopCommand(provider, {
              command,
              allowed: flags.allow === true,
              by: userName() ?? "command line",
            })
          : found.stopCommand;
      });
      if (flags.json) {
        printJson(stop);
        return;
      }
      for (const line of stopLines(provider, stop)) {
        print(line);
      }
    });
}

function stopLines(provider: string, { command, allowed, lastRun }: StopCommand): string[] {
  return [
    commandWords(command),
    allowed
      ? `Runs once a window when a hard budget that covers ${provider} is spent.`
      : `Does not run: allow it with: tollgate compute stop-command ${provider} --allow`,
    ...(lastRun === null
      ? []
      : [
          `Last run ${formatMoment(Date.parse(lastRun.at), Date.now())} for the budget ${lastRun.budget}: ${
            lastRun.ended ? (lastRun.trouble ?? `exit code ${lastRun.exitCode}`) : "it has not ended"
          }`,
        ]),
  ];
}
