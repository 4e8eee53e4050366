import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { Client, CommandLine, Place } from "./client.ts";
import { CLIENT_VERSIONS } from "./clientInstall.ts";

const QUESTION = "What is a gate?";
const PLATFORM = `${process.platform}-${process.arch}`;
const EXE = process.platform === "win32" ? ".exe" : "";

const MINI = { input: 150, cached: 75, output: 600 };
const GPT = { input: 2_500, cached: 250, output: 15_000 };
const GPT_MINI = { input: 750, cached: 75, output: 4_500 };
const HAIKU = { input: 1_000, cached: 100, write: 1_250, output: 5_000 };
const FLASH = { input: 300, cached: 30, output: 2_500 };

/** One word in front of the command. */
const run = (...command: CommandLine): CommandLine => ["tollgate", "run", "--", ...command];

/** A program that comes as a script for Node. */
const script = ({ installed }: Place, packageName: string, file: string) => join(installed(packageName), file);

const ofPackage = (packageName: keyof typeof CLIENT_VERSIONS) => ({
  packageName,
  version: CLIENT_VERSIONS[packageName],
});

export const CLIENTS: readonly Client[] = [
  {
    name: "Claude Code",
    ...ofPackage("@anthropic-ai/claude-code"),
    provider: "anthropic",
    tool: "claude",
    hasSessions: true,
    callsWhenSpent: 1,
    pointedBy: "`tollgate run -- claude`, or `tollgate setup claude`",
    env: {
      ANTHROPIC_API_KEY: "sk-ant-simulated",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
    },
    prices: { "claude-haiku-4-5-20251001": HAIKU },
    ask: ({ installed }) =>
      run(
        join(installed(`@anthropic-ai/claude-code-${PLATFORM}`), `claude${EXE}`),
        "--model",
        "claude-haiku-4-5",
        "-p",
        QUESTION,
      ),
  },
  {
    name: "Codex",
    ...ofPackage("@openai/codex"),
    provider: "openai",
    tool: "codex",
    hasSessions: true,
    callsWhenSpent: 1,
    pointedBy: "`tollgate run -- codex`",
    env: { OPENAI_API_KEY: "sk-simulated" },
    prices: { "gpt-5.4-2026-03-05": GPT },
    ask: ({ installed }) =>
      run(join(installed(".bin"), "codex"), "exec", "--skip-git-repo-check", "-m", "gpt-5.4", QUESTION),
  },
  {
    name: "Codex, set up",
    ...ofPackage("@openai/codex"),
    provider: "openai",
    tool: "codex",
    hasSessions: true,
    callsWhenSpent: 1,
    pointedBy: "`tollgate setup codex`",
    env: { OPENAI_API_KEY: "sk-simulated" },
    prices: { "gpt-5.4-2026-03-05": GPT },
    prepare: async ({ tollgate, project }) => {
      await tollgate("setup", "codex", "--yes", "--project", project);
    },
    ask: ({ installed }) => [
      join(installed(".bin"), "codex"),
      "exec",
      "--skip-git-repo-check",
      "-m",
      "gpt-5.4",
      QUESTION,
    ],
  },
  {
    name: "opencode",
    ...ofPackage("opencode-ai"),
    provider: "openai",
    tool: "opencode",
    hasSessions: true,
    // A title and the answer, at once.
    callsWhenSpent: 2,
    pointedBy: "`tollgate run -- opencode`, or `tollgate setup opencode`",
    env: { OPENAI_API_KEY: "sk-simulated", OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1" },
    prices: { "gpt-5.4-2026-03-05": GPT, "gpt-5.4-mini": GPT_MINI },
    prepare: async ({ write }) => write(".config/opencode/opencode.json", '{ "small_model": "openai/gpt-5.4-mini" }\n'),
    ask: ({ installed }) => {
      const platform = PLATFORM.replace("win32", "windows");
      return run(
        join(installed(`opencode-${platform}`), "bin", `opencode${EXE}`),
        "run",
        "-m",
        "openai/gpt-5.4",
        QUESTION,
      );
    },
  },
  {
    name: "Continue (cn)",
    ...ofPackage("@continuedev/cli"),
    provider: "openai",
    tool: "continue",
    hasSessions: false,
    callsWhenSpent: 1,
    pointedBy: "`tollgate setup continue`",
    env: { CONTINUE_TELEMETRY_ENABLED: "0" },
    prices: { "gpt-4o-mini-2024-07-18": MINI },
    prepare: async ({ write, tollgate, project }) => {
      const model =
        "  - name: Mini\n    provider: openai\n    model: gpt-4o-mini\n    apiKey: sk-simulated\n    roles: [chat]\n";
      write(".continue/config.yaml", `name: mine\nversion: 1.0.0\nmodels:\n${model}`);
      await tollgate("setup", "continue", "--yes", "--project", project);
    },
    ask: (place) => [
      process.execPath,
      script(place, "@continuedev/cli", "dist/cn.js"),
      "--config",
      join(place.home, ".continue/config.yaml"),
      "-p",
      QUESTION,
    ],
  },
  {
    name: "Gemini CLI",
    ...ofPackage("@google/gemini-cli"),
    provider: "google",
    tool: "gemini",
    hasSessions: false,
    callsWhenSpent: 1,
    pointedBy: "`tollgate run -- gemini`, or `tollgate setup gemini`",
    env: { GEMINI_API_KEY: "simulated", GEMINI_CLI_TRUST_WORKSPACE: "true" },
    prices: { "gemini-2.5-flash": FLASH },
    prepare: async ({ write }) => {
      const settings = {
        security: { auth: { selectedType: "gemini-api-key" } },
        privacy: { usageStatisticsEnabled: false },
      };
      write(".gemini/settings.json", `${JSON.stringify(settings)}\n`);
    },
    ask: ({ installed }) => run(join(installed(".bin"), "gemini"), "-m", "gemini-2.5-flash", "-p", QUESTION),
  },
  {
    name: "Cline",
    ...ofPackage("cline"),
    provider: "openai",
    tool: "cline",
    hasSessions: false,
    callsWhenSpent: 1,
    pointedBy: "`cline auth -p openai -k KEY -m MODEL -b URL`, URL from `tollgate pass --tool cline`",
    env: { AI_SDK_LOG_WARNINGS: "false" },
    prices: { "gpt-4o-mini-2024-07-18": MINI },
    prepare: async (place) => {
      const made = await place.tollgate("pass", "--tool", "cline", "--project", place.project, "--json");
      const { urls } = JSON.parse(made) as { urls: { openai: string } };
      await place.run(
        ...cline(place),
        "auth",
        "-p",
        "openai",
        "-k",
        "sk-simulated",
        "-m",
        "gpt-4o-mini",
        "-b",
        urls.openai,
      );
    },
    ask: (place) => [...cline(place), QUESTION],
  },
  {
    name: "pi",
    ...ofPackage("@mariozechner/pi-coding-agent"),
    provider: "openai",
    tool: "pi",
    hasSessions: false,
    callsWhenSpent: 1,
    pointedBy: "`tollgate setup pi`",
    env: { OPENAI_API_KEY: "sk-simulated", PI_SKIP_VERSION_CHECK: "1" },
    prices: { "gpt-5.4-2026-03-05": GPT },
    prepare: async ({ tollgate, project }) => {
      await tollgate("setup", "pi", "--yes", "--project", project);
    },
    ask: (place) => [
      process.execPath,
      script(place, "@mariozechner/pi-coding-agent", "dist/cli.js"),
      ...["-p", "--provider", "openai", "--model", "gpt-5.4", QUESTION],
    ],
  },
  {
    name: "OpenAI's library for Node",
    packageName: "openai",
    version: manifest.dependencies.openai,
    provider: "openai",
    tool: "openaiPrompt.ts",
    hasSessions: false,
    callsWhenSpent: 1,
    pointedBy: "`tollgate run -- node openaiPrompt.ts`",
    env: { OPENAI_API_KEY: "sk-simulated" },
    prices: { "gpt-4o-mini-2024-07-18": MINI },
    ask: () => run(process.execPath, join(import.meta.dirname, "sdk/openaiPrompt.ts")),
  },
  {
    name: "Anthropic's library for Node",
    packageName: "@anthropic-ai/sdk",
    version: manifest.dependencies["@anthropic-ai/sdk"],
    provider: "anthropic",
    tool: "anthropicPrompt.ts",
    hasSessions: false,
    callsWhenSpent: 1,
    pointedBy: "`tollgate run -- node anthropicPrompt.ts`",
    env: { ANTHROPIC_API_KEY: "sk-ant-simulated" },
    prices: { "claude-haiku-4-5-20251001": HAIKU },
    ask: () => run(process.execPath, join(import.meta.dirname, "sdk/anthropicPrompt.ts")),
  },
];

function cline({ installed }: Place): CommandLine {
  return [join(installed(`@cline/cli-${PLATFORM}`), "bin", `cline${EXE}`)];
}
