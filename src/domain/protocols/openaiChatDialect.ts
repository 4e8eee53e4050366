export type LimitName = "max_completion_tokens" | "max_tokens";

/** What differs among the hosts that speak this protocol. */
export interface ChatDialect {
  /** The output limits that the host obeys. */
  readonly limitNames: readonly LimitName[];
  /** The one to send where the client sent none. */
  readonly limitToAdd: (model: string) => LimitName;
  /** Whether a stream's usage has to be asked for; where not, it comes unasked, and clients count on it. */
  readonly asksForUsage: boolean;
  /** What `max_tokens` is in the older completions where the client sends none; null where the model's own limit holds. */
  readonly completionTokens: number | null;
}

/** OpenAI's models since o1 refuse the old name; almost every other host and model understands it. */
function byModel(model: string): LimitName {
  return /(^|[/:])(o\d|gpt-[5-9]|gpt-\d\d|codex|gpt-chat)/i.test(model) ? "max_completion_tokens" : "max_tokens";
}

const OPENAI: ChatDialect = {
  limitNames: ["max_completion_tokens", "max_tokens"],
  limitToAdd: () => "max_completion_tokens",
  asksForUsage: true,
  completionTokens: 16,
};
const OLDER_LIMIT: ChatDialect = {
  limitNames: ["max_tokens"],
  limitToAdd: () => "max_tokens",
  asksForUsage: true,
  completionTokens: null,
};
/** Mistral may refuse to be asked. */
const MISTRAL: ChatDialect = { ...OLDER_LIMIT, asksForUsage: false };
export const ANY_HOST: ChatDialect = { ...OPENAI, limitToAdd: byModel, completionTokens: null };
const OPENROUTER: ChatDialect = { ...ANY_HOST, asksForUsage: false };

const BY_HOST: ReadonlyArray<readonly [host: RegExp, dialect: ChatDialect]> = [
  [/(^|\.)openai\.(com|azure\.com)$/, OPENAI],
  [/(^|\.)mistral\.ai$/, MISTRAL],
  [/(^|\.)deepseek\.com$/, OLDER_LIMIT],
  [/(^|\.)openrouter\.ai$/, OPENROUTER],
];

/** The dialect of a provider by its base URL; the widely understood one where the host is not known. */
export function chatDialectOf(baseUrl: string | undefined): ChatDialect {
  const host = baseUrl === undefined ? null : /^https?:\/\/(?:[^/@]*@)?([^/:?#]+)/i.exec(baseUrl)?.[1]?.toLowerCase();
  return BY_HOST.find(([pattern]) => pattern.test(host ?? ""))?.[1] ?? ANY_HOST;
}
