import { join } from "node:path";
import { folderOf, type SetupTool, withVersion } from "./setupTool.ts";
import { tomlFormat } from "./tomlFormat.ts";

const OWN = ["model_providers", "tollgate"];

/** The provider that Codex uses, where it is not OpenAI's own and not ours. */
function formerProvider(text: string): string | null {
  const name = tomlFormat.read(text, ["model_provider"]);
  return typeof name === "string" && name !== "openai" && name !== "tollgate" ? name : null;
}

/**
 * Codex: a provider of its own. Codex repeats a refused call five times unless it is told not to; without repetitions a
 * refusal is shown at once.
 */
export const codex: SetupTool = {
  name: "codex",
  packages: ["@openai/codex"],
  format: tomlFormat,
  file: ({ home, environment }) => join(folderOf(environment.CODEX_HOME, join(home, ".codex")), "config.toml"),
  points(text) {
    const former = formerProvider(text);
    const own = { path: [...OWN, "base_url"], providers: ["openai"], form: withVersion };
    return [former === null ? own : { ...own, former: ["model_providers", former, "base_url"] }];
  },
  others(text) {
    const former = formerProvider(text);
    const key =
      tomlFormat.read(text, [...OWN, "env_key"]) ??
      (former === null ? undefined : tomlFormat.read(text, ["model_providers", former, "env_key"]));
    return [
      { path: ["model_provider"], value: "tollgate" },
      { path: [...OWN, "name"], value: "Tollgate" },
      { path: [...OWN, "env_key"], value: key ?? "OPENAI_API_KEY" },
      { path: [...OWN, "wire_api"], value: "responses" },
      { path: [...OWN, "request_max_retries"], value: 0 },
      { path: [...OWN, "stream_max_retries"], value: 0 },
    ];
  },
  forOneRun(changes, environment) {
    const hasKey = (environment.OPENAI_API_KEY ?? "") !== "";
    const asked = changes.map(({ path, value }) =>
      // Who is logged in to Codex has no key in the environment.
      path.at(-1) === "env_key" && value === "OPENAI_API_KEY" && !hasKey
        ? `${[...OWN, "requires_openai_auth"].join(".")}=true`
        : `${path.join(".")}=${JSON.stringify(value)}`,
    );
    return { args: asked.flatMap((one) => ["-c", one]), variables: {} };
  },
  hint: "Codex takes its key for this provider from OPENAI_API_KEY (env_key).",
};
