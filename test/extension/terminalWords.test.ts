import assert from "node:assert/strict";
import { shellEnvironment } from "../../src/extension/terminals/shellEnvironment.ts";
import { terminalDescription } from "../../src/extension/terminals/terminalWords.ts";
import { inEnglish } from "../../src/extension/translate.ts";

/** A placeholder as VS Code's settings write it. */
const placeholder = (name: string) => `\${${name}}`;
const VARIABLES = { OPENAI_BASE_URL: "http://127.0.0.1:7453/p/0123456789abcdef0123456789abcdef/openai/v1" };

describe("what a terminal has, and says of it", () => {
  it("is the environment that VS Code was started in, with VS Code's own setting over it", () => {
    const started = { HOST: "llm.example", OPENAI_BASE_URL: "https://one.example", KEPT: "yes" };
    const configured = {
      OPENAI_BASE_URL: `https://${placeholder("env:HOST")}/${placeholder("env:NONE")}v1`,
      ANTHROPIC_BASE_URL: placeholder("workspaceFolder"),
      HOST: null,
    };
    assert.deepEqual(shellEnvironment(started, configured), {
      HOST: undefined,
      KEPT: "yes",
      OPENAI_BASE_URL: "https://llm.example/v1",
      ANTHROPIC_BASE_URL: placeholder("workspaceFolder"),
    });
  });

  it("tells the project, the variables, what became of the user's own, and how to turn it off, but no pass", () => {
    const led = {
      kind: "led",
      variable: "OPENAI_BASE_URL",
      provider: "openai",
      address: "https://x.example/v1",
    } as const;
    const left = { kind: "left", variable: "OLLAMA_HOST", provider: "ollama", address: "" } as const;
    const told = { variables: VARIABLES, notes: [led, left], launched: ["codex"] };
    const text = terminalDescription(told, "web *shop*", inEnglish);
    assert.match(text, /under the project \*\*web \\\*shop\\\*\*\*, and stopped/);
    assert.match(text, /Set: `OPENAI_BASE_URL`\. Started through `tollgate run`: `codex`\./);
    assert.match(
      text,
      /`OPENAI_BASE_URL` was https:\/\/x\.example\/v1: calls go on to there, at the prices of openai\./,
    );
    assert.match(text, /`OLLAMA_HOST` is left as it is, and its calls are not metered: no provider is named ollama\./);
    assert.match(text, /`tollgate\.terminals\.enabled` turns this off\.$/);
    assert.doesNotMatch(text, /0123456789abcdef/);
    const plain = terminalDescription({ variables: VARIABLES, notes: [], launched: [] }, undefined, inEnglish);
    assert.doesNotMatch(plain, /project|Started/);
  });
});
