import { countTokens, isJson, type Json, listOf, mediaTokens } from "./tokens.ts";

/** What of a part counts as prompt: its text, media at a flat rate, calls and results of functions as JSON. */
const partText = (part: Json): string => {
  if (typeof part.text === "string") return part.text;
  if (part.inlineData || part.fileData) return "#".repeat(mediaTokens * 4);
  return JSON.stringify(part);
};

const contentText = (content: unknown): string =>
  isJson(content) ? listOf(content.parts).map(partText).join("") : typeof content === "string" ? content : "";

/** The whole prompt of a `generateContent` request: tools first, then the instruction, then each content. */
export const googlePrompt = (body: Json): string => {
  const tools = Array.isArray(body.tools) && body.tools.length > 0 ? JSON.stringify(body.tools) : "";
  const contents = Array.isArray(body.contents) ? body.contents : [body.contents];
  return [tools, contentText(body.systemInstruction), ...contents.map(contentText)].join("");
};

/** A cache named `cachedContents/tokens-N` holds N tokens; there are no others. Undefined for one that is not there. */
export const namedCacheTokens = ({ cachedContent }: Json): number | undefined => {
  if (cachedContent === undefined) return 0;
  const [, tokens] = /^cachedContents\/tokens-(\d+)$/.exec(String(cachedContent)) ?? [];
  return tokens === undefined ? undefined : Number(tokens);
};

/** `promptTokenCount` of a request, as the simulated Google reports it: a cache that it names is part of it. */
export const googlePromptTokens = (body: Json): number =>
  countTokens(googlePrompt(body)) + (namedCacheTokens(body) ?? 0);

/** The same request as chat messages, which scripts listen to. */
export const asMessages = (body: Json): Json => ({
  messages: listOf(body.contents).map(({ role, parts }) => ({
    role: role === "model" ? "assistant" : "user",
    content: listOf(parts)
      .filter(({ text }) => typeof text === "string")
      .map(({ text }) => ({ type: "text", text })),
  })),
});
