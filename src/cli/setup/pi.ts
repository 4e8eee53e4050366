import { join } from "node:path";
import { withoutVersion } from "../../client/toolEnvironment.ts";
import { jsonFormat } from "./jsonFormat.ts";
import { folderOf, type SetupTool, withVersion } from "./setupTool.ts";

/** pi: its own providers, with another base URL; Anthropic's library appends the version itself. */
export const pi: SetupTool = {
  name: "pi",
  packages: ["@mariozechner/pi-coding-agent"],
  onlySetUp: true,
  format: jsonFormat,
  file: ({ home, environment }) =>
    join(folderOf(environment.PI_CODING_AGENT_DIR, join(home, ".pi", "agent")), "models.json"),
  points: () => [
    { path: ["providers", "openai", "baseUrl"], providers: ["openai"], form: withVersion },
    { path: ["providers", "anthropic", "baseUrl"], providers: ["anthropic"], form: withoutVersion },
  ],
};
