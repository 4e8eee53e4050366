import { UsageError } from "./exitCode.ts";

/**
 * The prompts of a batch: the lines of a text file, or of JSON lines what each would send as text. A JSON line is a text, or
 * an object with `prompt`, `text`, `input` or `messages`, by itself or below `body` or `params` as batch APIs have it.
 * @throws UsageError that names the line.
 */
export function promptsOf(content: string, name: string): string[] {
  const lines = content.split(/\r?\n/);
  const isJson = /\.(jsonl|ndjson)$/i.test(name);
  const prompts = lines.flatMap((line, index) => {
    if (line.trim() === "") {
      return [];
    }
    const prompt = isJson ? promptOf(parsed(line)) : line;
    if (prompt === null) {
      throw new UsageError(`--batch: line ${index + 1} of ${name} holds no prompt`);
    }
    return [prompt];
  });
  if (prompts.length === 0) {
    throw new UsageError(`--batch: there is no prompt in ${name}`);
  }
  return prompts;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function promptOf(value: unknown): string | null {
  if (typeof value === "string") {
    return value;
  }
  if (typeof value !== "object" || value === null) {
    return null;
  }
  const { body, params, prompt, text, input, messages, system } = value as Record<string, unknown>;
  const inner = promptOf(body ?? params ?? null);
  if (inner !== null) {
    return inner;
  }
  const said = messages ?? prompt ?? text ?? input;
  const parts = [...textsOf(system), ...textsOf(said)];
  return parts.length === 0 ? null : parts.join("\n\n");
}

/** All text of messages, of blocks of content, or of lists of either. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  if (Array.isArray(value)) {
    return value.flatMap(textsOf);
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  const { content, text } = value as Record<string, unknown>;
  return textsOf(content ?? text);
}
