import type { BudgetStatus } from "../../src/domain/api.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { type Random, randomOf } from "./random.ts";

export interface AgentDay {
  readonly calls: number;
  /** The budget when the first call was refused. */
  readonly atRefusal: BudgetStatus;
}

/** As Claude Code sends them: 128,000 output tokens allowed, 300 used, 49 KB of prompt and tools, up to eight calls at once. */
const OUTPUT_LIMIT = 128_000;
const USED_TOKENS = 300;
const BODY_BYTES = 49_000;
const MOST_AT_ONCE = 8;

/** An agent works through the real sidecar until its hard budget refuses it for the first time. */
export async function runAgentDay(model: string, limitUsd: number, seed: number): Promise<AgentDay> {
  const random = randomOf(seed);
  const upstreams = await startUpstreams();
  upstreams.anthropic.script.default = { answerTokens: USED_TOKENS };
  const sidecar = await RunningSidecar.start({
    providers: { anthropic: { protocol: "anthropic", baseUrl: upstreams.anthropic.url } },
    budgets: [{ name: "day", limitUsd, window: "day", hard: true }],
    timeZone: "UTC",
  });
  try {
    const { anthropic = "" } = await sidecar.urls({ tool: "claude" });
    for (let calls = 0; ; ) {
      const burst = 1 + random.below(MOST_AT_ONCE);
      const answers = await Promise.all(Array.from({ length: burst }, () => ask(anthropic, model, random)));
      calls += burst;
      if (answers.includes(402)) {
        const [atRefusal] = (await sidecar.api.status()).budgets;
        return { calls, atRefusal: atRefusal as BudgetStatus };
      }
    }
  } finally {
    await sidecar.remove();
    await upstreams.stop();
  }
}

async function ask(base: string, model: string, random: Random): Promise<number> {
  const words = Array.from({ length: 2_000 }, () => WORDS[random.below(WORDS.length)]).join(" ");
  const text = `${words} `.repeat(10).slice(0, BODY_BYTES);
  const answer = await fetch(`${base}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": "sk-x", "anthropic-version": "2023-06-01" },
    body: JSON.stringify({
      model,
      max_tokens: OUTPUT_LIMIT,
      stream: true,
      thinking: { type: "enabled", budget_tokens: 31_999 },
      system: [{ type: "text", text: "You are a careful engineer.", cache_control: { type: "ephemeral" } }],
      messages: [{ role: "user", content: text }],
    }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

const WORDS =
  "the function returns a value when its argument is read from file and every test that fails must say why".split(" ");
