import type { Breakpoint, MarkedUse } from "./promptCache.ts";
import { blockText, contentText, countTokens, isJson, type Json, listOf } from "./tokens.ts";

type Part = { text: string; ttl: Breakpoint["ttl"] | undefined };

const ttlOf = (holder: Json): Part["ttl"] => {
  if (!isJson(holder.cache_control)) return undefined;
  return holder.cache_control.ttl === "1h" ? "1h" : "5m";
};

const partsOf = (content: unknown): Part[] =>
  typeof content === "string"
    ? [{ text: content, ttl: undefined }]
    : listOf(content).map((block) => ({
        text: block.type === "tool_result" ? contentText(block.content) : blockText(block),
        ttl: ttlOf(block),
      }));

/** The prompt in the order in which it is cached: tools, system, messages. */
const promptParts = (body: Json): Part[] => [
  ...listOf(body.tools).map((tool) => {
    const { cache_control: _, ...rest } = tool;
    return { text: JSON.stringify(rest), ttl: ttlOf(tool) };
  }),
  ...partsOf(body.system),
  ...listOf(body.messages).flatMap((message) => partsOf(message.content)),
];

/** All input tokens of a messages request, cached or not: what `count_tokens` answers. */
export const anthropicPromptTokens = (body: Json): number =>
  countTokens(
    promptParts(body)
      .map(({ text }) => text)
      .join(""),
  );

/** Where the request marks beginnings to keep; a mark on the request itself means the whole prompt. */
export const breakpointsOf = (body: Json): Breakpoint[] => {
  const found: Breakpoint[] = [];
  let prefix = "";
  for (const { text, ttl } of promptParts(body)) {
    prefix += text;
    if (ttl) found.push({ prefix, ttl });
  }
  const whole = ttlOf(body);
  if (whole && found.at(-1)?.prefix !== prefix) found.push({ prefix, ttl: whole });
  return found;
};

/** The three disjoint parts of the input, with the split of the writes by lifetime. */
export const inputUsage = (body: Json, { read, written5m, written1h }: MarkedUse): Json => ({
  input_tokens: anthropicPromptTokens(body) - read - written5m - written1h,
  cache_creation_input_tokens: written5m + written1h,
  cache_read_input_tokens: read,
  cache_creation: { ephemeral_5m_input_tokens: written5m, ephemeral_1h_input_tokens: written1h },
});
