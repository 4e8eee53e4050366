import type { Command } from "commander";
import { collect } from "../arguments.ts";
import { note, print, printJson } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface PassFlags extends CommonOptions {
  readonly project?: string;
  readonly tool?: string;
  readonly user?: string;
  readonly tag?: string[];
}

export function addPass(program: Command): void {
  program
    .command("pass")
    .summary("base URLs that name their caller")
    .description("Makes or finds the pass for a caller and prints the base URLs to give to tools.")
    .option("--project <name>", "project the calls are for")
    .option("--tool <name>", "tool that makes the calls")
    .option("--user <name>", "user on whose behalf")
    .option("--tag <name>", "tag of every call; may be given several times", collect)
    .action(async ({ project, tool, user, tag, ...flags }: PassFlags) => {
      const caller = {
        ...(project === undefined ? {} : { project }),
        ...(tool === undefined ? {} : { tool }),
        ...(user === undefined ? {} : { user }),
        tags: tag ?? [],
      };
      const answer = await withSidecar(flags, (api) => api.pass(caller));
      if (flags.json) {
        printJson(answer);
        return;
      }
      const widest = Math.max(0, ...Object.keys(answer.urls).map((name) => name.length));
      for (const [name, url] of Object.entries(answer.urls)) {
        print(`${name.padEnd(widest)}  ${url}`);
      }
      note("These addresses answer while the sidecar runs: with VS Code open, or tollgate serve.");
    });
}
