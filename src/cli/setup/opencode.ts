import { join } from "node:path";
import { jsonFormat } from "./jsonFormat.ts";
import { folderOf, type SetupTool, withVersion } from "./setupTool.ts";

/** opencode: its own providers, with another base URL; its libraries want the version in both. */
export const opencode: SetupTool = {
  name: "opencode",
  format: jsonFormat,
  file({ home, environment, exists }) {
    const folder = join(folderOf(environment.XDG_CONFIG_HOME, join(home, ".config")), "opencode");
    const withComments = join(folder, "opencode.jsonc");
    return exists(withComments) ? withComments : join(folder, "opencode.json");
  },
  points: () =>
    ["openai", "anthropic"].map((name) => ({
      path: ["provider", name, "options", "baseURL"],
      providers: [name],
      form: withVersion,
    })),
};
