import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { RateLimit } from "../../src/domain/rateLimits/rateLimitSettings.ts";
import { CommandLine } from "../cli/command.ts";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

const MESSAGES = [{ role: "user" as const, content: "Hi" }];

describe("rate limits", () => {
  const world = new GatewayWorld();

  const limit = (rules: RateLimit[], waitMs = 0) => world.sidecar.api.changeConfig({ rateLimits: { rules, waitMs } });

  async function ask(caller = {}) {
    const client = await world.openai(caller);
    return client.chat.completions.create({ model: "gpt-4.1", messages: MESSAGES, max_tokens: 50 });
  }

  async function refusal(work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
    const error = await work.then(
      () => assert.fail("it passed"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof OpenAI.APIError, String(error));
    return error;
  }

  afterEach(() => limit([]));

  it("answer with 429 and when to come again, in the protocol's own shape", async () => {
    await limit([{ tool: "codex", requestsPerMinute: 2 }]);
    await ask({ tool: "codex" });
    await ask({ tool: "codex" });
    const error = await refusal(ask({ tool: "codex" }));
    assert.equal(error.status, 429);
    assert.equal(error.headers?.get("x-should-retry"), "true");
    assert.equal(Number(error.headers?.get("retry-after")), 30, "never long: some clients wait in silence");
    assert.deepEqual([error.code, error.type], ["rate_limited", "rate_limit_error"]);
    assert.match(error.message, /limit of 2 requests a minute for tool codex is reached/);
    assert.equal(world.upstreams.openai.requests.length, 2);
    await ask({ tool: "aider" });
    const { anthropic: baseURL } = await world.sidecar.urls({ tool: "codex" });
    const client = new Anthropic({ baseURL: baseURL as string, apiKey: KEY, maxRetries: 0 });
    const other = await client.messages.create({ model: "claude-haiku-4-5", max_tokens: 9, messages: MESSAGES }).then(
      () => assert.fail("it passed"),
      (thrown: InstanceType<typeof Anthropic.APIError>) => thrown,
    );
    assert.match(JSON.stringify(other.error), /"type":"rate_limit_error"/);
    const log = readFileSync(join(world.sidecar.dataDir, "failures.jsonl"), "utf8");
    const failure = log.split("\n").find((line) => line.includes('"event":"call.limited"')) ?? assert.fail(log);
    const id = error.headers?.get("x-tollgate-call-id");
    const { callId, errorType, message, retryCount } = JSON.parse(failure);
    assert.deepEqual([callId, errorType, retryCount], [id, "rate_limited", 0]);
    assert.match(message, /2 requests a minute/);
    const call = await world.booked(id);
    assert.deepEqual(
      [call.status, call.httpStatus, call.errorType, call.costNanoUsd, call.tool, call.requestedModel],
      ["refused", 429, "rate_limited", 0, "codex", "gpt-4.1"],
    );
    const { groups } = await world.sidecar.api.summary({ by: "tool" });
    const codex = groups.find(({ key }) => key === "codex");
    assert.deepEqual([codex?.calls, codex?.refused], [2, 2]);
  });

  it("count tokens by what calls have really used, for each user apart", async () => {
    await limit([{ provider: "openai", each: "user", tokensPerMinute: 100 }]);
    world.upstreams.openai.script.next({ usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
    await ask({ user: "ana" });
    world.upstreams.openai.script.next({ usage: { prompt_tokens: 90, completion_tokens: 9, total_tokens: 99 } });
    await ask({ user: "ana" });
    assert.match(
      (await refusal(ask({ user: "ana" }))).message,
      /limit of 100 tokens a minute for provider openai, for each user/,
    );
    await ask({ user: "ben" });
  });

  it("let calls wait for as long as they may", async () => {
    world.upstreams.openai.script.next({ error: { status: 429, retryAfterSeconds: 1 } });
    await limit([], 5_000);
    await refusal(ask());
    const before = performance.now();
    await ask();
    assert.ok(performance.now() - before > 500, "the provider asked for a second");
  });

  it("do not hold back a call of another key or model, nor one that would wait too long", async () => {
    world.upstreams.openai.script.next({ error: { status: 429, retryAfterSeconds: 500 } });
    await limit([], 100);
    await refusal(ask());
    await ask();
    await limit([], 600_000);
    const { openai: baseURL } = await world.sidecar.urls();
    const other = new OpenAI({ baseURL: baseURL as string, apiKey: "sk-another", maxRetries: 0 });
    await other.chat.completions.create({ model: "gpt-4.1", messages: MESSAGES });
    await (await world.openai()).chat.completions.create({ model: "gpt-4o", messages: MESSAGES });
  });

  it("are listed, set and removed on the command line", async () => {
    const line = new CommandLine({ TOLLGATE_DATA_DIR: world.sidecar.dataDir });
    const run = async (text: string) => line.run(["limit", ...text.split(" ")]);
    assert.match(
      (await run("set --tool codex --requests 60")).out,
      /^The limit for tool codex is 60 requests a minute/,
    );
    await run("set --each user --tokens 5000");
    await run("set --tool codex --requests 20 --tokens 9000");
    const { out } = await run("list");
    assert.match(out, /^1 +tool codex +20 +9,000$/m);
    assert.match(out, /^2 +all calls, for each user +- +5,000$/m);
    assert.equal((await run("remove 1")).code, 0);
    assert.deepEqual((await world.sidecar.api.config()).rateLimits.rules, [{ each: "user", tokensPerMinute: 5000 }]);
    const none = await run("set --tool codex");
    assert.deepEqual([none.code, /names no limit/.test(none.err)], [2, true]);
    assert.match((await run("remove 7")).err, /there is no limit 7/);
  });

  it("give back what a refused call did not use", async () => {
    await world.sidecar.api.setBudget({ name: "none", limitUsd: 0, window: "total", scope: { project: "poor" } });
    await limit([{ project: "poor", requestsPerMinute: 1 }]);
    assert.equal((await refusal(ask({ project: "poor" }))).status, 402);
    assert.equal((await refusal(ask({ project: "poor" }))).status, 402, "not 429");
    await world.sidecar.api.removeBudget("none");
  });
});
