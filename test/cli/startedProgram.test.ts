import assert from "node:assert/strict";
import { toolOf } from "../../src/cli/setup/oneRun.ts";
import { startedProgram } from "../../src/cli/startedProgram.ts";

describe("the program that a command starts in the end", () => {
  /** The command, the program's name, its own arguments, and the tool that it is known as. */
  const known: ReadonlyArray<readonly [command: string, name: string, args: string, tool: string | undefined]> = [
    ["claude -p hello", "claude", "-p hello", "claude"],
    ["/usr/local/bin/cn --print", "cn", "--print", "continue"],
    ["C:\\bin\\codex.CMD exec", "codex", "exec", "codex"],
    ["npx -y @openai/codex@0.169.0 exec", "codex", "exec", "codex"],
    ["npx --package @openai/codex -- codex exec", "codex", "exec", "codex"],
    ["npx --package=@google/gemini-cli gemini -p x", "gemini", "-p x", "gemini"],
    ["npm exec -- @anthropic-ai/claude-code -p", "claude-code", "-p", "claude"],
    ["pnpm dlx opencode-ai run", "opencode-ai", "run", "opencode"],
    ["bun x @continuedev/cli", "cli", "", "continue"],
    ["uvx --python 3.12 aider-chat==0.86 --model x", "aider-chat", "--model x", "aider"],
    ["uv tool run aider", "aider", "", "aider"],
    ["python3.12 -m aider --yes", "aider", "--yes", "aider"],
    ["python -u agents/nightly.py --all", "nightly.py", "--all", undefined],
    ["node --import ./hook.mjs dist/agent.js go", "agent.js", "go", undefined],
    ["uv run python agent.py", "agent.py", "", undefined],
    ["npx tsx --env-file=.env src/agent.ts", "agent.ts", "", undefined],
    ["bash scripts/ask.sh -c 3", "ask.sh", "-c 3", undefined],
    ["node /opt/node_modules/@continuedev/cli/dist/cn.js -p x", "cn.js", "-p x", "continue"],
    ["npm test", "npm", "test", undefined],
    ["node", "node", "", undefined],
    ["python -c print(1)", "python", "-c print(1)", undefined],
    ["bash -lc claude", "bash", "-lc claude", undefined],
    ["npx -c codex", "npx", "-c codex", undefined],
    ["node -e run() a.js", "node", "-e run() a.js", undefined],
    ["npx --yes", "npx", "--yes", undefined],
  ];
  for (const [line, name, ownArgs, tool] of known) {
    it(`of \`${line}\` is ${name}`, () => {
      const [command = "", ...args] = line.split(" ");
      const program = startedProgram(command, args);
      assert.deepEqual(
        [program.name, args.slice(program.argsFrom).join(" "), toolOf(program)?.name],
        [name, ownArgs, tool],
      );
    });
  }
});
