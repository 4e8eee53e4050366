import type { Command } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import { beginRun, endRun, newRun, type OwnRun, sumOfRun } from "../../client/ownRun.ts";
import { userName } from "../../client/userName.ts";
import { formatCount } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd, usdFromNano } from "../../domain/money.ts";
import { amountOf, collect } from "../arguments.ts";
import { gatewayEnvironment } from "../gatewayEnvironment.ts";
import { note } from "../output.ts";
import { projectName } from "../projectName.ts";
import { runChild } from "../runChild.ts";
import { forOneRun, toolOf } from "../setup/oneRun.ts";
import type { SetupTool } from "../setup/setupTool.ts";
import { type CommonOptions, linkTo } from "../sidecarAccess.ts";
import { startedProgram } from "../startedProgram.ts";

interface RunFlags extends CommonOptions {
  readonly project?: string;
  readonly budget?: string;
  readonly tag?: string[];
  readonly ollama?: boolean;
}

export function addRun(program: Command): void {
  program
    .command("run")
    .summary("run a program whose calls pass the gate")
    .description(
      "Runs a program with the environment that points known tools at the gateway, under a pass of its own, and says at the end what it cost.",
    )
    .option("--project <name>", "project the calls are for (default: the Git repository's name, else the folder's)")
    .option("--tag <name>", "tag of every call; may be given several times", collect)
    .option("--budget <usd>", "hard limit for this run alone")
    .option("--ollama", "also set OLLAMA_HOST, which Ollama's own server would read too")
    .argument("<command>", "the program")
    .argument("[args...]", "its arguments")
    .passThroughOptions()
    .addHelpText("after", MORE_HELP)
    .action((command: string, args: string[], flags: RunFlags) => run(command, args, flags));
}

const MORE_HELP = `
Leaves with the program's exit code; 127 where it cannot be found. With --json, the last line on standard error is JSON.

Examples:
  tollgate run -- claude -p "Explain this folder"
  tollgate run --budget 2 -- python my_script.py
  tollgate run --project web --tag nightly --tag ci -- npm test`;

async function run(command: string, args: readonly string[], flags: RunFlags): Promise<void> {
  const limitUsd = flags.budget === undefined ? null : amountOf(flags.budget, "--budget");
  const own = newRun(limitUsd);
  const { id } = own;
  const link = linkTo(flags, id);
  const program = startedProgram(command, args);
  const tool = toolOf(program);
  try {
    const api = await link.ensure();
    // An open event stream keeps the sidecar through a program's silence, and has it started again if it ends. It also tells
    // that this run goes on: what a run has of its own is taken away when its stream is gone for good.
    link.start();
    await beginRun(api, own);
    let ended = false;
    try {
      const project = flags.project ?? projectName(process.cwd());
      const user = userName();
      const caller = {
        ...(project === undefined || project === "" ? {} : { project: project.slice(0, 200) }),
        ...(user === undefined ? {} : { user }),
        tool: (tool?.name ?? program.name).slice(0, 200),
        tags: [id, ...(flags.tag ?? [])],
        folder: process.cwd(),
      };
      const usual = await gatewayEnvironment(api, caller, { ollama: flags.ollama });
      const setUp = await forOneRun(api, tool, caller, process.env);
      process.exitCode = await runChild(command, args.toSpliced(program.argsFrom, 0, ...setUp.args), {
        ...process.env,
        ...usual,
        ...setUp.variables,
      });
      ended = true;
    } finally {
      await settle(await link.ensure(), own, tool, ended, flags.json === true);
    }
  } finally {
    link.dispose();
  }
}

/** Takes away what the run had of its own and, where the program ran, says what it cost. */
async function settle(
  api: ApiClient,
  run: OwnRun,
  tool: SetupTool | undefined,
  tell: boolean,
  json: boolean,
): Promise<void> {
  await endRun(api, run);
  if (!tell) {
    return;
  }
  const { id, limitUsd } = run;
  const { calls, refused, costNanoUsd: cost, inputTokens: input, outputTokens: output } = await sumOfRun(api, run);
  if (json) {
    const tokens = { inputTokens: input, outputTokens: output };
    // Standard output is the program's own.
    note(
      JSON.stringify({ run: id, calls, refused, costNanoUsd: cost, costUsd: usdFromNano(cost), limitUsd, ...tokens }),
    );
    return;
  }
  const limit = limitUsd === null ? "" : ` of ${formatUsd(nanoFromUsd(limitUsd))}`;
  const stopped = refused === 0 ? "" : `, ${refused} refused`;
  const tokens = ` · ${formatCount(input)} tokens in, ${formatCount(output)} out`;
  const hint = tool?.onlySetUp === true ? `; ${tool.name} is sent through it by: tollgate setup ${tool.name}` : "";
  note(
    calls + refused === 0
      ? `tollgate: no call came through the gate${hint}`
      : `tollgate: ${formatUsd(cost)}${limit} in ${calls} ${calls === 1 ? "call" : "calls"}${stopped}${tokens}`,
  );
}
