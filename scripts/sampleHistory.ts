import type { Call } from "../src/domain/call.ts";
import { parseConfig } from "../src/domain/config.ts";
import type { NewEvent } from "../src/domain/events.ts";
import { nanoFromUsd } from "../src/domain/money.ts";
import { PriceBook } from "../src/domain/priceBook.ts";
import { costOf } from "../src/domain/rates.ts";
import { NO_USAGE, type Usage } from "../src/domain/usage.ts";
import { Ledger } from "../src/ledger/ledger.ts";

/** One program's habit of calling one model. Token figures are the middle of what its calls use. */
interface Habit {
  readonly provider: "openai" | "anthropic" | "vllm";
  readonly model: string;
  readonly tool: string;
  readonly project: string;
  readonly callsADay: number;
  readonly input: number;
  /** Share of the input that was read from the provider's cache. */
  readonly cached: number;
  readonly output: number;
  readonly latencyMs: number;
}

const HABITS: readonly Habit[] = [
  habit("anthropic", "claude-sonnet-4-6", "claude-code", "parcel-rates", 9, [18_000, 0.7, 900, 9_400]),
  habit("anthropic", "claude-haiku-4-5-20251001", "vscode", "parcel-rates", 14, [3_200, 0.3, 520, 2_600]),
  habit("openai", "gpt-5-mini-2025-08-07", "vscode", "parcel-rates", 22, [2_600, 0.2, 640, 3_900]),
  habit("openai", "gpt-5.4-2026-03-05", "codex", "storefront", 7, [14_000, 0.6, 1_100, 12_800]),
  habit("vllm", "qwen2.5-coder-7b", "continue", "storefront", 31, [900, 0, 120, 740]),
];

const DAYS = 30;
/** Today is a day of more calls than most, whatever the hour. */
const BUSY_TODAY = 2;
const HOUR_MS = 3_600_000;
const QUARTER_HOUR_MS = HOUR_MS / 4;
const UP_HOURS_A_DAY = 3;
const HOURLY_RATE_USD = 0.16;

function habit(
  provider: Habit["provider"],
  model: string,
  tool: string,
  project: string,
  callsADay: number,
  [input, cached, output, latencyMs]: readonly [number, number, number, number],
): Habit {
  return { provider, model, tool, project, callsADay, input, cached, output, latencyMs };
}

/**
 * Books thirty days of work up to `now` (ms since the epoch), by the very ledger and prices of the product. The same figures
 * each time: only the days move with the calendar.
 */
export async function bookSampleHistory(dir: string, now: number): Promise<void> {
  const prices = new PriceBook(
    parseConfig({
      providers: {
        openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" },
        anthropic: { protocol: "anthropic", baseUrl: "https://api.anthropic.com" },
        vllm: { protocol: "openai", baseUrl: "http://127.0.0.1:8000/v1", pricing: { kind: "compute-hour" } },
      },
    }).providers,
    [],
  );
  const events = [...sampleCalls(now, prices), ...accruals(now)].sort((one, other) => one.at - other.at);
  let clock = now;
  const ledger = await Ledger.open({ dir, now: () => clock });
  for (const { at, event } of events) {
    clock = at;
    ledger.appendSoon(event);
  }
  clock = now;
  await ledger.flush();
  await ledger.close();
}

interface Dated {
  readonly at: number;
  readonly event: NewEvent;
}

function sampleCalls(now: number, prices: PriceBook): Dated[] {
  const random = sequence(20_261_121);
  const dated: Dated[] = [];
  for (let daysAgo = DAYS - 1; daysAgo >= 0; daysAgo--) {
    const [from, to] = workingHours(now, daysAgo);
    const busy = daysAgo > 0 ? 0.45 + 1.1 * random() : BUSY_TODAY;
    for (const habit of HABITS)
      for (let n = Math.round(habit.callsADay * busy); n > 0; n--) {
        const startedAt = Math.round(from + (to - from) * random());
        const call = sampleCall(`call-${dated.length}`, habit, startedAt, random, prices);
        dated.push({ at: Date.parse(call.endedAt), event: { type: "call.settled", call } });
      }
  }
  return dated;
}

function sampleCall(id: string, habit: Habit, startedAt: number, random: () => number, prices: PriceBook): Call {
  const around = (middle: number): number => Math.round(middle * (0.4 + 1.2 * random()));
  const failed = random() < 0.03;
  const usage: Usage = { ...NO_USAGE };
  const input = around(habit.input);
  const output = around(habit.output);
  const latencyMs = around(habit.latencyMs);
  if (!failed)
    Object.assign(usage, {
      inputTokens: input,
      cachedInputTokens: Math.round(input * habit.cached),
      outputTokens: output,
    });
  const priced = prices.lookUp(habit.provider, habit.model, startedAt, null, usage.inputTokens);
  if (!priced) throw new Error(`The catalogue has no price for ${habit.model}; name another model in the sample.`);
  return {
    id,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(startedAt + (failed ? 310 : latencyMs)).toISOString(),
    provider: habit.provider,
    protocol: habit.provider === "anthropic" ? "anthropic-messages" : "openai-chat",
    model: habit.model,
    requestedModel: habit.model,
    project: habit.project,
    tool: habit.tool,
    user: null,
    tags: [],
    requestType: null,
    traceId: null,
    sessionId: null,
    branch: null,
    status: failed ? "error" : "ok",
    httpStatus: failed ? 429 : 200,
    errorType: failed ? "rate_limit_error" : null,
    stream: true,
    latencyMs: failed ? 310 : latencyMs,
    firstTokenMs: failed ? null : Math.round(Math.min(latencyMs * 0.6, 180 + 900 * random())),
    usage,
    usageBasis: failed ? "none" : "reported",
    costNanoUsd: costOf(usage, priced.rates),
    costBasis: priced.basis,
    rates: priced.rates,
    priceVersion: priced.version,
    holdNanoUsd: 0,
    // As the gate expects it: the prompt is known, and answers are as long as usual.
    expectedNanoUsd: costOf({ ...NO_USAGE, inputTokens: input, outputTokens: habit.output }, priced.rates),
    attempt: 1,
  };
}

/** The local vLLM, up for some hours of each earlier day. */
function accruals(now: number): Dated[] {
  const dated: Dated[] = [];
  const costNanoUsd = nanoFromUsd((HOURLY_RATE_USD * QUARTER_HOUR_MS) / HOUR_MS);
  for (let daysAgo = DAYS - 1; daysAgo > 0; daysAgo--) {
    const [start] = workingHours(now, daysAgo);
    for (let n = 0; n < (UP_HOURS_A_DAY * HOUR_MS) / QUARTER_HOUR_MS; n++) {
      const from = start + n * QUARTER_HOUR_MS;
      const to = from + QUARTER_HOUR_MS;
      dated.push({ at: to, event: { type: "compute.accrued", accrual: { provider: "vllm", from, to, costNanoUsd } } });
    }
  }
  return dated;
}

/** Nine to five of an earlier day, by the local clock; of today the time up to a minute ago. */
function workingHours(now: number, daysAgo: number): [from: number, to: number] {
  const day = new Date(now);
  const at = (hour: number): number =>
    new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysAgo, hour).getTime();
  return daysAgo > 0 ? [at(9), at(17)] : [at(0), Math.max(at(0), now - 60_000)];
}

/** Evenly spread figures from 0 up to 1, the same for the same seed (a linear congruential generator). */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
