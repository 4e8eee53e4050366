import { type Estimates, type EstimatesRequest, LARGEST_BATCH, type ModelEstimate } from "../domain/modelApi.ts";
import type { ApiClient } from "./apiClient.ts";

/** What is sent to the sidecar at once, in characters: it can read more, but others wait meanwhile. */
const LARGEST_SLICE = 2_000_000;

/** A long batch goes in slices; all of them on the models of the first. */
export async function estimatesOf(
  api: ApiClient,
  request: EstimatesRequest,
  texts: readonly string[],
): Promise<Estimates> {
  let sum: Estimates | undefined;
  for (const slice of slicesOf(texts)) {
    const models = sum?.estimates.map(({ provider, model }) => ({ provider, model })) ?? request.models ?? [];
    const next = await api.estimates({ ...request, models, texts: slice });
    sum = sum === undefined ? next : together(sum, next);
  }
  return sum as Estimates;
}

function* slicesOf(texts: readonly string[]): Generator<string[]> {
  let slice: string[] = [];
  let length = 0;
  for (const text of texts) {
    if (slice.length === LARGEST_BATCH || (slice.length > 0 && length + text.length > LARGEST_SLICE)) {
      yield slice;
      slice = [];
      length = 0;
    }
    slice.push(text);
    length += text.length;
  }
  yield slice;
}

function together(a: Estimates, b: Estimates): Estimates {
  return {
    ...a,
    prompts: a.prompts + b.prompts,
    estimates: a.estimates.map((one, index) => added(one, b.estimates[index] as ModelEstimate)),
  };
}

function added(a: ModelEstimate, b: ModelEstimate): ModelEstimate {
  const sum = (x: number | null, y: number | null) => (x === null || y === null ? null : x + y);
  return {
    ...a,
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    inputBasis: a.inputBasis === "bytes" ? "bytes" : b.inputBasis,
    expectedNanoUsd: sum(a.expectedNanoUsd, b.expectedNanoUsd),
    worstCaseNanoUsd: sum(a.worstCaseNanoUsd, b.worstCaseNanoUsd),
    promptsTooLong: a.promptsTooLong + b.promptsTooLong,
  };
}
