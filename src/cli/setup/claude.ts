import { join } from "node:path";
import { withoutVersion } from "../../client/toolEnvironment.ts";
import { jsonFormat } from "./jsonFormat.ts";
import { folderOf, type SetupTool } from "./setupTool.ts";

/** Claude Code: the user's settings, whose `env` it sets for itself. */
export const claude: SetupTool = {
  name: "claude",
  packages: ["@anthropic-ai/claude-code"],
  format: jsonFormat,
  file: ({ home, environment }) =>
    join(folderOf(environment.CLAUDE_CONFIG_DIR, join(home, ".claude")), "settings.json"),
  points: () => [{ path: ["env", "ANTHROPIC_BASE_URL"], providers: ["anthropic"], form: withoutVersion }],
};
