import assert from "node:assert/strict";
import fc from "fast-check";
import { type Backend, isSameBackend } from "../../src/domain/backends/backendSettings.ts";
import { fallbackOrder } from "../../src/domain/backends/fallbackOrder.ts";
import { PromptError } from "../../src/prompts/promptError.ts";
import { type FallbackHandlers, runWithFallback, type TakeOver } from "../../src/prompts/runWithFallback.ts";
import { CommandLine } from "../cli/command.ts";
import { GatewayWorld, KEY } from "../sidecar/gatewayWorld.ts";
import type { Behaviour } from "../upstreams/script.ts";

const GPT: Backend = { provider: "openai", model: "gpt-4.1" };
const HAIKU: Backend = { provider: "anthropic", model: "claude-haiku-4-5" };
const PROTOCOLS = { openai: "openai", anthropic: "anthropic", nowhere: "openai" } as const;
/** Retries wait for nothing. */
const AT_ONCE = { sleep: async () => {}, random: () => 0 };

describe("fallback", () => {
  const world = new GatewayWorld();

  async function ask(order: readonly [Backend, ...Backend[]], handlers: FallbackHandlers = {}) {
    const urls = await world.sidecar.urls();
    const failed: Backend[] = [];
    const takeOvers: TakeOver[] = [];
    const plan = {
      wanted: order[0],
      order,
      requestFor: ({ provider, model }: Backend) => ({
        provider,
        model,
        protocol: PROTOCOLS[provider as keyof typeof PROTOCOLS],
        baseUrl: urls[provider] as string,
        key: KEY,
        messages: [{ role: "user" as const, text: "Hi" }],
        maxOutputTokens: 100,
        // Only who is to keep silent is not waited for long: a busy machine is no fault.
        timeoutMs: provider === "openai" && world.upstreams.openai.script.default.hang === true ? 400 : 30_000,
      }),
      failed: (backend: Backend) => failed.push(backend),
    };
    const onTakeOver = (takeOver: TakeOver) => takeOvers.push(takeOver);
    const result = await runWithFallback(plan, { clock: AT_ONCE, onTakeOver, ...handlers }).catch((error) => {
      assert.ok(error instanceof PromptError, String(error));
      return error;
    });
    return { result, failed, takeOvers };
  }

  const always = (behaviour: Behaviour) => {
    world.upstreams.openai.script.default = behaviour;
  };

  it("is announced, and stands in the ledger: all attempts under one id, the last with what it stands in for", async () => {
    always({ error: { status: 503 } });
    const { result, failed, takeOvers } = await ask([GPT, HAIKU]);
    assert.ok(!(result instanceof PromptError), String(result));
    assert.deepEqual(result.backend, HAIKU);
    assert.deepEqual(failed, [GPT]);
    assert.match(takeOvers[0]?.error?.message ?? "", /503/);
    const call = await world.booked(result.callId);
    assert.deepEqual(call.standsInFor, { ...GPT, why: "failure", budget: null });
    const { calls } = await world.sidecar.api.calls({ prompt: call.promptId as string });
    assert.deepEqual(
      calls.map(({ provider, attempt, status }) => [provider, attempt, status]),
      [
        ["anthropic", 1, "ok"],
        ["openai", 4, "error"],
        ["openai", 3, "error"],
        ["openai", 2, "error"],
        ["openai", 1, "error"],
      ],
    );
  });

  for (const [what, behaviour] of Object.entries<Behaviour>({
    "is overloaded": { error: { status: 529 } },
    "has had too many requests": { error: { status: 429, retryAfterSeconds: 3600 } },
    "keeps silent": { hang: true },
    "breaks off before its first word": { cutAfter: 0 },
  })) {
    it(`takes over where the first ${what}`, async () => {
      always(behaviour);
      const { result } = await ask([GPT, HAIKU]);
      assert.ok(!(result instanceof PromptError), String(result));
      assert.deepEqual(result.backend, HAIKU);
    });
  }

  it("goes on to the next where nobody answers at an address", async () => {
    always({ error: { status: 503 } });
    const { result, failed } = await ask([{ provider: "nowhere", model: "m" }, GPT, HAIKU]);
    assert.ok(!(result instanceof PromptError), String(result));
    assert.deepEqual([result.backend, failed.length], [HAIKU, 2]);
  });

  for (const status of [400, 401, 403, 404]) {
    it(`does not take over after HTTP ${status}, which is sent once`, async () => {
      always({ error: { status } });
      const { result, failed, takeOvers } = await ask([GPT, HAIKU]);
      assert.ok(result instanceof PromptError);
      assert.deepEqual([failed.length, takeOvers.length, world.upstreams.openai.requests.length], [0, 0, 1]);
    });
  }

  it("does not take over where a budget refuses", async () => {
    await world.sidecar.api.setBudget({ name: "none", limitUsd: 0, window: "total", scope: { provider: "openai" } });
    const { result, takeOvers } = await ask([GPT, HAIKU]);
    await world.sidecar.api.removeBudget("none");
    assert.ok(result instanceof PromptError);
    assert.deepEqual([result.kind, takeOvers.length], ["refused", 0]);
  });

  it("does not take over once an answer has begun", async () => {
    always({ cutAfter: 6 });
    const { result, takeOvers } = await ask([GPT, HAIKU]);
    assert.ok(result instanceof PromptError);
    assert.deepEqual([result.kind, takeOvers.length], ["broken-stream", 0]);
  });

  it("tells what all of them said where nobody answers", async () => {
    always({ error: { status: 503 } });
    const { result } = await ask([GPT, { provider: "nowhere", model: "m" }]);
    assert.ok(result instanceof PromptError);
    assert.match(result.message, /HTTP 503.*nowhere\/m did not take over: .*cannot be reached/);
  });

  it("works on the command line, which passes over what failed not long ago and tries it again after that", async () => {
    const line = new CommandLine({
      TOLLGATE_DATA_DIR: world.sidecar.dataDir,
      OPENAI_API_KEY: KEY,
      ANTHROPIC_API_KEY: KEY,
    });
    const set = await line.run(["backend", "fallback", "anthropic/claude-haiku-4-5"]);
    assert.match(set.out, /^Takes over: anthropic\/claude-haiku-4-5/, set.err);
    always({ error: { status: 503 }, headers: { "x-should-retry": "false" } });
    const args = ["ask", "--provider", "openai", "--model", "gpt-4.1", "Hi"];
    const first = await line.run(args);
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /openai\/gpt-4\.1 does not answer\. .*503.* anthropic\/claude-haiku-4-5 takes over\./);
    assert.match(first.err, /in place of openai\/gpt-4\.1/);
    always({});
    const asked = world.upstreams.openai.requests.length;
    const second = await line.run(args);
    assert.match(second.err, /It failed not long ago\. anthropic/);
    assert.equal(world.upstreams.openai.requests.length, asked);
    assert.equal((await line.run([...args, "--no-fallback"])).code, 0);
    const { backends } = await world.sidecar.api.config();
    await world.sidecar.api.changeConfig({ backends: { ...backends, coolOffMs: 1 } });
    world.upstreams.openai.script.next({ error: { status: 503 }, headers: { "x-should-retry": "false" } });
    await line.run(["ask", "--provider", "openai", "--model", "gpt-5-mini", "Hi"]);
    const again = await line.run(["ask", "--provider", "openai", "--model", "gpt-5-mini", "Hi"]);
    assert.doesNotMatch(again.err, /takes over/, "its cooling-off is over");
  });
});

