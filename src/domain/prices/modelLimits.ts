/** Models of unknown limits are taken to write this many tokens at most. */
const UNKNOWN_LIMIT = 128_000;

/** The longest answers of well-known models, in tokens, by their makers' model pages; the first that matches holds. */
const LIMITS: ReadonlyArray<readonly [model: RegExp, tokens: number]> = [
  [/gpt-3\.5/, 4_096],
  [/gpt-4-(turbo|vision|\d{4}-preview)/, 4_096],
  [/gpt-4o-2024-05-13/, 4_096],
  [/gpt-4o|chatgpt-4o|gpt-audio|gpt-4\.5/, 16_384],
  [/gpt-4\.1/, 32_768],
  [/gpt-4-32k/, 32_768],
  [/gpt-4(-\d{4})?$/, 8_192],
  [/gpt-5[^/]*-chat/, 16_384],
  [/gpt-5-pro/, 272_000],
  [/gpt-([5-9]|\d\d)|codex/, 128_000],
  [/(^|\/)o1-mini/, 65_536],
  [/(^|\/)o1-preview/, 32_768],
  [/(^|\/)o\d/, 100_000],
  [/claude-3-opus|claude-3-haiku|claude-3-sonnet|claude-2|claude-v|claude-instant/, 4_096],
  [/claude-3[-.]5/, 8_192],
  [/claude-3[-.]7/, 128_000],
  [/claude-opus-4(-[01])?(-\d{8}|@|$)/, 32_000],
  [/claude-(opus-4[-.]5|sonnet-4|haiku-4)([-.][0-5])?(-\d{8}|@|$)/, 64_000],
  [/claude/, 128_000],
  [/gemini-(1|2\.0)/, 8_192],
  [/gemini/, 65_536],
  [/deepseek-(chat|v3)/, 8_192],
];

/**
 * The most output tokens an answer can have where the client sets no limit. `contextWindow` is in tokens: no answer is
 * longer, and for models not listed here it is the only limit there is, if below a cautious 128,000.
 */
export function outputLimitOf(model: string, contextWindow: number | null): number {
  const name = model.toLowerCase();
  const known = LIMITS.find(([pattern]) => pattern.test(name))?.[1] ?? UNKNOWN_LIMIT;
  return contextWindow === null ? known : Math.min(known, contextWindow);
}

/** Models of unknown context are taken to read this many tokens at most: no model that is known reads more. */
const UNKNOWN_CONTEXT = 2_097_152;

/** The longest prompts where price lists round them down or leave them out, in tokens; the first that matches holds. */
const CONTEXTS: ReadonlyArray<readonly [model: RegExp, tokens: number]> = [
  [/gemini-(1\.5-pro|pro-1\.5)/, 2_097_152],
  [/gemini-(2|3[.-])/, 1_048_576],
];

/** The most tokens a prompt of the model can have. `contextWindow` is in tokens, as a price list tells it. */
export function contextLimitOf(model: string, contextWindow: number | null): number {
  const name = model.toLowerCase();
  const known = CONTEXTS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
  return known === null && contextWindow === null ? UNKNOWN_CONTEXT : Math.max(known ?? 0, contextWindow ?? 0);
}
