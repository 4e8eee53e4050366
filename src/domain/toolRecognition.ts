import type { MessageHeaders } from "./protocol.ts";

/** One sign by which a program shows itself, and what else it tells of the call. */
interface Sign {
  /** The short name, as `tollgate run` takes it from the command. */
  readonly tool: string;
  /** The header that holds the sign; its name in lower case. */
  readonly header: string;
  readonly pattern: RegExp;
  /** Headers that may name the session, the surest first. */
  readonly session?: readonly string[];
}

const CODEX_SESSION = ["session-id", "session_id", "conversation_id", "thread-id"];
const OPENCODE_SESSION = ["x-session-id", "x-session-affinity", "x-opencode-session"];
const CLAUDE_SESSION = ["x-claude-code-session-id"];

/**
 * The first that fits counts: agents before the libraries that they are built on. Seen on the wire unless it says otherwise.
 * Two agents cannot be told from the library they use: pi sends what OpenAI's and Anthropic's own Node clients send, Cline
 * what the AI SDK does. Continue's command line sends a name that its bundler made up; it stays unknown.
 */
const SIGNS: readonly Sign[] = [
  // Claude Code 2.1.329: `claude-cli/2.1.329 (external, sdk-cli)`.
  { tool: "claude", header: "user-agent", pattern: /^claude-cli\//, session: CLAUDE_SESSION },
  // The same, where something on the way put its own user-agent in the place of Claude Code's.
  { tool: "claude", header: "x-claude-code-session-id", pattern: /./, session: CLAUDE_SESSION },
  // Codex 0.169: `codex_exec/0.169.0 (…)`. By its published source `codex_cli_rs/…` when used by hand, `codex_vscode/…` in VS Code.
  { tool: "codex", header: "user-agent", pattern: /^codex[_-]/i, session: CODEX_SESSION },
  // Codex 0.169: `codex_exec`, as in its user-agent.
  { tool: "codex", header: "originator", pattern: /^codex[_-]/i, session: CODEX_SESSION },
  // opencode 1.18: `opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14`.
  { tool: "opencode", header: "user-agent", pattern: /^opencode\//, session: OPENCODE_SESSION },
  // Gemini CLI 0.61: `GeminiCLI-tui/0.61.0/gemini-2.5-flash (linux; x64; terminal)`. Earlier `GeminiCLI/…`, by its published source.
  { tool: "gemini", header: "user-agent", pattern: /^GeminiCLI[/-]/ },
  // By their published sources, Cline and aider name themselves to OpenRouter and to Cline's own service; not seen here.
  { tool: "cline", header: "user-agent", pattern: /^Cline\// },
  { tool: "cline", header: "x-title", pattern: /^Cline$/ },
  { tool: "aider", header: "x-title", pattern: /^Aider$/i },

  // openai 7.55 on Node: `OpenAI/JS 7.55.0`. In Python, by its published source, `OpenAI/Python …` and `AsyncOpenAI/Python …`.
  { tool: "openai-node", header: "user-agent", pattern: /^(Azure)?OpenAI\/JS / },
  { tool: "openai-python", header: "user-agent", pattern: /^(Async)?(Azure)?OpenAI\/Python / },
  // @anthropic-ai/sdk 1.11 on Node: `Anthropic/JS 1.11.0`. In Python as above.
  { tool: "anthropic-node", header: "user-agent", pattern: /^Anthropic\/JS / },
  { tool: "anthropic-python", header: "user-agent", pattern: /^(Async)?Anthropic\/Python / },
  // By its published source: aider and others that go through LiteLLM look like this.
  { tool: "litellm", header: "user-agent", pattern: /^litellm\//i },
  // Vercel's AI SDK: `ai-sdk/openai-compatible/3.0.37 ai-sdk/provider-utils/5.0.30 runtime/bun/1.3.13`.
  { tool: "ai-sdk", header: "user-agent", pattern: /^ai(-sdk)?\// },
  // Google's own libraries: `google-genai-sdk/1.30.0 gl-node/v24.21.0`.
  { tool: "google-genai", header: "x-goog-api-client", pattern: /^google-genai-sdk\// },
  { tool: "curl", header: "user-agent", pattern: /^curl\// },
];

/** Who made a call by its own account, and in which of its sessions; null where it does not tell. */
export interface Recognised {
  readonly tool: string | null;
  readonly sessionId: string | null;
}

/** A session's id is taken only if it looks like one: it ends up in tables and addresses. */
const SESSION_ID = /^[\w.:@+-]{1,200}$/;

/**
 * Recognises the program that made a request. `endUser` is what the body says of its user, where the protocol has a place for
 * it: Claude Code names its session there too, and older versions only there.
 */
export function recognise(headers: MessageHeaders, endUser?: string): Recognised {
  const sign = SIGNS.find(({ header, pattern }) => header in headers && pattern.test(headerOf(headers, header)));
  if (sign === undefined) {
    return { tool: null, sessionId: null };
  }
  const told = (sign.session ?? []).map((name) => headerOf(headers, name));
  const ids = sign.tool === "claude" && endUser !== undefined ? [...told, sessionAmong(endUser)] : told;
  return { tool: sign.tool, sessionId: ids.find((id) => SESSION_ID.test(id)) ?? null };
}

/**
 * The session in Claude Code's `metadata.user_id`: JSON with a `session_id` (2.1.329), before that `user_…_account_…_session_…`.
 * Empty where there is none.
 */
function sessionAmong(userId: string): string {
  try {
    const { session_id: id } = JSON.parse(userId) as { session_id?: unknown };
    return typeof id === "string" ? id : "";
  } catch {
    return /_session_([\w-]+)$/.exec(userId)?.[1] ?? "";
  }
}

function headerOf(headers: MessageHeaders, name: string): string {
  const value = headers[name];
  return (typeof value === "string" ? value : (value?.[0] ?? "")).trim();
}
