/**
 * What makers say of their models: the abilities and the kind of work, by family, words of the name and version. The first
 * line that matches holds. Abilities: `T` tools, `V` images, `R` thinking before it answers, `C` recommended for code; a
 * capital letter where a source says so, a small one where it says the opposite, no letter where none was found.
 * Versions are a range that was looked up, both ends included: what came later is unknown until it has a line.
 */
type Line = readonly [family: string, words: string, versions: string, abilities: string, tier: string, source: string];

const ANTHROPIC = "Anthropic, models overview: all current models take images and call tools";
const ANTHROPIC_OLD = "Anthropic, models overview of that time, and its page on extended thinking";
const OPENAI = "OpenAI, models page: the latest models take images, reason and call functions";
const OPENAI_OLD = "OpenAI, the model's own page";
const GOOGLE = "Google, Gemini API models page of each: inputs, function calling, thinking";
const XAI = "xAI, models page";
const DEEPSEEK = "DeepSeek, models and pricing page";
const MISTRAL = "Mistral, models overview";
const QWEN = "Qwen, model cards";
const META = "Meta, model cards";
const MOONSHOT = "Moonshot, model list of its platform";
const ZAI = "Z.ai, model pages";
const MINIMAX = "MiniMax, models page";
const COHERE = "Cohere, models overview";
const AMAZON = "Amazon, Nova user guide";
const PERPLEXITY = "Perplexity, model cards";

