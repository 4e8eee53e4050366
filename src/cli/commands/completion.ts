import { Argument, type Command } from "commander";
import { type Completion, completionOf } from "../completion/candidates.ts";
import { knownValues } from "../completion/knownValues.ts";
import { COMPLETING_SHELLS, type CompletingShell, SCRIPTS } from "../completion/scripts.ts";
import { print } from "../output.ts";
import { dataDirOf } from "../sidecarAccess.ts";

const EXAMPLES = `
Examples:
  source <(tollgate completion bash)                            in ~/.bashrc
  source <(tollgate completion zsh)                             in ~/.zshrc, after compinit
  tollgate completion fish | source                             in ~/.config/fish/config.fish
  tollgate completion powershell | Out-String | Invoke-Expression   in $PROFILE`;

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .summary("teach a shell to complete the command")
    .description(
      "Prints what a shell's profile takes in so that commands, options, and names of providers, models, budgets and passes are completed. Names come from the sidecar, where one runs.",
    )
    .addArgument(new Argument("<shell>", "the shell").choices(COMPLETING_SHELLS))
    .addHelpText("after", EXAMPLES)
    .action((shell: CompletingShell) => print(SCRIPTS[shell].trimEnd()));
  program
    .command("complete", { hidden: true })
    .description("Tells the scripts of `tollgate completion` what can follow.")
    .option("--next", "the last word is finished")
    .argument("[words...]", "what stands on the line behind tollgate")
    // PowerShell keeps \`--\` for itself where it starts a script.
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (words: string[], { next }: { readonly next?: boolean }) => {
      const line = next === true ? [...words, ""] : words;
      const lookUp = knownValues(dataDirOf(dataDirIn(line)));
      for (const one of linesOf(await completionOf(program, line, lookUp))) {
        print(one);
      }
    });
}

/** The folder that the line names, where it names one. */
function dataDirIn(line: readonly string[]): { dataDir?: string } {
  const at = line.findIndex((word) => /^--data-dir(=|$)/.test(word));
  const dataDir = line[at]?.split(/=(.*)/s)[1] ?? (at === -1 ? undefined : line[at + 1]);
  return dataDir === undefined || dataDir === "" ? {} : { dataDir };
}

function linesOf(completion: Completion): string[] {
  return typeof completion === "string"
    ? [`:${completion}`]
    : completion.map(({ value, about }) => `${value}\t${about.replace(/\p{Cc}/gu, " ")}`);
}
