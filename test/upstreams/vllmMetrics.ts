/** What the simulated vLLM counts; `processStartSeconds` is seconds since the epoch and may be set. */
export type VllmMeters = {
  processStartSeconds: number;
  promptTokens: number;
  generationTokens: number;
  running: number;
  waiting: number;
  /** Seconds that requests have spent reading their prompts and writing their answers. */
  prefillSeconds: number;
  decodeSeconds: number;
  succeeded: { stop: number; length: number; abort: number };
};

/** Prometheus text (version 0.0.4) with the names vLLM uses. */
export const vllmMetrics = (meters: VllmMeters, model: string): string => {
  const labels = `engine="0",model_name="${model}"`;
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: [string, number][]): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [sampleLabels, value] of samples) lines.push(`${name}${sampleLabels} ${value.toFixed(1)}`);
  };
  const one = (value: number): [string, number][] => [[`{${labels}}`, value]];
  lines.push("# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.");
  lines.push("# TYPE process_start_time_seconds gauge");
  lines.push(`process_start_time_seconds ${meters.processStartSeconds.toFixed(2)}`);
  family("vllm:num_requests_running", "gauge", "Number of requests in model execution.", one(meters.running));
  family("vllm:num_requests_waiting", "gauge", "Number of requests waiting to be processed.", one(meters.waiting));
  family(
    "vllm:kv_cache_usage_perc",
    "gauge",
    "KV-cache usage. 1 means 100 percent.",
    one(meters.running > 0 ? 0.1 : 0),
  );
  family("vllm:prompt_tokens_total", "counter", "Number of prefill tokens processed.", one(meters.promptTokens));
  family(
    "vllm:generation_tokens_total",
    "counter",
    "Number of generation tokens processed.",
    one(meters.generationTokens),
  );
  const histogram = (name: string, help: string, seconds: number): void => {
    const { stop, length, abort } = meters.succeeded;
    const count = stop + length + abort;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} histogram`);
    lines.push(`${name}_bucket{${labels},le="+Inf"} ${count.toFixed(1)}`);
    lines.push(`${name}_count{${labels}} ${count.toFixed(1)}`, `${name}_sum{${labels}} ${seconds}`);
  };
  histogram(
    "vllm:request_prefill_time_seconds",
    "Histogram of time spent in PREFILL phase for request.",
    meters.prefillSeconds,
  );
  histogram(
    "vllm:request_decode_time_seconds",
    "Histogram of time spent in DECODE phase for request.",
    meters.decodeSeconds,
  );
  family(
    "vllm:request_success_total",
    "counter",
    "Count of successfully processed requests.",
    Object.entries(meters.succeeded).map(([reason, count]) => [`{${labels},finished_reason="${reason}"}`, count]),
  );
  return `${lines.join("\n")}\n`;
};
