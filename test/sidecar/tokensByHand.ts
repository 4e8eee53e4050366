import type { Recorded } from "../domain/protocols/recorded.ts";

/** The classes of tokens as Tollgate books them. */
export interface Tokens {
  readonly basis: string;
  readonly input: number;
  readonly cached: number;
  readonly written5m: number;
  readonly written1h: number;
  readonly output: number;
  readonly reasoning: number;
  readonly audioInput: number;
}

type Json = Readonly<Record<string, unknown>>;

const NONE: Tokens = {
  basis: "reported",
  input: 0,
  cached: 0,
  written5m: 0,
  written1h: 0,
  output: 0,
  reasoning: 0,
  audioInput: 0,
};

/**
 * What a person reads off a recorded answer, in the plainest way and with nothing of the product's own readers. Null where
 * the answer reports no usage that is billed: errors, counts, files.
 */
export function tokensByHand(exchange: Recorded): Tokens | null {
  const { path, status, contentType, response } = exchange;
  if (status >= 400 || /count|input_tokens$|tokenize|files|vector|conversations|client_secrets|Stores/i.test(path)) {
    return null;
  }
  const documents = contentType.startsWith("text/event-stream") ? eventsOf(response) : [JSON.parse(response) as Json];
  const read = READERS.find(([pattern]) => pattern.test(path))?.[1];
  return read === undefined ? null : read(documents);
}

const READERS: ReadonlyArray<readonly [RegExp, (documents: readonly Json[]) => Tokens | null]> = [
  [/\/chat\/completions$/, chat],
  [/\/embeddings$/, chat],
  [/\/responses(\/compact)?$/, responses],
  [/\/v1\/messages$/, messages],
  [/[gG]enerateContent$/, google],
  [/\/v2\/chat$/, cohere],
  [/\/converse$/, converse],
];

function eventsOf(stream: string): Json[] {
  return stream
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:") && !line.includes("[DONE]"))
    .map((line) => JSON.parse(line.slice(5)) as Json);
}

function chat(documents: readonly Json[]): Tokens | null {
  const usage = documents.findLast(({ usage }) => usage)?.usage as Json | undefined;
  if (usage === undefined) {
    return null;
  }
  const inputs = part(usage.prompt_tokens_details);
  const outputs = part(usage.completion_tokens_details);
  return {
    ...NONE,
    input: number(usage.prompt_tokens),
    cached: number(inputs.cached_tokens ?? usage.cached_tokens),
    written5m: number(inputs.cache_write_tokens),
    output: number(usage.completion_tokens),
    reasoning: number(outputs.reasoning_tokens),
    audioInput: number(inputs.audio_tokens),
  };
}

function responses(documents: readonly Json[]): Tokens | null {
  const holder = documents.findLast(({ usage, response }) => usage ?? part(response).usage);
  const usage = part(holder?.usage ?? part(holder?.response).usage);
  if (holder === undefined) {
    return null;
  }
  const inputs = part(usage.input_tokens_details);
  return {
    ...NONE,
    input: number(usage.input_tokens),
    cached: number(inputs.cached_tokens),
    written5m: number(inputs.cache_write_tokens),
    output: number(usage.output_tokens),
    reasoning: number(part(usage.output_tokens_details).reasoning_tokens),
  };
}

function messages(documents: readonly Json[]): Tokens | null {
  const start = part(part(documents.find(({ type }) => type === "message_start")?.message).usage);
  const last = part(documents.findLast(({ usage }) => usage)?.usage);
  const all = { ...start, ...Object.fromEntries(Object.entries(last).filter(([, value]) => value !== null)) } as Json;
  if (all.input_tokens === undefined) {
    return null;
  }
  const written = number(all.cache_creation_input_tokens);
  const written1h = number(part(start.cache_creation ?? all.cache_creation).ephemeral_1h_input_tokens);
  const cached = number(all.cache_read_input_tokens);
  const input = number(all.input_tokens) + written + cached;
  const own = {
    ...NONE,
    input,
    cached,
    written5m: written - written1h,
    written1h,
    output: number(all.output_tokens),
    reasoning: number(part(all.output_tokens_details).thinking_tokens),
  };
  const rounds = (Array.isArray(all.iterations) ? (all.iterations as Json[]) : []).filter(
    ({ type }) => type !== "message",
  );
  const sum = (...names: string[]) =>
    rounds.reduce((total, round) => names.reduce((more, name) => more + number(round[name]), total), 0);
  return {
    ...own,
    input: own.input + sum("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    cached: own.cached + sum("cache_read_input_tokens"),
    output: own.output + sum("output_tokens"),
  };
}

function google(documents: readonly Json[]): Tokens | null {
  const usage = documents.findLast(({ usageMetadata }) => usageMetadata)?.usageMetadata as Json | undefined;
  if (usage?.promptTokenCount === undefined) {
    return null;
  }
  const thoughts = number(usage.thoughtsTokenCount);
  const audio = (Array.isArray(usage.promptTokensDetails) ? (usage.promptTokensDetails as Json[]) : []).filter(
    ({ modality }) => modality === "AUDIO",
  );
  return {
    ...NONE,
    input: number(usage.promptTokenCount) + number(usage.toolUsePromptTokenCount),
    cached: number(usage.cachedContentTokenCount),
    output: number(usage.candidatesTokenCount) + thoughts,
    reasoning: thoughts,
    audioInput: audio.reduce((sum, { tokenCount }) => sum + number(tokenCount), 0),
  };
}

function cohere([answer]: readonly Json[]): Tokens | null {
  const billed = part(part(answer?.usage).billed_units);
  return { ...NONE, input: number(billed.input_tokens), output: number(billed.output_tokens) };
}

function converse([answer]: readonly Json[]): Tokens | null {
  const usage = part(answer?.usage);
  const cached = number(usage.cacheReadInputTokens);
  const written = number(usage.cacheWriteInputTokens);
  const input = number(usage.inputTokens) + cached + written;
  return { ...NONE, input, cached, written5m: written, output: number(usage.outputTokens) };
}

function part(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
