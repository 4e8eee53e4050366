import { type Command, Option } from "commander";
import { userName } from "../../client/userName.ts";
import { gatewayEnvironment } from "../gatewayEnvironment.ts";
import { note, print, printJson } from "../output.ts";
import { assignment, SHELLS, type Shell, shellOf } from "../shellSyntax.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";

interface EnvFlags extends CommonOptions {
  readonly shell?: Shell;
  readonly project?: string;
  readonly ollama?: boolean;
}

const EXAMPLES = `
Examples:
  eval "$(tollgate env)"                                        bash, zsh: in ~/.bashrc, ~/.zshrc
  tollgate env --shell fish | source                            fish: in ~/.config/fish/config.fish
  tollgate env --shell powershell | Out-String | Invoke-Expression
  for /f "delims=" %i in ('tollgate env --shell cmd') do %i      cmd`;

export function addEnv(program: Command): void {
  program
    .command("env")
    .summary("variables for a shell profile")
    .description("Prints the variables that point known tools at the gateway, as a shell's profile can take them.")
    .addOption(new Option("--shell <shell>", "whose syntax (default: the shell you work in)").choices(SHELLS))
    .option("--project <name>", "project the calls are for")
    .option("--ollama", "also OLLAMA_HOST, which Ollama's own server would read too")
    .addHelpText("after", EXAMPLES)
    .action((flags: EnvFlags) => showEnvironment(flags));
}

async function showEnvironment({ shell, project, ollama, ...flags }: EnvFlags): Promise<void> {
  const user = userName();
  const caller = { ...(project === undefined ? {} : { project }), ...(user === undefined ? {} : { user }) };
  const variables = await withSidecar(flags, (api) => gatewayEnvironment(api, caller, { ollama }));
  if (flags.json) {
    printJson({ variables });
    return;
  }
  const syntax = shell ?? shellOf(process.env, process.platform);
  for (const [name, value] of Object.entries(variables)) {
    const line = assignment(syntax, name, value);
    if (line === null) {
      note(`tollgate: ${name} cannot be written for ${syntax}; set it by hand: ${value}`);
    } else {
      print(line);
    }
  }
  if (process.stdout.isTTY) {
    note("These addresses answer while the sidecar runs: with VS Code open, or tollgate serve.");
  }
}
