import type { PromptMessage } from "../promptRequest.ts";

/** What one JSON line asks for. */
export interface LineContent {
  /** Its `custom_id` or `id`; null where it has none. */
  readonly id: string | null;
  /** As the line names it; null where it leaves that open. */
  readonly model: string | null;
  readonly system: string | null;
  readonly messages: readonly PromptMessage[];
  /** The line's own longest answer, in tokens; null where it sets none. */
  readonly maxOutputTokens: number | null;
  /** What the line holds beside that, and what is not sent: `temperature`. */
  readonly unsent: readonly string[];
  /** What keeps it from being sent, as it follows the line's number; null where nothing does. */
  readonly trouble: string | null;
}

type Members = Readonly<Record<string, unknown>>;

/** Members that say how a request is wrapped, or that are read. */
const KNOWN = new Set([
  "custom_id",
  "id",
  "method",
  "url",
  "body",
  "params",
  "model",
  "system",
  "instructions",
  "messages",
  "prompt",
  "text",
  "input",
  "max_tokens",
  "max_completion_tokens",
  "max_output_tokens",
  "stream",
]);
const LIMITS = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/** Thrown within this file alone: what is wrong with the line, as it follows its number. */
class WrongLine extends Error {}

/** What a JSON line asks for; as text, what is wrong with it, as it follows the line's number. */
export function readLine(line: string): LineContent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "is no JSON";
  }
  try {
    return contentOf(value);
  } catch (error) {
    if (error instanceof WrongLine) {
      return error.message;
    }
    throw error;
  }
}

function contentOf(value: unknown): LineContent {
  if (typeof value === "string") {
    return checked(plainLine(value));
  }
  if (!isMembers(value)) {
    throw new WrongLine("is neither a text nor an object");
  }
  const inner = value.body ?? value.params;
  const request = isMembers(inner) ? inner : value;
  const troubles: string[] = [];
  const turns = turnsOf(request.messages ?? request.prompt ?? request.text ?? request.input, troubles);
  const own = [request.system, request.instructions].map((text) => textOf(text ?? null, troubles));
  const system = [...own, ...turns.system].filter((text) => text !== "").join("\n\n");
  const id = value.custom_id ?? value.id ?? null;
  return checked({
    id: typeof id === "string" || typeof id === "number" ? String(id) : null,
    model: typeof request.model === "string" && request.model !== "" ? request.model : null,
    system: system === "" ? null : system,
    messages: turns.messages,
    maxOutputTokens: limitOf(request),
    unsent: [...new Set([...Object.keys(value), ...Object.keys(request)])].filter((name) => !KNOWN.has(name)),
    trouble: troubles[0] ?? null,
  });
}

/** A line that is a prompt and nothing else. */
export function plainLine(text: string): LineContent {
  const nothing = { id: null, model: null, system: null, maxOutputTokens: null, unsent: [], trouble: null };
  return { ...nothing, messages: [{ role: "user", text }] };
}

function checked(content: LineContent): LineContent {
  if (!content.messages.some(({ role, text }) => role === "user" && text.trim() !== "")) {
    throw new WrongLine("holds no prompt");
  }
  return content;
}

function limitOf(request: Members): number | null {
  const given = LIMITS.map((name) => [name, request[name] ?? null] as const).find(([, value]) => value !== null);
  if (given === undefined) {
    return null;
  }
  const [name, value] = given;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
    throw new WrongLine(`has a ${name} that is no whole number of at least 1`);
  }
  return value;
}

interface Turns {
  readonly system: readonly string[];
  readonly messages: readonly PromptMessage[];
}

/** A text, a list of texts and messages, or one message. */
function turnsOf(value: unknown, troubles: string[]): Turns {
  const items = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const system: string[] = [];
  const messages: PromptMessage[] = [];
  for (const item of items) {
    const { role, text } = turnOf(item, troubles);
    if (role === "system") {
      system.push(text);
    } else {
      const before = messages.at(-1);
      // Providers want the roles to take turns.
      const isSame = before?.role === role;
      messages.splice(isSame ? -1 : messages.length, isSame ? 1 : 0, {
        role,
        text: isSame ? `${before.text}\n\n${text}` : text,
      });
    }
  }
  return { system, messages };
}

/** Roles and contents that are more than texts are named in `troubles`; what of them is text is read all the same. */
function turnOf(
  item: unknown,
  troubles: string[],
): { readonly role: "system" | PromptMessage["role"]; readonly text: string } {
  if (typeof item === "string") {
    return { role: "user", text: item };
  }
  if (!isMembers(item)) {
    throw new WrongLine("has a message that is neither a text nor an object");
  }
  const { role = "user" } = item;
  if (Array.isArray(item.tool_calls) && item.tool_calls.length > 0) {
    troubles.push("has a message with calls of tools: only texts are sent");
  }
  const text = textOf(item.content ?? item.text ?? null, troubles);
  switch (role) {
    case "developer":
    case "system":
      return { role: "system", text };
    case "user":
    case "assistant":
      return { role, text };
    default:
      troubles.push(
        `has a message of the role ${JSON.stringify(role)}: only texts of user, assistant and system are sent`,
      );
      return { role: "user", text };
  }
}

/** The text of a content, or of the blocks of one. */
function textOf(content: unknown, troubles: string[]): string {
  if (content === null) {
    return "";
  }
  if (typeof content === "string") {
    return content;
  }
  if (Array.isArray(content)) {
    return content.map((block) => textOf(block, troubles)).join("\n\n");
  }
  if (isMembers(content) && (typeof content.text === "string" || typeof content.content === "string")) {
    return (content.text ?? content.content) as string;
  }
  const kind = isMembers(content) && typeof content.type === "string" ? ` (${content.type})` : "";
  troubles.push(`holds more than text${kind}: only texts are sent`);
  return "";
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
