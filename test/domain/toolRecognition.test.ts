import assert from "node:assert/strict";
import { recognise } from "../../src/domain/toolRecognition.ts";

const SESSION = "c6a42115-2734-4d2e-8471-399c06333a49";

describe("the program that makes a call", () => {
  // What the clients sent, and which of it names a session.
  const seen: ReadonlyArray<readonly [string, Record<string, string>, string | null, string | null]> = [
    [
      "Claude Code",
      {
        "user-agent": "claude-cli/2.1.329 (external, sdk-cli)",
        "x-claude-code-session-id": SESSION,
        "x-app": "cli",
        "x-stainless-lang": "js",
      },
      "claude",
      SESSION,
    ],
    [
      "Codex",
      {
        "user-agent": "codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm (codex_exec; 0.169.0)",
        originator: "codex_exec",
        "session-id": SESSION,
        "thread-id": "another",
      },
      "codex",
      SESSION,
    ],
    [
      "Codex used by hand, as older ones name the session",
      { "user-agent": "codex_cli_rs/0.46.0 (Ubuntu 22.4.0; x86_64) xterm-256color", session_id: SESSION },
      "codex",
      SESSION,
    ],
    ["Codex behind another user-agent", { "user-agent": "proxy/1", originator: "codex_vscode" }, "codex", null],
    [
      "opencode",
      {
        "user-agent": "opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14",
        "x-session-affinity": "ses_e03824e3fffez3y7Qu25sFN4ob",
        "x-session-id": "ses_e03824e3fffez3y7Qu25sFN4ob",
      },
      "opencode",
      "ses_e03824e3fffez3y7Qu25sFN4ob",
    ],
    [
      "Gemini CLI",
      {
        "user-agent": "GeminiCLI-tui/0.61.0/gemini-2.5-flash (linux; x64; terminal)",
        "x-goog-api-client": "google-genai-sdk/1.30.0 gl-node/v24.21.0",
      },
      "gemini",
      null,
    ],
    [
      "Cline at an OpenAI-compatible server",
      { "user-agent": "ai-sdk/openai-compatible/3.0.37 runtime/bun/1.3.13" },
      "ai-sdk",
      null,
    ],
    ["Cline by its own name", { "user-agent": "Cline/3.74.0" }, "cline", null],
    ["aider at OpenRouter", { "user-agent": "OpenAI/Python 1.99.1", "x-title": "Aider" }, "aider", null],
    ["pi", { "user-agent": "OpenAI/JS 6.26.0", "x-stainless-lang": "js" }, "openai-node", null],
    ["a script with Anthropic's client", { "user-agent": "Anthropic/JS 1.11.0" }, "anthropic-node", null],
    ["a Python script", { "user-agent": "AsyncOpenAI/Python 1.99.1" }, "openai-python", null],
    ["curl", { "user-agent": "curl/7.88.1" }, "curl", null],
    ["Continue's command line, whose bundler changed the name", { "user-agent": "ls/JS 5.23.2" }, null, null],
    ["a program that says nothing", {}, null, null],
    ["one that has another's name in its own", { "user-agent": "not-claude-cli/1" }, null, null],
    [
      "another tool's session header, which is not Claude Code's",
      { "user-agent": "curl/8", session_id: SESSION },
      "curl",
      null,
    ],
    ["a session that is no id", { "user-agent": "opencode/1", "x-session-id": "<b>\u0007</b>" }, "opencode", null],
  ];
  for (const [what, headers, tool, sessionId] of seen) {
    it(`is ${tool ?? "unknown"}: ${what}`, () => {
      assert.deepEqual(recognise(headers), { tool, sessionId });
    });
  }

  it("names its session in the body where the headers do not: Claude Code, now and before", () => {
    const headers = { "user-agent": "claude-cli/2.0.14 (external, cli)" };
    const now = JSON.stringify({ device_id: "65ef", account_uuid: "", session_id: SESSION });
    for (const endUser of [now, `user_65ef_account__session_${SESSION}`]) {
      assert.equal(recognise(headers, endUser).sessionId, SESSION);
      assert.equal(recognise({ "user-agent": "curl/8" }, endUser).sessionId, null);
    }
    for (const other of ["null", "7", "{}", "somebody"]) {
      assert.equal(recognise(headers, other).sessionId, null, other);
    }
  });
});