export const ABILITY_LINES: readonly Line[] = [
  ["claude", "fable", "5-5.2", "TVR", "complex", `${ANTHROPIC}; for demanding reasoning and long agentic work`],
  ["claude", "opus", "4-5.5", "TVRC", "complex", `${ANTHROPIC}; for complex agentic coding`],
  ["claude", "sonnet", "4-5.5", "TVRC", "moderate", `${ANTHROPIC}; speed and intelligence together`],
  ["claude", "haiku", "4.5-5.5", "TVR", "simple", `${ANTHROPIC}; the fastest, for work in great number`],
  ["claude", "sonnet", "3.7-3.7", "TVRC", "moderate", ANTHROPIC_OLD],
  ["claude", "sonnet", "3-3.5", "TVr", "moderate", ANTHROPIC_OLD],
  ["claude", "opus", "3-3", "TVr", "complex", ANTHROPIC_OLD],
  ["claude", "haiku", "3-3.5", "TVr", "simple", ANTHROPIC_OLD],
  ["claude", "", "1-2.1", "vr", "", ANTHROPIC_OLD],

  ["gpt", "astra", "6-6.2", "TVRC", "complex", `${OPENAI}; the flagship for reasoning and coding`],
  ["gpt", "terra", "5.6-5.6", "TVR", "moderate", `${OPENAI}; intelligence and cost in balance`],
  ["gpt", "luna", "5.6-6.2", "TVR", "simple", `${OPENAI}; for high-volume work`],
  ["gpt", "", "6-6.2", "TVRC", "complex", `${OPENAI}; Sol is for complex coding and agents`],
  ["gpt", "", "5.6-5.6", "TVR", "complex", `${OPENAI}; Sol is for complex professional work`],
  ["gpt", "codex mini", "5.1-5.1", "TVRC", "coding", OPENAI_OLD],
  ["gpt", "codex", "5-5.3", "TVRC", "coding", `${OPENAI}; agentic coding`],
  ["gpt", "codex mini", "", "TRC", "coding", OPENAI_OLD],
  ["gpt", "pro", "5-5.5", "TVR", "complex", OPENAI],
  ["gpt", "mini", "5.4-5.4", "TVRC", "moderate", `${OPENAI}; for coding and subagents`],
  ["gpt", "mini", "5-5", "TVR", "moderate", `${OPENAI}; for well-defined tasks`],
  ["gpt", "nano", "5-5.4", "TVR", "simple", `${OPENAI}; for simple tasks in great number`],
  ["gpt", "", "5-5.2", "TVRC", "complex", `${OPENAI}; for coding, reasoning and agents`],
  ["gpt", "", "5.4-5.5", "TVRC", "complex", `${OPENAI}; for coding and agents`],
  ["gpt", "mini", "4.1-4.1", "TVr", "moderate", OPENAI_OLD],
  ["gpt", "nano", "4.1-4.1", "TVr", "simple", `${OPENAI_OLD}; for classification and completion`],
  ["gpt", "", "4.1-4.1", "TVrC", "moderate", OPENAI_OLD],
  ["gpt", "o mini", "4-4", "TVr", "simple", OPENAI_OLD],
  ["gpt", "o", "4-4", "TVr", "moderate", OPENAI_OLD],
  ["gpt", "turbo", "4-4", "TVr", "moderate", OPENAI_OLD],
  ["gpt", "", "4-4", "Tvr", "moderate", OPENAI_OLD],
  ["gpt", "turbo", "3.5-3.5", "Tvr", "simple", OPENAI_OLD],
  ["o", "o deep research", "3-3", "tVR", "research", OPENAI_OLD],
  ["o", "o deep research mini", "4-4", "tVR", "research", OPENAI_OLD],
  ["o", "o pro", "1-3", "TVR", "complex", OPENAI_OLD],
  ["o", "o mini", "4-4", "TVRC", "moderate", OPENAI_OLD],
  ["o", "o mini", "3-3", "TvRC", "moderate", OPENAI_OLD],
  ["o", "o mini", "1-1", "tvR", "moderate", OPENAI_OLD],
  ["o", "o preview", "1-1", "tvR", "complex", OPENAI_OLD],
  ["o", "o", "3-3", "TVRC", "complex", OPENAI_OLD],
  ["o", "o", "1-1", "TVR", "complex", OPENAI_OLD],
  [
    "gpt-oss",
    "gpt oss 120b",
    "",
    "TvR",
    "moderate",
    "OpenAI, gpt-oss model card: text only, reasoning, function calling",
  ],
  ["gpt-oss", "gpt oss 20b", "", "TvR", "simple", "OpenAI, gpt-oss model card: text only, reasoning, function calling"],

  ["gemini", "flash lite", "2.5-3.5", "TVR", "simple", `${GOOGLE}; for high-volume work`],
  ["gemini", "flash lite", "2-2", "TVr", "simple", GOOGLE],
  ["gemini", "flash", "3.7-3.8", "TVRC", "complex", `${GOOGLE}; for software engineering and agents`],
  ["gemini", "flash", "2.5-3.6", "TVRC", "moderate", `${GOOGLE}; reasoning and coding at speed`],
  ["gemini", "flash", "2-2", "TVr", "moderate", GOOGLE],
  ["gemini", "flash", "1.5-1.5", "TVr", "simple", GOOGLE],
  ["gemini", "pro", "2.5-3.1", "TVRC", "complex", `${GOOGLE}; advanced reasoning and coding`],
  ["gemini", "pro", "1.5-1.5", "TVr", "complex", GOOGLE],

  ["grok", "code fast", "1-1", "TRC", "coding", `${XAI}: agentic coding`],
  ["grok", "build", "0.1-0.1", "VC", "coding", `${XAI}: trained for agentic software engineering, takes images`],
  ["grok", "multi agent", "4.2-4.2", "TR", "research", `${XAI}: agents in parallel for deep research`],
  ["grok", "", "4.3-4.6", "TVR", "complex", `${XAI}: images, function calling, reasoning`],
  ["grok", "", "4.2-4.2", "TR", "complex", `${XAI}: reasoning and tool calling`],
  ["grok", "fast non reasoning", "4-4.1", "TVr", "moderate", `${XAI}: multimodal, for tool calling`],
  ["grok", "fast reasoning", "4-4.1", "TVR", "moderate", `${XAI}: multimodal, for tool calling`],
  ["grok", "", "4-4", "TVR", "complex", XAI],
  ["grok", "mini", "3-3", "TvR", "simple", `${XAI}: thinks before it answers`],
  ["grok", "", "3-3", "Tvr", "moderate", XAI],

  ["deepseek", "pro", "4-4", "TR", "complex", `${DEEPSEEK}: tool calls, thinking and not`],
  ["deepseek", "flash", "4-4", "TR", "moderate", `${DEEPSEEK}: tool calls, thinking and not`],
  ["deepseek", "", "3.1-3.2", "TvR", "moderate", `${DEEPSEEK}: text only, tool use, thinking and not`],
  ["deepseek", "terminus", "3.1-3.1", "TvR", "moderate", `${DEEPSEEK}: text only, tool use, thinking and not`],
  ["deepseek", "reasoner", "", "vR", "complex", DEEPSEEK],
  ["deepseek", "r", "1-1", "vR", "complex", "DeepSeek, R1 model card"],
  ["deepseek", "chat", "", "Tv", "moderate", DEEPSEEK],

  ["mistral", "devstral", "", "TC", "coding", `${MISTRAL}: for software engineering agents`],
  ["mistral", "devstral small", "", "TC", "coding", `${MISTRAL}: for software engineering agents`],
  ["mistral", "codestral", "", "C", "coding", `${MISTRAL}: for code`],
  [
    "mistral",
    "mistral medium",
    "3.5-3.5",
    "TVRC",
    "complex",
    `${MISTRAL}: multimodal, adjustable reasoning, agents and coding`,
  ],
  ["mistral", "mistral medium", "3-3.1", "TV", "moderate", `${MISTRAL}: multimodal`],
  ["mistral", "mistral large 2512", "", "TV", "complex", `${MISTRAL}: Large 3 is multimodal`],
  ["mistral", "mistral small", "3.1-3.2", "TV", "simple", `${MISTRAL}: multimodal`],
  ["mistral", "mistral large", "", "T", "complex", MISTRAL],
  ["mistral", "magistral medium", "", "R", "complex", `${MISTRAL}: reasoning`],
  ["mistral", "magistral small", "", "R", "moderate", `${MISTRAL}: reasoning`],
  ["mistral", "pixtral large", "", "TV", "moderate", `${MISTRAL}: multimodal`],
  ["mistral", "ministral", "", "T", "simple", MISTRAL],
  ["mistral", "mistral nemo", "", "T", "simple", MISTRAL],

  ["qwen", "coder", "3-3", "TvrC", "coding", `${QWEN}: agentic coding, without thinking`],
  ["qwen", "coder", "2.5-2.5", "vrC", "coding", `${QWEN}: for code`],
  ["qwen", "vl thinking", "3-3", "TVR", "moderate", QWEN],
  ["qwen", "vl", "3-3", "TVr", "moderate", QWEN],
  ["qwen", "vl", "2.5-2.5", "Vr", "simple", QWEN],
  ["qwen", "thinking", "3-3", "TvR", "moderate", QWEN],
  ["qwen", "2507", "3-3", "Tvr", "moderate", `${QWEN}: the Instruct of July 2025 does not think`],
  ["qwen", "", "3.5-3.5", "TVR", "moderate", `${QWEN}: sees by nature, thinks by default`],
  ["qwen", "", "3-3", "TvR", "moderate", `${QWEN}: thinking and not`],
  ["qwen", "", "2.5-2.5", "Tvr", "simple", QWEN],

  ["llama", "maverick", "4-4", "TVr", "moderate", META],
  ["llama", "scout", "4-4", "TVr", "simple", META],
  ["llama", "vision", "3.2-3.2", "Vr", "simple", META],
  ["llama", "405b", "3.1-3.1", "Tvr", "complex", META],
  ["llama", "70b", "3.1-3.3", "Tvr", "moderate", META],
  ["llama", "8b", "3.1-3.1", "Tvr", "simple", META],

  ["kimi", "k code", "2.7-2.7", "TVRC", "coding", `${MOONSHOT}: multimodal, thinking, for code`],
  ["kimi", "k thinking", "2-2", "TvR", "complex", MOONSHOT],
  ["kimi", "k", "3-3", "TVR", "complex", `${MOONSHOT}: always thinks, multimodal, tools`],
  ["kimi", "k", "2.5-2.6", "TVRC", "complex", `${MOONSHOT}: multimodal, thinking and not, tools, long coding`],
  ["kimi", "k", "2-2", "TvrC", "moderate", `${MOONSHOT}: coding and agents`],
  ["glm", "flash", "5.3-5.3", "TVR", "moderate", `${ZAI}: multimodal, function calling, always reasons`],
  ["glm", "", "5.2-5.3", "TR", "complex", `${ZAI}: the flagship; function calling, reasoning`],
  ["minimax", "m", "3-3", "TV", "complex", `${MINIMAX}: images, long agentic work`],
  ["minimax", "m", "2-2.7", "TRC", "moderate", `${MINIMAX}: for coding and agents, reasons`],
  ["command", "a", "", "T", "moderate", `${COHERE}: agents, tool use`],
  ["command", "r plus", "", "T", "moderate", `${COHERE}: tool use`],
  ["command", "r", "", "T", "simple", `${COHERE}: tool use`],
  ["nova", "premier", "", "TV", "complex", AMAZON],
  ["nova", "pro", "", "TV", "moderate", AMAZON],
  ["nova", "lite", "", "TV", "simple", AMAZON],
  ["nova", "lite", "2-2", "TVR", "moderate", AMAZON],
  ["nova", "micro", "", "Tv", "simple", `${AMAZON}: text only`],
  ["sonar", "deep research", "", "R", "research", PERPLEXITY],
  ["sonar", "reasoning pro", "", "R", "complex", PERPLEXITY],
  ["sonar", "pro", "", "", "moderate", PERPLEXITY],
  ["sonar", "", "", "", "simple", PERPLEXITY],
];
