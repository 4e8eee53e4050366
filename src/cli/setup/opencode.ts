import { join } from "node:path";
import { jsonFormat } from "./jsonFormat.ts";
import { folderOf, type SetupTool, withVersion } from "./setupTool.ts";

/** A configuration that comes before those in files. */
const INLINE = "OPENCODE_CONFIG_CONTENT";

/** opencode: its own providers, with another base URL; its libraries want the version in both. */
export const opencode: SetupTool = {
  name: "opencode",
  packages: ["opencode-ai"],
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
  forOneRun(changes, environment) {
    let text = environment[INLINE] ?? "";
    for (const { path, value } of changes) {
      text = jsonFormat.write(text, path, value);
    }
    return { args: [], variables: { [INLINE]: text } };
  },
};
