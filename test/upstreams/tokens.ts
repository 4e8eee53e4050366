/** How the simulated providers count: four characters (code points) make a token, so that a test can predict every usage. */
const charsPerToken = 4;

/** What one image, sound or file in a prompt counts for, whatever its size. */
export const mediaTokens = 85;

const chars = (text: string): number => {
  let count = 0;
  for (const _ of text) count++;
  return count;
};

/** Tokens of a text: ⌈characters / 4⌉, 0 for an empty one. */
export const countTokens = (text: string): number => Math.ceil(chars(text) / charsPerToken);

/** The longest beginning of the text that is worth at most this many tokens. */
export const cutToTokens = (text: string, tokens: number): string =>
  [...text].slice(0, Math.max(0, tokens) * charsPerToken).join("");

export type Json = { [key: string]: unknown };

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

/** What of a content block counts as prompt: its text; calls and results of tools as JSON; media at a flat rate. */
export const blockText = (block: Json): string => {
  if (typeof block.text === "string") return block.text;
  const type = String(block.type);
  if (/image|audio|file|document/.test(type)) return "#".repeat(mediaTokens * charsPerToken);
  return JSON.stringify(block);
};

/** A message's content, given as a string or as blocks. */
export const contentText = (content: unknown): string =>
  typeof content === "string" ? content : listOf(content).map(blockText).join("");

/** The whole prompt of a chat completions request: tools first, then each message with its tool calls. */
export const chatPrompt = (body: Json): string => {
  const tools = Array.isArray(body.tools) && body.tools.length > 0 ? JSON.stringify(body.tools) : "";
  const messages = listOf(body.messages).map(
    (message) => contentText(message.content) + (message.tool_calls ? JSON.stringify(message.tool_calls) : ""),
  );
  return [tools, ...messages].join("");
};

/** `prompt_tokens` of a chat completions request, as the simulated OpenAI and vLLM report it. */
export const chatPromptTokens = (body: Json): number => countTokens(chatPrompt(body));
