/** Nano-USD a token. */
export interface TokenPrices {
  readonly input: number;
  readonly cached: number;
  /** Writes to the provider's cache, kept for five minutes. */
  readonly write?: number;
  readonly output: number;
}

/** What an answer costs by what stands in it. */
export interface Billed {
  /** All input, cached included. */
  readonly input: number;
  readonly output: number;
  readonly costNanoUsd: number;
}

type Figures = Record<string, unknown>;

/** Reads a simulated provider's answer as its bill is read, by code that shares nothing with the gateway's. */
export function billOf(answer: string, prices: Readonly<Record<string, TokenPrices>>): Billed {
  const model = /"(?:model|modelVersion)":\s*"([^"]+)"/.exec(answer)?.[1] ?? "";
  const price = prices[model];
  if (price === undefined) {
    throw new Error(`No price of ${model} is written down for this client`);
  }
  const usage = Object.assign({}, ...usagesIn(answer)) as Figures;
  const { input, cached, write, output } = tokensOf(usage);
  const costNanoUsd =
    (input - cached - write) * price.input +
    cached * price.cached +
    write * (price.write ?? price.input) +
    output * price.output;
  return { input, output, costNanoUsd };
}

function tokensOf(usage: Figures): { input: number; cached: number; write: number; output: number } {
  if ("promptTokenCount" in usage) {
    const output = count(usage.candidatesTokenCount) + count(usage.thoughtsTokenCount);
    return { input: count(usage.promptTokenCount), cached: count(usage.cachedContentTokenCount), write: 0, output };
  }
  if ("cache_read_input_tokens" in usage) {
    const cached = count(usage.cache_read_input_tokens);
    const write = count(usage.cache_creation_input_tokens);
    return { input: count(usage.input_tokens) + cached + write, cached, write, output: count(usage.output_tokens) };
  }
  const details = (usage.prompt_tokens_details ?? usage.input_tokens_details ?? {}) as Figures;
  return {
    input: count(usage.prompt_tokens ?? usage.input_tokens),
    cached: count(details.cached_tokens),
    write: 0,
    output: count(usage.completion_tokens ?? usage.output_tokens),
  };
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** Every object that is named as usage, in order: later ones say more. */
function usagesIn(answer: string): Figures[] {
  return [...answer.matchAll(/"usage(?:Metadata)?":\s*(?=\{)/g)].map(({ index, 0: name }) =>
    JSON.parse(objectAt(answer, index + name.length)),
  );
}

function objectAt(text: string, start: number): string {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    depth += text[at] === "{" ? 1 : text[at] === "}" ? -1 : 0;
    if (depth === 0) {
      return text.slice(start, at + 1);
    }
  }
  throw new Error("An object does not end");
}