describe("the order of backends", () => {
  const backend = fc.record({ provider: fc.constantFrom("a", "b", "c"), model: fc.constantFrom("x", "y") });
  const until = fc.integer({ min: 0, max: 20 });

  it("asks each once, the wanted one first, none that cools off while another is left", () => {
    fc.assert(
      fc.property(
        backend,
        fc.array(backend),
        fc.array(fc.tuple(backend, until)),
        until,
        (wanted, fallback, failed, now) => {
          const cooling = failed.map(([one, ms]) => ({ ...one, until: new Date(ms).toISOString() }));
          const order = fallbackOrder(wanted, fallback, cooling, now);
          const isCooling = (one: Backend) => cooling.some((c) => isSameBackend(c, one) && Date.parse(c.until) > now);
          const all = [wanted, ...fallback];
          for (const [index, one] of order.entries()) {
            assert.equal(
              order.findIndex((other) => isSameBackend(one, other)),
              index,
            );
            assert.ok(all.some((other) => isSameBackend(one, other)));
          }
          if (all.some((one) => !isCooling(one))) {
            assert.ok(!order.some(isCooling));
            assert.ok(isCooling(wanted) || order[0] === wanted);
            for (const one of all) {
              assert.ok(isCooling(one) || order.some((other) => isSameBackend(one, other)));
            }
          } else {
            assert.equal(order[0], wanted);
          }
        },
      ),
    );
  });
});
