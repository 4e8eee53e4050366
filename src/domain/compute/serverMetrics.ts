import { readPrometheusText, type Sample } from "./prometheusText.ts";
import { USUAL_DECODE_WEIGHT } from "./shares.ts";

/** What a server's metrics tell; null where they do not. Counters count since its start. */
export interface ServerMetrics {
  /** `process_start_time_seconds`, by the server's own clock, in ms since the epoch. */
  readonly startedAt: number | null;
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
  readonly running: number | null;
  readonly waiting: number | null;
  /** 0 to 1, of the fullest engine. */
  readonly kvCacheUsage: number | null;
  /** See `shareInterval`. */
  readonly decodeWeight: number;
}

/** Names of vLLM and SGLang, today's and those of older versions. */
const PROMPT_TOKENS = ["vllm:prompt_tokens_total", "sglang:prompt_tokens_total"];
const OUTPUT_TOKENS = ["vllm:generation_tokens_total", "sglang:generation_tokens_total"];
const RUNNING = ["vllm:num_requests_running", "sglang:num_running_reqs"];
const WAITING = ["vllm:num_requests_waiting", "sglang:num_queue_reqs"];
const KV_CACHE = ["vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"];
const PREFILL_SECONDS = ["vllm:request_prefill_time_seconds_sum"];
const DECODE_SECONDS = ["vllm:request_decode_time_seconds_sum"];

/** No server is older, ms since the epoch: a start before it is a clock that was not set. */
const EARLIEST_START = Date.UTC(2015, 0, 1);
/** Fewer tokens of a kind tell nothing about what one of them costs. */
const ENOUGH_TOKENS = 1_000;
const LEAST_WEIGHT = 100;
const GREATEST_WEIGHT = 1_000_000;

export function readServerMetrics(text: string): ServerMetrics {
  const samples = readPrometheusText(text);
  const promptTokens = sumOf(samples, PROMPT_TOKENS);
  const outputTokens = sumOf(samples, OUTPUT_TOKENS);
  const kvCache = valuesOf(samples, KV_CACHE);
  return {
    startedAt: startOf(samples),
    promptTokens,
    outputTokens,
    running: sumOf(samples, RUNNING),
    waiting: sumOf(samples, WAITING),
    kvCacheUsage: kvCache.length === 0 ? null : Math.min(1, Math.max(0, ...kvCache)),
    decodeWeight: weightOf(promptTokens, sumOf(samples, PREFILL_SECONDS), outputTokens, sumOf(samples, DECODE_SECONDS)),
  };
}

/** The oldest of several processes behind one address. */
function startOf(samples: readonly Sample[]): number | null {
  const starts = valuesOf(samples, ["process_start_time_seconds"])
    .map((seconds) => Math.round(seconds * 1_000))
    .filter((at) => at >= EARLIEST_START);
  return starts.length === 0 ? null : Math.min(...starts);
}

/** How long a token that is written keeps the server, against one that is read, by the time it has spent on each. */
function weightOf(
  promptTokens: number | null,
  prefillSeconds: number | null,
  outputTokens: number | null,
  decodeSeconds: number | null,
): number {
  if ((promptTokens ?? 0) < ENOUGH_TOKENS || (outputTokens ?? 0) < ENOUGH_TOKENS || !prefillSeconds || !decodeSeconds) {
    return USUAL_DECODE_WEIGHT;
  }
  const ratio = decodeSeconds / Number(outputTokens) / (prefillSeconds / Number(promptTokens));
  return Math.round(Math.min(GREATEST_WEIGHT, Math.max(LEAST_WEIGHT, ratio * 1_000)));
}

/** Of the first name that there is, over all engines and models. */
function valuesOf(samples: readonly Sample[], names: readonly string[]): number[] {
  for (const name of names) {
    const values = samples.flatMap((sample) =>
      sample.name === name && Number.isFinite(sample.value) ? [sample.value] : [],
    );
    if (values.length > 0) {
      return values;
    }
  }
  return [];
}

function sumOf(samples: readonly Sample[], names: readonly string[]): number | null {
  const values = valuesOf(samples, names);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + Math.max(0, value), 0);
}
