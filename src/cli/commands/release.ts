import type { Command } from "commander";
import { userName } from "../../client/userName.ts";
import { formatUsd } from "../../domain/money.ts";
import { UsageError } from "../exitCode.ts";
import { print, printJson } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface ReleaseFlags extends CommonOptions {
  readonly why?: string;
}

export function addRelease(program: Command): void {
  program
    .command("release")
    .summary("take the charge off a call that a crash interrupted")
    .description(
      "A call that was under way when the sidecar died is booked at what was held for it. Where you know that it cost nothing, this takes the charge off. Recorded with who did it and why.",
    )
    .argument("<call>", "its id, as report, export and the panel show it")
    .option("--why <text>", "reason, for the record (needed)")
    .addHelpText("after", '\nExample:\n  tollgate release call_m8x0c4e1 --why "the provider never got it"')
    .action(async (id: string, flags: ReleaseFlags) => {
      const { why } = flags;
      if (why === undefined || why.trim() === "") {
        throw new UsageError("--why: say why the call cost nothing");
      }
      const [before, call] = await withSidecar(flags, async (api) => {
        const booked = await api.call(id);
        return [booked, await api.releaseCall(id, { by: userName() ?? "command line", why })] as const;
      });
      if (flags.json) {
        printJson(call);
      } else {
        print(`The call ${id}, booked at ${formatUsd(before.costNanoUsd)}, is released`);
      }
    });
}
