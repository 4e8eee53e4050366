import { join } from "node:path";
import { withoutVersion } from "../../client/toolEnvironment.ts";
import { CliError } from "../exitCode.ts";
import { type SetupTool, withVersion } from "./setupTool.ts";
import { yamlFormat } from "./yamlFormat.ts";

const VARIABLE = "ANTHROPIC_API_BASE=";

/** aider: an option for OpenAI's base, and for Anthropic's the variable that its library reads. */
export const aider: SetupTool = {
  name: "aider",
  packages: ["aider-chat", "aider"],
  format: yamlFormat,
  file: ({ home }) => join(home, ".aider.conf.yml"),
  points(text) {
    const held = yamlFormat.read(text, ["set-env"]);
    if (held !== undefined && !String(held).startsWith(VARIABLE)) {
      throw new CliError(`set-env holds another variable in .aider.conf.yml: start aider with "tollgate run" instead`);
    }
    return [
      { path: ["openai-api-base"], providers: ["openai"], form: withVersion },
      { path: ["set-env"], providers: ["anthropic"], form: (url) => VARIABLE + withoutVersion(url) },
    ];
  },
};
