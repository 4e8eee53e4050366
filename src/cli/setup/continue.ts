import { join } from "node:path";
import { CliError } from "../exitCode.ts";
import { folderOf, type SetupTool, withVersion } from "./setupTool.ts";
import { listEntries, yamlFormat } from "./yamlFormat.ts";

const FORMS: Readonly<Record<string, readonly string[]>> = { openai: ["openai"], anthropic: ["anthropic"] };

/** Continue: the models that are there, each with another base. */
export const continueTool: SetupTool = {
  name: "continue",
  command: "cn",
  packages: ["@continuedev/cli"],
  onlySetUp: true,
  format: yamlFormat,
  file: ({ home, environment }) =>
    join(folderOf(environment.CONTINUE_GLOBAL_DIR, join(home, ".continue")), "config.yaml"),
  points(text) {
    const points = listEntries(text, "models").flatMap((_, index) => {
      const provider = yamlFormat.read(text, ["models", String(index), "provider"]);
      const providers = typeof provider === "string" && Object.hasOwn(FORMS, provider) ? FORMS[provider] : undefined;
      const path = ["models", String(index), "apiBase"];
      return providers === undefined ? [] : [{ path, providers, form: (url: string) => `${withVersion(url)}/` }];
    });
    if (points.length === 0) {
      throw new CliError("Continue's config.yaml names no model of openai or anthropic: add one first");
    }
    return points;
  },
};
