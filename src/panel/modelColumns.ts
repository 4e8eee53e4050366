import type { Overview, SummaryGroup } from "../domain/api.ts";
import type { EstimateError } from "../domain/estimateErrors.ts";
import { formatCount } from "../domain/formats.ts";

/** A model's sums, and how far its estimates were from what its calls cost; null where none has been compared. */
export interface ModelFigures extends SummaryGroup {
  readonly estimateError: EstimateError | null;
}

/** Every model of the range with its estimates' error. */
export function modelFigures({ models, estimateErrors }: Pick<Overview, "models" | "estimateErrors">): ModelFigures[] {
  return models.map((model) => ({
    ...model,
    estimateError: estimateErrors.find((one) => one.provider === model.provider && one.model === model.key) ?? null,
  }));
}

export type ModelColumnKey =
  | "model"
  | "provider"
  | "cost"
  | "calls"
  | "errors"
  | "refused"
  | "input"
  | "cached"
  | "output"
  | "average"
  | "p95"
  | "first"
  | "error";

export interface ModelColumn {
  readonly key: ModelColumnKey;
  readonly title: string;
  /** The title in full, where it is cut short. */
  readonly meaning?: string;
  readonly value: (group: ModelFigures) => string | number | null;
}

export const MODEL_COLUMNS: readonly ModelColumn[] = [
  { key: "model", title: "Model", value: (group) => group.key },
  { key: "provider", title: "Provider", value: (group) => group.provider },
  { key: "cost", title: "Cost", value: (group) => (isUnknownPrice(group) ? null : group.costNanoUsd) },
  { key: "calls", title: "Calls", value: (group) => group.calls },
  { key: "errors", title: "Errors", value: (group) => group.errors },
  {
    key: "refused",
    title: "Refused",
    meaning: "Calls that were stopped by a budget or by a limit a minute",
    value: (group) => group.refused,
  },
  { key: "input", title: "In", meaning: "Input tokens, cached ones included", value: (group) => group.inputTokens },
  { key: "cached", title: "Cached", meaning: "Cached input tokens", value: (group) => group.cachedInputTokens },
  { key: "output", title: "Out", meaning: "Output tokens", value: (group) => group.outputTokens },
  { key: "average", title: "Avg", meaning: "Average latency", value: (group) => group.averageLatencyMs },
  { key: "p95", title: "p95", meaning: "95th-percentile latency", value: (group) => group.p95LatencyMs },
  {
    key: "first",
    title: "1st token",
    meaning: "Average time to the first token",
    value: (group) => group.averageFirstTokenMs,
  },
  {
    key: "error",
    title: "Est. ±",
    meaning: "Estimate error: how far the expected costs of the last 200 calls were from the real ones",
    value: (group) => group.estimateError?.meanAbsoluteShare ?? null,
  },
];

/** `12%`, and on which side: what was expected was too much, or too little, on average. */
export function errorWords({ calls, meanAbsoluteShare, biasShare }: EstimateError): { text: string; detail: string } {
  const size = percent(meanAbsoluteShare);
  const side = biasShare === 0 ? "on both sides alike" : `${percent(biasShare)} too ${biasShare > 0 ? "high" : "low"}`;
  return {
    text: `${size} ${biasShare > 0 ? "↑" : biasShare < 0 ? "↓" : ""}`.trim(),
    detail: `Off by ${size} in ${calls === 1 ? "1 call" : `${formatCount(calls)} calls`}, ${side} on average`,
  };
}

/** A small error is none of 0%. */
function percent(share: number): string {
  const whole = Math.round(Math.abs(share) * 100);
  return whole === 0 && share !== 0 ? "<1%" : `${formatCount(whole)}%`;
}

/** Whether nothing is known of what this group's calls cost. */
export function isUnknownPrice(group: SummaryGroup): boolean {
  return group.costNanoUsd === 0 && group.unpricedCalls > 0;
}

/** Sorted by one column; what is unknown comes last either way, and equals stand in the order of their names. */
export function sortedModels(
  groups: readonly ModelFigures[],
  by: ModelColumnKey,
  descending: boolean,
): readonly ModelFigures[] {
  const column = MODEL_COLUMNS.find(({ key }) => key === by);
  if (column === undefined) {
    return groups;
  }
  return groups.toSorted((a, b) => {
    const left = column.value(a);
    const right = column.value(b);
    if (left === null || right === null) {
      return left === right ? byName(a, b) : left === null ? 1 : -1;
    }
    const order =
      typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right));
    return order === 0 ? byName(a, b) : descending ? -order : order;
  });
}

function byName(a: SummaryGroup, b: SummaryGroup): number {
  return a.key.localeCompare(b.key) || (a.provider ?? "").localeCompare(b.provider ?? "");
}

/** Sums of what can be summed: latencies and errors cannot. */
export function totalOf(groups: readonly SummaryGroup[]): ModelFigures {
  const sum = (value: (group: SummaryGroup) => number) => groups.reduce((total, group) => total + value(group), 0);
  return {
    key: "Total",
    provider: null,
    calls: sum((group) => group.calls),
    errors: sum((group) => group.errors),
    refused: sum((group) => group.refused),
    inputTokens: sum((group) => group.inputTokens),
    cachedInputTokens: sum((group) => group.cachedInputTokens),
    outputTokens: sum((group) => group.outputTokens),
    costNanoUsd: sum((group) => group.costNanoUsd),
    computeShareNanoUsd: sum((group) => group.computeShareNanoUsd),
    unpricedCalls: sum((group) => group.unpricedCalls),
    estimatedCalls: sum((group) => group.estimatedCalls),
    averageLatencyMs: null,
    p95LatencyMs: null,
    averageFirstTokenMs: null,
    estimateError: null,
  };
}
