import { type MessageHeaders, NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { blocksBytes } from "./bedrockContent.ts";
import { type BedrockCounts, bedrockTier, converseCounts, countedOr, headerCounts, headerOf } from "./bedrockUsage.ts";
import { bytesOf, countOf, isObject, type JsonObject, listOf, objectOf } from "./jsonValue.ts";
import { answerBytes, chatReportOf } from "./openaiChatUsage.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

/** The answer of a model in its maker's own shape. */
export function readInvokeAnswer(answer: unknown, facts: RequestFacts, headers: MessageHeaders = {}): Reading {
  if (!isObject(answer)) {
    return { ...NOTHING_READ, trouble: "The answer is not a JSON object" };
  }
  const said = estimatedTokens(invokeBytes(answer));
  const counts = ownCounts(answer, facts);
  const isWhole = counts !== null && counts.input !== null && counts.output !== null;
  return {
    ...NOTHING_READ,
    ...countedOr(isWhole ? counts : (headerCounts(headers) ?? counts), estimatedInput(facts), said),
    serviceTier: servedTier(headers) ?? facts.serviceTier,
  };
}

/** The tier that was served, where the headers tell. */
export function servedTier(headers: MessageHeaders): string | null {
  return bedrockTier(
    headerOf(headers, "x-amzn-bedrock-service-tier"),
    headerOf(headers, "x-amzn-bedrock-performanceconfig-latency"),
  );
}

/** What the maker's own answer, or a chunk of its stream, says; null where it says nothing. */
export function ownCounts(answer: JsonObject, facts: RequestFacts): BedrockCounts | null {
  const chat = chatReportOf(answer, facts);
  if (chat !== null) {
    const { usage, inputReported, outputReported } = chat;
    return {
      input: inputReported ? usage.inputTokens : null,
      output: outputReported ? usage.outputTokens : null,
      cacheRead: usage.cachedInputTokens,
      cacheWrite: usage.cacheWrite5mTokens,
      cacheWrite1h: 0,
    };
  }
  return converseCounts(answer.usage) ?? olderCounts(answer);
}

/** Llama's counts, and those of Amazon's older models. */
function olderCounts(answer: JsonObject): BedrockCounts | null {
  const input = countOf(answer.prompt_token_count) ?? countOf(answer.inputTextTokenCount);
  const results = listOf(answer.results).map((result) => countOf(objectOf(result).tokenCount) ?? 0);
  const embeds = answer.embedding !== undefined || answer.embeddingsByType !== undefined;
  const output =
    countOf(answer.generation_token_count) ??
    countOf(answer.totalOutputTextTokenCount) ??
    (results.length > 0 ? results.reduce((a, b) => a + b, 0) : embeds ? 0 : null);
  return input === null && output === null
    ? null
    : { input: input || null, output, cacheRead: 0, cacheWrite: 0, cacheWrite1h: 0 };
}

/** Bytes of what the model wrote in an answer, or in a chunk of its stream, in the shapes of Bedrock's makers. */
export function invokeBytes(answer: JsonObject): number {
  const texts = [answer.generation, answer.outputText, answer.text, answer.completion];
  for (const results of [answer.results, answer.outputs, answer.generations, answer.completions]) {
    for (const result of listOf(results).map(objectOf)) {
      texts.push(result.outputText, result.text, objectOf(result.data).text);
    }
  }
  return (
    texts.reduce<number>((sum, text) => sum + bytesOf(text), 0) +
    answerBytes(answer) +
    blocksBytes(objectOf(objectOf(answer.output).message).content)
  );
}
