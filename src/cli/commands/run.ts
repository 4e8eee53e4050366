import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import type { Command } from "commander";
import type { ApiClient } from "../../client/apiClient.ts";
import { userName } from "../../client/userName.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import { amountOf } from "../arguments.ts";
import { note } from "../output.ts";
import { runChild } from "../runChild.ts";
import { type CommonOptions, linkTo } from "../sidecarAccess.ts";
import { toolEnvironment } from "../toolEnvironment.ts";

interface RunFlags extends CommonOptions {
  readonly project?: string;
  readonly budget?: string;
}

export function addRun(program: Command): void {
  program
    .command("run")
    .summary("run a program whose calls pass the gate")
    .description(
      "Runs a program with the environment that points known tools at the gateway, under a pass of its own, and says at the end what it cost.",
    )
    .option("--project <name>", "project the calls are for (default: the current folder's name)")
    .option("--budget <usd>", "hard limit for this run alone")
    .argument("<command>", "the program")
    .argument("[args...]", "its arguments")
    .passThroughOptions()
    .addHelpText("after", "\nLeaves with the program's exit code; 127 where it cannot be found.")
    .action((command: string, args: string[], flags: RunFlags) => run(command, args, flags));
}

async function run(command: string, args: readonly string[], flags: RunFlags): Promise<void> {
  const limitUsd = flags.budget === undefined ? null : amountOf(flags.budget, "--budget");
  const id = `run-${randomBytes(5).toString("hex")}`;
  const link = linkTo(flags);
  const startedAt = new Date().toISOString();
  try {
    const api = await link.ensure();
    // An open event stream keeps the sidecar through a program's silence, and has it started again if it ends.
    link.start();
    if (limitUsd !== null) {
      await api.setBudget({ name: id, limitUsd, window: "run", hard: true, scope: { tag: id } });
    }
    try {
      const project = flags.project ?? basename(process.cwd());
      const user = userName();
      const { urls } = await api.pass({
        ...(project === "" ? {} : { project }),
        ...(user === undefined ? {} : { user }),
        tool: basename(command).slice(0, 200),
        tags: [id],
      });
      process.exitCode = await runChild(command, args, toolEnvironment(urls, process.env));
    } finally {
      await settle(await link.ensure(), id, startedAt, limitUsd);
    }
  } finally {
    link.dispose();
  }
}

/** Says what the run cost and takes its budget away. What has been booked stays booked. */
async function settle(api: ApiClient, id: string, since: string, limitUsd: number | null): Promise<void> {
  if (limitUsd !== null) {
    await api.removeBudget(id);
  }
  let calls = 0;
  let refused = 0;
  let cost = 0;
  for await (const call of api.allCalls({ tag: id, since })) {
    calls += call.status === "refused" ? 0 : 1;
    refused += call.status === "refused" ? 1 : 0;
    cost += call.costNanoUsd;
  }
  if (calls + refused > 0) {
    const limit = limitUsd === null ? "" : ` of ${formatUsd(nanoFromUsd(limitUsd))}`;
    const stopped = refused === 0 ? "" : `, ${refused} refused`;
    note(`tollgate: ${formatUsd(cost)}${limit} in ${calls} ${calls === 1 ? "call" : "calls"}${stopped}`);
  }
}
