import type { Call } from "../domain/call.ts";
import { usdFromNano } from "../domain/money.ts";

type Cell = string | number | boolean | null;

/** The columns of an exported call: the fields of the API's call, the usage's own among them, and the cost in USD. */
export const CALL_COLUMNS: ReadonlyArray<readonly [title: string, value: (call: Call) => Cell]> = [
  ["id", (call) => call.id],
  ["startedAt", (call) => call.startedAt],
  ["endedAt", (call) => call.endedAt],
  ["provider", (call) => call.provider],
  ["protocol", (call) => call.protocol],
  ["model", (call) => call.model],
  ["requestedModel", (call) => call.requestedModel],
  ["project", (call) => call.project],
  ["tool", (call) => call.tool],
  ["user", (call) => call.user],
  ["tags", (call) => call.tags.join(";")],
  ["requestType", (call) => call.requestType],
  ["traceId", (call) => call.traceId],
  ["sessionId", (call) => call.sessionId],
  ["branch", (call) => call.branch],
  ["status", (call) => call.status],
  ["httpStatus", (call) => call.httpStatus],
  ["errorType", (call) => call.errorType],
  ["stream", (call) => call.stream],
  ["latencyMs", (call) => call.latencyMs],
  ["firstTokenMs", (call) => call.firstTokenMs],
  ["inputTokens", (call) => call.usage.inputTokens],
  ["cachedInputTokens", (call) => call.usage.cachedInputTokens],
  ["cacheWrite5mTokens", (call) => call.usage.cacheWrite5mTokens],
  ["cacheWrite1hTokens", (call) => call.usage.cacheWrite1hTokens],
  ["outputTokens", (call) => call.usage.outputTokens],
  ["reasoningTokens", (call) => call.usage.reasoningTokens],
  ["audioInputTokens", (call) => call.usage.audioInputTokens],
  ["audioOutputTokens", (call) => call.usage.audioOutputTokens],
  ["webSearches", (call) => call.usage.webSearches],
  ["usageBasis", (call) => call.usageBasis],
  ["costNanoUsd", (call) => call.costNanoUsd],
  ["costUsd", (call) => plainDecimal(call.costNanoUsd)],
  [
    "computeShareUsd",
    ({ computeShareNanoUsd }) => (computeShareNanoUsd === undefined ? null : plainDecimal(computeShareNanoUsd)),
  ],
  ["costBasis", (call) => call.costBasis],
  ["priceVersion", (call) => call.priceVersion],
  ["holdNanoUsd", (call) => call.holdNanoUsd],
  ["attempt", (call) => call.attempt],
  ["promptId", (call) => call.promptId ?? null],
  ["standsInForProvider", (call) => call.standsInFor?.provider ?? null],
  ["standsInForModel", (call) => call.standsInFor?.model ?? null],
  ["standsInWhy", (call) => call.standsInFor?.why ?? null],
];

/** All nine decimals, never in the form `1e-7`. */
function plainDecimal(nanoUsd: number): string {
  return usdFromNano(nanoUsd).toFixed(9);
}
