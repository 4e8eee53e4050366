/**
 * Names that models of one family begin with, once the provider's part is taken off. Product lines that are known by
 * their own name (`sonnet`, `flash`) stand for their family. An order matters only where one name begins like another.
 */
const FAMILIES: ReadonlyArray<readonly [family: string, beginning: RegExp]> = [
  ["claude", /^(claude|opus|sonnet|haiku|fable|mythos)/],
  ["gpt-oss", /^gpt-?oss/],
  ["gpt", /^(chat)?gpt|^codex|^[34]o(?![a-z])/],
  ["o", /^o\d/],
  ["gemini", /^(gemini|flash)/],
  ["gemma", /^gemma/],
  ["qwen", /^(qwen|qwq|qvq)/],
  ["deepseek", /^deepseek/],
  ["mistral", /^(open-)?(mistral|mixtral|ministral|codestral|devstral|magistral|pixtral|voxtral)/],
  ["llama", /^(meta-)?llama/],
  ["grok", /^grok/],
  ["kimi", /^(kimi|moonshot)/],
  ["glm", /^(zai-)?glm/],
  ["minimax", /^(minimax|m2-)/],
  ["command", /^(command|c4ai-command)/],
  ["nova", /^nova/],
  ["sonar", /^sonar/],
  ["phi", /^phi-?\d/],
  ["nemotron", /^nemotron/],
  ["granite", /^granite/],
];

/** The family of a model by the bare name it goes by, in lower case; null where none is known. */
export function familyOf(bareName: string): string | null {
  return FAMILIES.find(([, beginning]) => beginning.test(bareName))?.[0] ?? null;
}
