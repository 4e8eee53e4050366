/** Names the simulated OpenAI knows, and the dated model each is served by. All of them have a catalogue price. */
export const openaiModels: Readonly<Record<string, string>> = {
  "gpt-6-astra": "gpt-6-astra",
  "gpt-6-sol": "gpt-6-sol",
  "gpt-6-luna": "gpt-6-luna",
  "gpt-5.6-sol": "gpt-5.6-sol",
  "gpt-5.6-terra": "gpt-5.6-terra",
  "gpt-5.6-luna": "gpt-5.6-luna",
  "gpt-5.5": "gpt-5.5",
  "gpt-5.4": "gpt-5.4-2026-03-05",
  "gpt-5.4-mini": "gpt-5.4-mini",
  "gpt-5.2": "gpt-5.2-2025-12-11",
  "gpt-5-mini": "gpt-5-mini-2025-08-07",
  "gpt-5-nano": "gpt-5-nano-2025-08-07",
  "gpt-4.1": "gpt-4.1-2025-04-14",
  "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
  "gpt-4o": "gpt-4o-2024-08-06",
  "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
  "o4-mini": "o4-mini-2025-04-16",
};

/** The same for Anthropic. */
export const anthropicModels: Readonly<Record<string, string>> = {
  "claude-opus-5-5": "claude-opus-5-5",
  "claude-opus-5": "claude-opus-5",
  "claude-sonnet-5": "claude-sonnet-5",
  "claude-fable-5-1": "claude-fable-5-1",
  "claude-opus-4-8": "claude-opus-4-8",
  "claude-opus-4-7": "claude-opus-4-7",
  "claude-opus-4-6": "claude-opus-4-6",
  "claude-sonnet-4-6": "claude-sonnet-4-6",
  "claude-opus-4-5": "claude-opus-4-5-20251101",
  "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
  "claude-haiku-4-5": "claude-haiku-4-5-20251001",
};

/** The same for Google. */
export const googleModels: Readonly<Record<string, string>> = {
  "gemini-3.1-pro-preview": "gemini-3.1-pro-preview",
  "gemini-3-flash-preview": "gemini-3-flash-preview",
  "gemini-2.5-pro": "gemini-2.5-pro",
  "gemini-2.5-flash": "gemini-2.5-flash",
  "gemini-2.5-flash-lite": "gemini-2.5-flash-lite",
  "gemini-2.0-flash": "gemini-2.0-flash",
};

/** Google's models that embed. */
export const googleEmbeddingModels: Readonly<Record<string, string>> = {
  "gemini-embedding-001": "gemini-embedding-001",
};

/** The one model of the local vLLM server. */
export const vllmModel = "qwen2.5-coder-7b";

/** The model that serves a name: an alias or a dated name itself; undefined if there is none. */
export const servedBy = (models: Readonly<Record<string, string>>, name: unknown): string | undefined => {
  if (typeof name !== "string") return undefined;
  if (Object.hasOwn(models, name)) return models[name];
  return Object.values(models).includes(name) ? name : undefined;
};
