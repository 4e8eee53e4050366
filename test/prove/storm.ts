import type { BudgetStatus } from "../../src/domain/api.ts";
import type { Call } from "../../src/domain/call.ts";
import type { Refusal } from "../../src/domain/events.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import type { Behaviour } from "../upstreams/script.ts";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { type Random, randomOf } from "./random.ts";

export interface StormOptions {
  readonly seed: number;
  readonly calls: number;
  /** False for the control: the same budgets only warn. */
  readonly hard: boolean;
}

export interface StormResult {
  readonly budgets: readonly BudgetStatus[];
  readonly calls: readonly Call[];
  readonly refusals: readonly Refusal[];
}

const PROJECTS = ["web", "api", "cli"];
const OPENAI_MODELS = ["gpt-4o", "gpt-4o-mini", "gpt-5-mini"];

/**
 * Many calls at once through the real sidecar, of random size and four protocols: streams and whole answers, clients that
 * leave, providers that fail, and providers that use every token they may. Gives what the books say when all is over.
 */
export async function runStorm({ seed, calls, hard }: StormOptions): Promise<StormResult> {
  const random = randomOf(seed);
  const upstreams = await startUpstreams();
  const limit = (usd: number) => usd * (0.5 + random.next());
  const sidecar = await RunningSidecar.start({
    providers: {
      openai: { protocol: "openai", baseUrl: upstreams.openai.url },
      anthropic: { protocol: "anthropic", baseUrl: upstreams.anthropic.url },
      google: { protocol: "google", baseUrl: upstreams.google.url },
    },
    budgets: [
      { name: "all", limitUsd: limit(calls * 0.0015), window: "month", hard },
      { name: "day", limitUsd: limit(calls * 0.001), window: "day", hard },
      { name: "claude", limitUsd: limit(calls * 0.0005), window: "total", hard, scope: { model: "claude-*" } },
      ...PROJECTS.map((project) => ({
        name: `project ${project}`,
        limitUsd: limit(calls * 0.0005),
        window: "week",
        hard,
        scope: { project },
      })),
    ],
    gate: { waitMs: 500 },
    timeZone: "UTC",
  });
  const refusals: Refusal[] = [];
  const listening = new AbortController();
  try {
    await new Promise<void>((ready) => {
      const onEvent = (event: { type: string; refusal?: Refusal }) => {
        if (event.type === "call.refused" && event.refusal !== undefined) {
          refusals.push(event.refusal);
        }
      };
      sidecar.api.subscribe({ onStatus: () => ready(), onEvent, onClose: () => {} }, listening.signal);
    });
    const urls = await Promise.all(PROJECTS.map((project) => sidecar.urls({ project })));
    for (const upstream of [upstreams.openai, upstreams.anthropic, upstreams.google]) {
      upstream.script.next(...Array.from({ length: calls }, () => randomBehaviour(random)));
    }
    await Promise.all(
      Array.from({ length: calls }, () => {
        const { openai = "", anthropic = "", google = "" } = random.pick(urls);
        const dice = random.next();
        return dice < 0.3
          ? askOpenai(openai, random)
          : dice < 0.5
            ? askResponses(openai, random)
            : dice < 0.8
              ? askAnthropic(anthropic, random)
              : askGoogle(google, random);
      }),
    );
    const settled = await untilNothingIsHeld(sidecar);
    const booked: Call[] = [];
    for await (const call of sidecar.api.allCalls()) {
      booked.push(call);
    }
    return { budgets: settled, calls: booked, refusals };
  } finally {
    listening.abort();
    await sidecar.remove();
    await upstreams.stop();
  }
}

/** The budgets when the last call has been settled: clients that left do not wait for that. */
async function untilNothingIsHeld(sidecar: RunningSidecar): Promise<readonly BudgetStatus[]> {
  for (;;) {
    const status = await sidecar.api.status();
    if (status.callsInFlight === 0) {
      return status.budgets;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function randomBehaviour(random: Random): Behaviour {
  const dice = random.next();
  const delayMs = random.below(30);
  if (dice < 0.1) {
    return { error: { status: random.pick([429, 500, 503]) }, delayMs };
  }
  if (dice < 0.2) {
    return { answerTokens: 400, cutAfter: 1 + random.below(20), delayMs };
  }
  if (dice < 0.3) {
    return { answerTokens: random.below(300), omitUsage: true, delayMs };
  }
  // The provider goes on until the limit stops it: the client's, or that of the smallest of these models.
  return { answerTokens: dice < 0.6 ? 16_384 : 1 + random.below(600), delayMs, gapMs: random.pick([0, 0, 1]) };
}

function askOpenai(base: string, random: Random): Promise<void> {
  const limit = random.next() < 0.5 ? { max_completion_tokens: 1 + random.below(1_500) } : {};
  const body = { model: random.pick(OPENAI_MODELS), messages: messages(random), stream: random.next() < 0.6, ...limit };
  return ask(`${base}/chat/completions`, { authorization: "Bearer sk-x" }, body, random);
}

function askResponses(base: string, random: Random): Promise<void> {
  const limit = random.next() < 0.5 ? { max_output_tokens: 16 + random.below(1_500) } : {};
  const body = { model: random.pick(OPENAI_MODELS), input: messages(random), stream: random.next() < 0.6, ...limit };
  return ask(`${base}/responses`, { authorization: "Bearer sk-x" }, body, random);
}

function askGoogle(base: string, random: Random): Promise<void> {
  const limit = random.next() < 0.5 ? { generationConfig: { maxOutputTokens: 1 + random.below(1_500) } } : {};
  const contents = messages(random).map(({ role, content }) => ({ role, parts: [{ text: content }] }));
  const method = random.next() < 0.6 ? "streamGenerateContent?alt=sse" : "generateContent";
  const url = `${base}/v1beta/models/gemini-2.5-flash:${method}`;
  return ask(url, { "x-goog-api-key": "x" }, { contents, ...limit }, random);
}

function askAnthropic(base: string, random: Random): Promise<void> {
  const body = {
    model: "claude-haiku-4-5",
    messages: messages(random),
    stream: random.next() < 0.6,
    max_tokens: random.pick([128_000, 1 + random.below(1_500)]),
  };
  return ask(`${base}/v1/messages`, { "x-api-key": "sk-x", "anthropic-version": "2023-06-01" }, body, random);
}

function messages(random: Random): Array<{ role: "user"; content: string }> {
  return [{ role: "user", content: `${random.below(1_000_000)} ${"words of a prompt ".repeat(random.below(80))}` }];
}

/**
 * Sends a call and reads its answer; one in four leaves with the first of it, and as the SDKs do, all try twice more where
 * the provider fails. Whatever happens is for the books to say.
 */
async function ask(
  url: string,
  headers: Record<string, string>,
  body: object,
  random: Random,
  attempt = 1,
): Promise<void> {
  const leaves = random.next() < 0.25;
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    if (answer.status !== 402 && answer.status >= 400 && attempt < 3) {
      await answer.arrayBuffer();
      return ask(url, { ...headers, "x-tollgate-attempt": String(attempt + 1) }, body, random, attempt + 1);
    }
    const reader = answer.body?.getReader();
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      if (leaves) {
        await reader?.cancel();
        return;
      }
    }
  } catch {
    // Cut by the provider.
  }
}
