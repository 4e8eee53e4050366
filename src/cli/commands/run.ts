import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import type { Command } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import { userName } from "../../client/userName.ts";
import { formatCount } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd, usdFromNano } from "../../domain/money.ts";
import { runAmong } from "../../domain/run.ts";
import { amountOf, collect } from "../arguments.ts";
import { gatewayEnvironment } from "../gatewayEnvironment.ts";
import { note } from "../output.ts";
import { projectName } from "../projectName.ts";
import { runChild } from "../runChild.ts";
import { forOneRun, toolOf } from "../setup/oneRun.ts";
import type { SetupTool } from "../setup/setupTool.ts";
import { type CommonOptions, linkTo } from "../sidecarAccess.ts";

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
  const id = `run-${randomBytes(5).toString("hex")}`;
  const link = linkTo(flags, id);
  const startedAt = new Date().toISOString();
  const tool = toolOf(command);
  try {
    const api = await link.ensure();
    // An open event stream keeps the sidecar through a program's silence, and has it started again if it ends. It also tells
    // that this run goes on: what a run has of its own is taken away when its stream is gone for good.
    link.start();
    if (limitUsd !== null) {
      await api.setBudget({ name: id, limitUsd, window: "run", hard: true, scope: { tag: id } });
    }
    let ended = false;
    try {
      const project = flags.project ?? projectName(process.cwd());
      const user = userName();
      const caller = {
        ...(project === undefined || project === "" ? {} : { project: project.slice(0, 200) }),
        ...(user === undefined ? {} : { user }),
        tool: tool?.name ?? basename(command).slice(0, 200),
        tags: [id, ...(flags.tag ?? [])],
        folder: process.cwd(),
      };
      const usual = await gatewayEnvironment(api, caller, { ollama: flags.ollama });
      const own = await forOneRun(api, tool, caller, process.env);
      process.exitCode = await runChild(command, [...own.args, ...args], {
        ...process.env,
        ...usual,
        ...own.variables,
      });
      ended = true;
    } finally {
      const json = flags.json === true;
      await settle(await link.ensure(), { id, since: startedAt, limitUsd, tool, tell: ended, json });
    }
  } finally {
    link.dispose();
  }
}

interface EndedRun {
  readonly id: string;
  readonly since: string;
  readonly limitUsd: number | null;
  /** The program, where its own configuration is known. */
  readonly tool: SetupTool | undefined;
  /** Whether the program ran at all. */
  readonly tell: boolean;
  readonly json: boolean;
}

/** Takes the run's pass and budget away and says what it cost. What has been booked stays booked. */
async function settle(api: ApiClient, { id, since, limitUsd, tool, tell, json }: EndedRun): Promise<void> {
  for (const pass of await api.passes()) {
    if (runAmong(pass.caller.tags) === id) {
      await api.revokePass(pass.id);
    }
  }
  if (limitUsd !== null) {
    await api.removeBudget(id);
  }
  if (!tell) {
    return;
  }
  let calls = 0;
  let refused = 0;
  let cost = 0;
  let input = 0;
  let output = 0;
  for await (const call of api.allCalls({ tag: id, since })) {
    calls += call.status === "refused" ? 0 : 1;
    refused += call.status === "refused" ? 1 : 0;
    cost += call.costNanoUsd;
    input += call.usage.inputTokens;
    output += call.usage.outputTokens;
  }
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
