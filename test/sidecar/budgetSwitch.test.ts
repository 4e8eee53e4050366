import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { CommandLine } from "../cli/command.ts";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

const MESSAGES = [{ role: "user" as const, content: "Hi" }];

describe("a budget that switches models", () => {
  const world = new GatewayWorld();

  /** A soft budget that is spent beyond any share by the call that it is made with. */
  async function spentBudget(name: string, to: unknown, scope: object): Promise<void> {
    await world.sidecar.api.setBudget({
      name,
      limitUsd: 0.000001,
      window: "total",
      hard: false,
      scope: scope as Record<string, string>,
      switchTo: { from: 0.8, to: to as string },
    });
  }

  async function complete(model: string, caller = {}) {
    const client = await world.openai(caller);
    const { data, response } = await client.chat.completions.create({ model, messages: MESSAGES }).withResponse();
    return { data, response, call: await world.booked(response.headers.get("x-tollgate-call-id")) };
  }

  afterEach(async () => {
    for (const { name } of await world.sidecar.api.budgets()) {
      await world.sidecar.api.removeBudget(name);
    }
  });

  it("sends a call to the cheaper model, and says so in the answer and the ledger; price and hold follow it", async () => {
    const before = await complete("gpt-4.1", { project: "a" });
    assert.equal(before.response.headers.get("x-tollgate-switched-model"), null);
    await spentBudget("thin", { provider: "openai", model: "gpt-4o-mini" }, { project: "a" });
    const { response, call, data } = await complete("gpt-4.1", { project: "a" });
    assert.equal(response.headers.get("x-tollgate-switched-model"), "gpt-4o-mini");
    assert.match(data.model, /^gpt-4o-mini/);
    assert.equal(world.upstreams.openai.requests.at(-1)?.body?.model, "gpt-4o-mini");
    assert.equal(call.requestedModel, "gpt-4o-mini");
    assert.deepEqual(call.standsInFor, { provider: "openai", model: "gpt-4.1", why: "budget", budget: "thin" });
    assert.ok(call.costNanoUsd * 5 < before.call.costNanoUsd, "mini costs less than a tenth");
    assert.ok(call.holdNanoUsd * 5 < before.call.holdNanoUsd);
    const status = (await world.sidecar.api.status()).budgets.find(({ name }) => name === "thin");
    assert.equal(status?.switchedTo, "openai/gpt-4o-mini");
    const elsewhere = await complete("gpt-4.1", { project: "b" });
    assert.equal(elsewhere.call.standsInFor, undefined, "the budget does not cover it");
  });

  it("lowers the output limit to what the budget still buys of the other model", async () => {
    await world.sidecar.api.setBudget({
      name: "tight",
      limitUsd: 0.001,
      window: "total",
      scope: { project: "t" },
      switchTo: { from: 0.1, to: { provider: "openai", model: "gpt-4o-mini" } },
    });
    const ask = async (maxTokens: number, usage: Record<string, number>) => {
      world.upstreams.openai.script.next({ text: "Done.", usage });
      const client = await world.openai({ project: "t" });
      const { response } = await client.chat.completions
        .create({ model: "gpt-4.1", messages: MESSAGES, max_tokens: maxTokens })
        .withResponse();
      return { response, call: await world.booked(response.headers.get("x-tollgate-call-id")) };
    };
    const first = await ask(60, { prompt_tokens: 0, completion_tokens: 60, total_tokens: 60 });
    assert.equal(first.call.costNanoUsd, 60 * 8_000, "gpt-4.1: 8 USD for a million tokens");
    const left = 1_000_000 - first.call.costNanoUsd;
    const { response, call } = await ask(100_000, { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 });
    const limit = Number(response.headers.get("x-tollgate-clamped-output"));
    assert.equal(world.upstreams.openai.requests.at(-1)?.body?.max_tokens, limit);
    assert.deepEqual([call.requestedModel, call.costNanoUsd], ["gpt-4o-mini", 9 * 150 + 5 * 600]);
    assert.ok(call.holdNanoUsd <= left && call.holdNanoUsd >= limit * 600, `${call.holdNanoUsd} of ${left}`);
    assert.ok(limit * 8_000 > left, "so long an answer of gpt-4.1 would not fit");
  });

  it("leaves calls alone until so much is spent, and in a pause", async () => {
    await world.sidecar.api.setBudget({
      name: "wide",
      limitUsd: 100,
      window: "total",
      scope: { project: "c" },
      switchTo: { from: 0.8, to: { provider: "openai", model: "gpt-4o-mini" } },
    });
    assert.equal((await complete("gpt-4.1", { project: "c" })).call.standsInFor, undefined);
    await world.sidecar.api.setBudget({
      name: "wide",
      limitUsd: 0.000_001,
      window: "total",
      scope: { project: "c" },
      switchTo: { from: 0.8, to: { provider: "openai", model: "gpt-4o-mini" } },
    });
    await world.sidecar.api.decide("wide", { kind: "pause", by: "ana" });
    assert.equal((await complete("gpt-4.1", { project: "c" })).call.standsInFor, undefined);
  });

  it("reaches a local server of the same protocol, without the client's key", async () => {
    await complete("gpt-4.1", { project: "d" });
    const { data } = await (await world.openai()).models.list();
    assert.ok(data.length > 0);
    const [served] = (await world.sidecar.api.models({ provider: "vllm" })).map(({ model }) => model);
    await spentBudget("local", { provider: "vllm", model: served }, { project: "d" });
    const { call, response } = await complete("gpt-4.1", { project: "d" });
    assert.equal(response.headers.get("x-tollgate-switched-provider"), "vllm");
    assert.deepEqual([call.provider, call.costBasis, call.standsInFor?.provider], ["vllm", "compute-hour", "openai"]);
    const [request] = world.upstreams.vllm.requests.filter(({ path }) => path.endsWith("/chat/completions"));
    assert.equal(request?.headers.authorization, undefined);
  });

  it("sends no call to another provider that would want a key, or that speaks another protocol", async () => {
    await complete("gpt-4.1", { project: "e" });
    await spentBudget("other", { provider: "anthropic", model: "claude-haiku-4-5" }, { project: "e" });
    assert.equal((await complete("gpt-4.1", { project: "e" })).call.provider, "openai");
  });

  it("is refused where it would send calls nowhere, and one that has come to is told of", async () => {
    const set = (to: unknown) =>
      spentBudget("nowhere", to, {}).then(
        () => "set",
        (error: Error) => error.message,
      );
    assert.match(await set({ provider: "opnai", model: "m" }), /no provider is named opnai\. Known: openai, anthropic/);
    assert.match(await set("cheapest"), /cheapest is neither a tier nor a model that is known/);
    assert.equal(await set("gpt-4o-mini"), "set");
    const to = { provider: "nowhere", model: "m" };
    assert.equal(await set(to), "set");
    const { providers } = await world.sidecar.api.config();
    await world.sidecar.api.changeConfig({ providers: { nowhere: null } } as never);
    const told = "The budget nowhere switches to nowhere/m, and there is no provider named nowhere.";
    assert.ok((await world.sidecar.api.status()).notices.includes(told));
    await world.sidecar.api.changeConfig({ providers: { nowhere: providers.nowhere } } as never);
    assert.ok(!(await world.sidecar.api.status()).notices.includes(told));
  });

  it("knows the usual tiers, and switches streams of Anthropic's too", async () => {
    const { anthropic: baseURL } = await world.sidecar.urls({ project: "f" });
    const client = new Anthropic({ baseURL: baseURL as string, apiKey: KEY, maxRetries: 0 });
    const ask = () =>
      client.messages
        .create({ model: "claude-opus-4-5", max_tokens: 50, messages: MESSAGES, stream: true })
        .withResponse();
    for await (const _ of (await ask()).data) {
      // To its end.
    }
    await spentBudget("tier", "haiku", { project: "f" });
    const { data, response } = await ask();
    for await (const _ of data) {
      // To its end.
    }
    assert.match(response.headers.get("x-tollgate-switched-model") ?? "", /^claude-haiku/);
  });

  it("sends prompts that name a tier to a backend of any protocol", async () => {
    const line = new CommandLine({
      TOLLGATE_DATA_DIR: world.sidecar.dataDir,
      OPENAI_API_KEY: KEY,
      ANTHROPIC_API_KEY: KEY,
    });
    await world.sidecar.api.backends.switch({
      name: "openai/gpt-4.1",
      tier: "strong",
      keys: { openai: KEY },
      by: "ana",
    });
    await complete("gpt-4.1", { project: "g" });
    const set = await line.run(
      "budget set thin 0.000001 --soft --window total --project g --switch-to anthropic/claude-haiku-4-5".split(" "),
    );
    assert.equal(set.code, 0, set.err);
    const asked = await line.run(["ask", "--json", "--model", "strong", "--project", "g", "Hi"]);
    assert.match(asked.err, /the budget thin is spent to .*: anthropic\/claude-haiku-4-5 is asked instead/);
    const { call } = JSON.parse(asked.out);
    assert.deepEqual([call.provider, call.standsInFor.why, call.standsInFor.budget], ["anthropic", "budget", "thin"]);
    const keyless = new CommandLine({ TOLLGATE_DATA_DIR: world.sidecar.dataDir, OPENAI_API_KEY: KEY });
    const stays = await keyless.run(["ask", "--json", "--model", "strong", "--project", "g", "Hi"]);
    assert.equal(JSON.parse(stays.out).call.provider, "openai", "a backend without a key is no help");
    const named = await line.run([
      "ask",
      "--json",
      "--provider",
      "openai",
      "--model",
      "gpt-4.1",
      "--project",
      "g",
      "Hi",
    ]);
    assert.equal(JSON.parse(named.out).call.provider, "openai", "a model that is named is meant");
  });
});
