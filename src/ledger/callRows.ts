import type { SqlValue } from "sql.js";
import type { StandsInFor } from "../domain/backends/standsInFor.ts";
import type { Call, CallStatus, CostBasis } from "../domain/call.ts";
import type { UsageBasis } from "../domain/usage.ts";
import type { CallKeys } from "./callKeys.ts";
import { type Row, wholeNumber } from "./database.ts";
import { TOKEN_COLUMNS } from "./tokenColumns.ts";

const COLUMNS = [
  "seq",
  "id",
  "key_id",
  "started_at",
  "ended_at",
  "protocol",
  "request_type",
  "trace_id",
  "status",
  "http_status",
  "error_type",
  "stream",
  "latency_ms",
  "first_token_ms",
  ...TOKEN_COLUMNS,
  "usage_basis",
  "cost_nano_usd",
  "cost_basis",
  "rates_id",
  "price_version",
  "hold_nano_usd",
  "attempt",
  "expected_nano_usd",
  "session_id",
  "prompt_id",
  "stands_in_for",
  "compute_nano_usd",
] as const;

export const INSERT_CALL = `INSERT INTO call_rows (${COLUMNS.join(", ")})
  VALUES (${COLUMNS.map(() => "?").join(", ")}) ON CONFLICT (id) DO NOTHING`;

/** The values of `INSERT_CALL`; `keyId` is the caller's number among `keys`. */
export function rowOfCall(call: Call, seq: number, keyId: number, keys: CallKeys): SqlValue[] {
  const { usage } = call;
  return [
    seq,
    call.id,
    keyId,
    Date.parse(call.startedAt),
    Date.parse(call.endedAt),
    call.protocol,
    call.requestType,
    call.traceId,
    call.status,
    call.httpStatus,
    call.errorType,
    call.stream ? 1 : 0,
    call.latencyMs,
    call.firstTokenMs,
    usage.inputTokens,
    usage.cachedInputTokens,
    usage.cacheWrite5mTokens,
    usage.cacheWrite1hTokens,
    usage.outputTokens,
    usage.reasoningTokens,
    usage.audioInputTokens,
    usage.audioOutputTokens,
    usage.webSearches,
    call.usageBasis,
    call.costNanoUsd,
    call.costBasis,
    call.rates === null ? null : keys.ratesIdOf(call.rates),
    call.priceVersion,
    call.holdNanoUsd,
    call.attempt,
    call.expectedNanoUsd ?? null,
    // Entries that older versions wrote into the journal lack it.
    call.sessionId ?? null,
    call.promptId ?? null,
    call.standsInFor === undefined ? null : JSON.stringify(call.standsInFor),
    call.computeShareNanoUsd ?? null,
  ];
}

/** A call from its row of `call_rows`. */
export function callOfRow(row: Row, keys: CallKeys): Call {
  const key = keys.key(Number(row.key_id));
  return {
    id: String(row.id),
    startedAt: new Date(Number(row.started_at)).toISOString(),
    endedAt: new Date(Number(row.ended_at)).toISOString(),
    provider: key.provider,
    protocol: String(row.protocol),
    model: key.model,
    requestedModel: key.requestedModel,
    project: key.project,
    tool: key.tool,
    user: key.user,
    tags: [...key.tags],
    requestType: row.request_type as string | null,
    traceId: row.trace_id as string | null,
    sessionId: row.session_id as string | null,
    branch: key.branch,
    status: row.status as CallStatus,
    httpStatus: row.http_status as number | null,
    errorType: row.error_type as string | null,
    stream: row.stream === 1,
    latencyMs: Number(row.latency_ms),
    firstTokenMs: row.first_token_ms as number | null,
    usage: {
      inputTokens: Number(row.input_tokens),
      cachedInputTokens: Number(row.cached_input_tokens),
      cacheWrite5mTokens: Number(row.cache_write_5m_tokens),
      cacheWrite1hTokens: Number(row.cache_write_1h_tokens),
      outputTokens: Number(row.output_tokens),
      reasoningTokens: Number(row.reasoning_tokens),
      audioInputTokens: Number(row.audio_input_tokens),
      audioOutputTokens: Number(row.audio_output_tokens),
      webSearches: Number(row.web_searches),
    },
    usageBasis: row.usage_basis as UsageBasis,
    costNanoUsd: wholeNumber(row.cost_nano_usd),
    costBasis: row.cost_basis as CostBasis,
    rates: row.rates_id === null ? null : { ...keys.rates(Number(row.rates_id)) },
    priceVersion: row.price_version as string | null,
    holdNanoUsd: wholeNumber(row.hold_nano_usd),
    attempt: Number(row.attempt),
    ...(typeof row.prompt_id === "string" ? { promptId: row.prompt_id } : {}),
    ...(typeof row.stands_in_for === "string" ? { standsInFor: JSON.parse(row.stands_in_for) as StandsInFor } : {}),
    ...(typeof row.expected_nano_usd === "number" ? { expectedNanoUsd: row.expected_nano_usd } : {}),
    ...(typeof row.compute_nano_usd === "number" ? { computeShareNanoUsd: row.compute_nano_usd } : {}),
  };
}
