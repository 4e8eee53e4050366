import { join } from "node:path";
import { withoutVersion } from "../../client/toolEnvironment.ts";
import { dotenvFormat } from "./lineFormat.ts";
import { folderOf, type SetupTool } from "./setupTool.ts";

/** Gemini CLI: the user's .env, which it reads where no nearer one lies. */
export const gemini: SetupTool = {
  name: "gemini",
  packages: ["@google/gemini-cli"],
  format: dotenvFormat,
  file: ({ home, environment }) => join(folderOf(environment.GEMINI_CLI_HOME, home), ".gemini", ".env"),
  points: () => [{ path: ["GOOGLE_GEMINI_BASE_URL"], providers: ["google", "gemini"], form: withoutVersion }],
  hint: "Gemini CLI reads this file only where no .env lies in the folder it works in or above.",
};
