import type { MessageHeaders, Reading } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { countOf, isObject, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";

/** Counts as Bedrock reports them; one that is missing is null, which is not 0. */
export interface BedrockCounts {
  /** All input: Bedrock's own count leaves out what is read from the cache and written to it. */
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Of the writes, those that are kept for an hour. */
  readonly cacheWrite1h: number;
}

type Parts = Readonly<Record<"input" | "output" | "read" | "write", number | null>> & { readonly write1h?: number };

/** Null where nothing was reported. No prompt has 0 tokens: one that is said to has been left out. */
function countsOf({ input, output, read, write, write1h = 0 }: Parts): BedrockCounts | null {
  if (input === null && output === null) {
    return null;
  }
  const cacheRead = read ?? 0;
  const cacheWrite = Math.max(write ?? 0, write1h);
  const all = (input ?? 0) + cacheRead + cacheWrite;
  return { input: all === 0 ? null : all, output, cacheRead, cacheWrite, cacheWrite1h: write1h };
}

/** The `usage` of Converse, and of Amazon's own models; some spell the cached counts longer. */
export function converseCounts(usage: unknown): BedrockCounts | null {
  if (!isObject(usage)) {
    return null;
  }
  const hours = listOf(usage.cacheDetails)
    .map(objectOf)
    .filter(({ ttl }) => ttl === "1h");
  return countsOf({
    input: countOf(usage.inputTokens),
    output: countOf(usage.outputTokens),
    read: countOf(usage.cacheReadInputTokens) ?? countOf(usage.cacheReadInputTokenCount),
    write: countOf(usage.cacheWriteInputTokens) ?? countOf(usage.cacheWriteInputTokenCount),
    write1h: hours.reduce((sum, detail) => sum + (countOf(detail.inputTokens) ?? 0), 0),
  });
}

/** What Bedrock itself adds to the last chunk of a model's own stream. */
export function metricCounts(chunk: JsonObject): BedrockCounts | null {
  const metrics = objectOf(chunk["amazon-bedrock-invocationMetrics"]);
  return countsOf({
    input: countOf(metrics.inputTokenCount),
    output: countOf(metrics.outputTokenCount),
    read: countOf(metrics.cacheReadInputTokenCount),
    write: countOf(metrics.cacheWriteInputTokenCount),
  });
}

/** What Bedrock itself says in the headers of a model's own answer. */
export function headerCounts(headers: MessageHeaders): BedrockCounts | null {
  const count = (name: string) => {
    const value = headerOf(headers, `x-amzn-bedrock-${name}-token-count`);
    return value !== null && /^\d{1,15}$/.test(value) ? countOf(Number(value)) : null;
  };
  return countsOf({
    input: count("input"),
    output: count("output"),
    read: count("cache-read-input"),
    write: count("cache-write-input"),
  });
}

export function usageOfCounts(counts: BedrockCounts, input: number, output: number): Usage {
  const { cacheRead, cacheWrite, cacheWrite1h } = counts;
  return {
    ...NO_USAGE,
    inputTokens: counts.input ?? input,
    cachedInputTokens: cacheRead,
    cacheWrite5mTokens: cacheWrite - cacheWrite1h,
    cacheWrite1hTokens: cacheWrite1h,
    outputTokens: counts.output ?? output,
  };
}

/** What was reported, and where something is missing the estimate, which is given in tokens. */
export function countedOr(
  counts: BedrockCounts | null,
  input: number,
  output: number,
): Pick<Reading, "usage" | "basis"> {
  if (counts === null) {
    return { usage: { ...NO_USAGE, inputTokens: input, outputTokens: output }, basis: "estimated" };
  }
  const isWhole = counts.input !== null && counts.output !== null;
  return { usage: usageOfCounts(counts, input, output), basis: isWhole ? "reported" : "estimated" };
}

/** One name for what changes the rates, as the price book takes it: `priority`, `default+optimized`. */
export function bedrockTier(tier: unknown, latency: unknown): string | null {
  const parts = [textOf(tier)?.toLowerCase(), latency === "optimized" ? "optimized" : null].filter(
    (part) => typeof part === "string" && part !== "",
  );
  return parts.length === 0 ? null : parts.join("+");
}

/** A header's value; of several the first. */
export function headerOf(headers: MessageHeaders | undefined, name: string): string | null {
  const value = headers?.[name];
  return typeof value === "string" ? value : (value?.[0] ?? null);
}

/** The type of an error answer, from the header, where a link to its description may follow it. */
export function bedrockErrorOf(status: number, headers: MessageHeaders | undefined): string {
  return headerOf(headers, "x-amzn-errortype")?.split(":")[0] || `http_${status}`;
}
