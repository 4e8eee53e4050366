import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { CommandLine } from "../cli/command.ts";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { RunningSidecar } from "./runSidecar.ts";

type Upstreams = Awaited<ReturnType<typeof startUpstreams>>;

/** gpt-4o costs 10 USD for a million output tokens: 10,000 nano-USD each. */
const OUTPUT_NANO = 10_000;
const MODEL = "gpt-4o";

function configFor(upstreams: Upstreams, budgets: unknown[], gate: Record<string, number> = { waitMs: 0 }): unknown {
  return {
    providers: {
      openai: { protocol: "openai", baseUrl: upstreams.openai.url },
      anthropic: { protocol: "anthropic", baseUrl: upstreams.anthropic.url },
    },
    budgets,
    gate,
    timeZone: "UTC",
  };
}

function ask(maxTokens: number) {
  return { model: MODEL, max_tokens: maxTokens, messages: [{ role: "user" as const, content: "hi" }] };
}

/** Collects the events of a sidecar until `stop`. */
async function collect(sidecar: RunningSidecar): Promise<{
  events: TollgateEvent[];
  until(type: string, count: number): Promise<void>;
  stop(): void;
}> {
  const events: TollgateEvent[] = [];
  const end = new AbortController();
  let check = () => {};
  await new Promise<void>((listening) => {
    sidecar.api.subscribe(
      {
        onStatus: () => listening(),
        onEvent: (event) => {
          events.push(event);
          check();
        },
        onClose: () => {},
      },
      end.signal,
    );
  });
  return {
    events,
    until: (type, count) =>
      new Promise((resolve) => {
        check = () => {
          if (events.filter((event) => event.type === type).length >= count) {
            resolve();
          }
        };
        check();
      }),
    stop: () => end.abort(),
  };
}

describe("budgets, through the real sidecar process", function () {
  this.timeout(60_000);
  let upstreams: Upstreams;
  const started: RunningSidecar[] = [];

  async function start(budgets: unknown[], gate?: Record<string, number>): Promise<RunningSidecar> {
    const sidecar = await RunningSidecar.start(configFor(upstreams, budgets, gate));
    started.push(sidecar);
    return sidecar;
  }

  async function clientOf(sidecar: RunningSidecar): Promise<OpenAI> {
    return new OpenAI({ baseURL: (await sidecar.urls()).openai, apiKey: "sk-x", maxRetries: 0 });
  }

  before(async () => {
    upstreams = await startUpstreams();
  });
  beforeEach(() => {
    upstreams.openai.reset();
    upstreams.anthropic.reset();
  });
  afterEach(async () => {
    // Two may share a folder: both have to be gone before it is removed.
    await Promise.all(started.map((sidecar) => sidecar.stop()));
    await Promise.all(started.splice(0).map((sidecar) => sidecar.remove()));
  });
  after(() => upstreams.stop());

  it("refuse the call that does not fit before anything is sent, with the reason, and clients do not retry", async () => {
    const sidecar = await start([{ name: "tiny", limitUsd: 0.000001, window: "month" }]);
    const client = new OpenAI({ baseURL: (await sidecar.urls()).openai, apiKey: "sk-x" });
    await assert.rejects(client.chat.completions.create(ask(1_000)), (thrown: InstanceType<typeof OpenAI.APIError>) => {
      assert.equal(thrown.status, 402);
      assert.equal(thrown.code, "budget_exceeded");
      assert.equal(thrown.headers?.get("x-tollgate-refused"), "tiny");
      assert.equal(thrown.headers?.get("x-should-retry"), "false");
      assert.match(thrown.message, /tiny/);
      return true;
    });
    assert.equal(upstreams.openai.requests.length, 0);
    const { calls } = await sidecar.api.calls();
    assert.deepEqual(
      calls.map(({ status, costNanoUsd }) => [status, costNanoUsd]),
      [["refused", 0]],
    );
    assert.equal(
      (await sidecar.api.status()).budgets[0]?.state,
      "ok",
      "of a limit too low for any call nothing is spent",
    );
  });

  it("lower the output limit to what is left, and say so", async () => {
    const sidecar = await start([{ name: "month", limitUsd: 0.01, window: "month" }]);
    const client = await clientOf(sidecar);
    const { response } = await client.chat.completions.create(ask(16_000)).withResponse();
    const clamped = Number(response.headers.get("x-tollgate-clamped-output"));
    assert.ok(clamped >= 256 && clamped <= 1_000, String(clamped));
    const sent = upstreams.openai.requests[0]?.body as { max_tokens: number };
    assert.equal(sent.max_tokens, clamped);
  });

  it("that only warn hold what 95 of 100 answers of the model cost at most, and refuse nothing", async () => {
    const sidecar = await start([{ name: "soft", limitUsd: 0.000001, window: "month", hard: false }]);
    const client = await clientOf(sidecar);
    for (let call = 1; call <= 20; call += 1) {
      upstreams.openai.script.next({ answerTokens: call <= 18 ? 10 : 500 });
      await client.chat.completions.create(ask(16_000));
    }
    upstreams.openai.script.next({ hang: true });
    const leave = new AbortController();
    const hanging = client.chat.completions.create(ask(16_000), { signal: leave.signal }).catch(() => {});
    await upstreams.openai.waitForRequest(21);
    const held = (await sidecar.api.status()).budgets[0]?.heldNanoUsd ?? 0;
    assert.ok(held >= 500 * OUTPUT_NANO && held < 510 * OUTPUT_NANO, `${held}`);
    leave.abort();
    await hanging;
  });

  it("are never exceeded by many calls at once that use all they may", async () => {
    const sidecar = await start([{ name: "month", limitUsd: 0.05, window: "month" }], { waitMs: 2_000 });
    upstreams.openai.script.default = { answerTokens: 1_000, delayMs: 5 };
    const client = await clientOf(sidecar);
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => client.chat.completions.create(ask(700))),
    );
    const passed = results.filter(({ status }) => status === "fulfilled").length;
    const [budget] = (await sidecar.api.status()).budgets;
    assert.ok(budget && budget.spentNanoUsd <= budget.limitNanoUsd && budget.heldNanoUsd === 0);
    assert.ok(passed >= 6 && passed < 40, `${passed} passed`);
    const { calls } = await sidecar.api.calls({ limit: 100 });
    assert.equal(
      calls.reduce((sum, call) => sum + call.costNanoUsd, 0),
      budget.spentNanoUsd,
    );
    for (const result of results) {
      assert.ok(result.status === "fulfilled" || (result.reason as { status: number }).status === 402);
    }
  });

  it("count the prompt's tokens where its bytes alone would not fit", async () => {
    // 60,000 bytes are 0.15 USD at gpt-4o's 2.50 USD a million tokens; as 12,000 tokens or so they are 0.03 USD.
    const content = "The budget holds the worst case of every call. ".repeat(1_280);
    const sidecar = await start([{ name: "month", limitUsd: 0.06, window: "month" }]);
    const client = await clientOf(sidecar);
    const body = { model: MODEL, max_tokens: 300, messages: [{ role: "user" as const, content }] };
    const { response } = await client.chat.completions.create(body).withResponse();
    const call = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.equal(call.status, "ok");
    assert.ok(call.holdNanoUsd <= 60_000_000 && call.holdNanoUsd >= call.costNanoUsd);
  });

  it("ask Anthropic for its free count only where the local bound would refuse the call", async () => {
    const content = "The budget holds the worst case of every call. ".repeat(1_280);
    const sidecar = await start([{ name: "month", limitUsd: 0.02, window: "month" }]);
    const client = new Anthropic({ baseURL: (await sidecar.urls()).anthropic ?? "", apiKey: "sk-x", maxRetries: 0 });
    const body = (text: string) => ({
      model: "claude-haiku-4-5",
      max_tokens: 300,
      messages: [{ role: "user" as const, content: text }],
    });
    await client.messages.create(body("hi"));
    assert.deepEqual(
      upstreams.anthropic.requests.map(({ path }) => path),
      ["/v1/messages"],
    );
    await client.messages.create(body(content));
    assert.deepEqual(
      upstreams.anthropic.requests.map(({ path }) => path),
      ["/v1/messages", "/v1/messages/count_tokens", "/v1/messages"],
    );
    const [budget] = (await sidecar.api.status()).budgets;
    assert.ok(budget && budget.spentNanoUsd <= budget.limitNanoUsd && budget.spentNanoUsd > 10_000_000);
  });

  it("cut a stream whose provider goes on beyond its limit, tell the client why, and book what came", async () => {
    const sidecar = await start([{ name: "month", limitUsd: 1, window: "month" }]);
    const client = await clientOf(sidecar);
    upstreams.openai.script.next({ text: "go ".repeat(3_000), ignoreOutputLimit: true, gapMs: 1 });
    const { data, response } = await client.chat.completions.create({ ...ask(300), stream: true }).withResponse();
    await assert.rejects(async () => {
      for await (const _ of data) {
        // Only the end matters.
      }
    }, /Tollgate cut this answer/);
    assert.equal(await upstreams.openai.requests[0]?.ended, "client-gone");
    const call = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "budget_cut", "estimated"]);
    assert.ok(call.usage.outputTokens >= 300 && call.usage.outputTokens < 1_000, String(call.usage.outputTokens));
  });

  it("refuse what was cut when it is sent again, as a stream or not, until the budget has room for all of it", async () => {
    const sidecar = await start([{ name: "month", limitUsd: 0.02, window: "month" }]);
    const client = await clientOf(sidecar);
    // Short answers are usual then: the long one is held to a share of what is left.
    for (let call = 0; call < 5; call += 1) {
      await client.chat.completions.create(ask(8));
    }
    const prompt = ask(4_000);
    upstreams.openai.reset();
    upstreams.openai.script.next({ text: "go ".repeat(5_000), ignoreOutputLimit: true, gapMs: 1 });
    await assert.rejects(async () => {
      for await (const _ of await client.chat.completions.create({ ...prompt, stream: true })) {
        // Only the end matters.
      }
    }, /Tollgate cut this answer/);
    const isRefused = (error: InstanceType<typeof OpenAI.APIError>) => error.status === 402;
    await assert.rejects(client.chat.completions.create({ ...prompt, max_tokens: 3_000 }), isRefused);
    await assert.rejects(client.chat.completions.create({ ...prompt, stream: true }), isRefused);
    assert.equal(upstreams.openai.requests.length, 1);
    const [budget] = (await sidecar.api.status()).budgets;
    assert.ok(budget && budget.leftNanoUsd > 300 * OUTPUT_NANO, "a lowered limit would have fitted");
    const other = [{ role: "user" as const, content: "something else" }];
    await client.chat.completions.create({ ...prompt, messages: other });
    await sidecar.api.decide("month", { kind: "raise", limitUsd: 1, by: "ada" });
    await client.chat.completions.create(prompt);
    assert.equal(upstreams.openai.requests.length, 3);
  });

  it("never book more than was held where the provider reports no usage", async () => {
    const sidecar = await start([{ name: "month", limitUsd: 1, window: "month" }]);
    const client = await clientOf(sidecar);
    upstreams.openai.script.next({ text: "extraordinarily ".repeat(250), omitUsage: true });
    const { data, response } = await client.chat.completions.create({ ...ask(64), stream: true }).withResponse();
    for await (const _ of data) {
      // Only the end matters.
    }
    const call = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.deepEqual([call.usageBasis, call.usage.outputTokens], ["estimated", 64]);
    assert.ok(call.costNanoUsd <= call.holdNanoUsd, `${call.costNanoUsd} of ${call.holdNanoUsd}`);
  });

  it("let one more call through when allowed, and after a raise", async () => {
    const sidecar = await start([{ name: "day", limitUsd: 0, window: "day" }]);
    const client = await clientOf(sidecar);
    await assert.rejects(client.chat.completions.create(ask(300)), /402/);
    await sidecar.api.decide("day", { kind: "allow-once", by: "ada" });
    await client.chat.completions.create(ask(300));
    await assert.rejects(client.chat.completions.create(ask(300)), /402/);
    const decision = await sidecar.api.decide("day", { kind: "raise", limitUsd: 1, by: "ada", why: "release day" });
    assert.equal(new Date(decision.until ?? 0).getUTCHours(), 0);
    await client.chat.completions.create(ask(300));
    assert.equal((await sidecar.api.status()).budgets[0]?.limitNanoUsd, 1_000_000_000);
  });

  it("warn once at each threshold, also over a restart", async () => {
    const sidecar = await start([{ name: "month", limitUsd: 0.0112, window: "month", warnAt: [0.75, 0.9] }]);
    const watch = await collect(sidecar);
    const client = await clientOf(sidecar);
    upstreams.openai.script.default = { answerTokens: 256 };
    let refused = false;
    while (!refused) {
      await client.chat.completions.create(ask(256)).catch(() => {
        refused = true;
      });
    }
    await client.chat.completions.create(ask(256)).catch(() => {});
    await watch.until("alert.raised", 3);
    watch.stop();
    const thresholds = watch.events.flatMap((event) => (event.type === "alert.raised" ? [event.alert.threshold] : []));
    assert.deepEqual(thresholds, [0.75, 0.9, 1]);
    await sidecar.stop();
    const again = await RunningSidecar.start(null, { dataDir: sidecar.dataDir });
    started.push(again);
    const overview = await again.api.overview();
    assert.deepEqual(overview.alerts.map((alert) => alert.threshold).sort(), [0.75, 0.9, 1]);
    assert.ok((overview.status.budgets[0]?.spentNanoUsd ?? 0) > 10_000_000);
  });

  it("keep what was spent when the sidecar is killed, and book the call it was killed in at its hold", async () => {
    const sidecar = await start([{ name: "month", limitUsd: 1, window: "month" }]);
    const client = await clientOf(sidecar);
    const { response } = await client.chat.completions.create(ask(300)).withResponse();
    const booked = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    upstreams.openai.script.next({ hang: true });
    const hanging = client.chat.completions.create(ask(300)).catch(() => {});
    await upstreams.openai.waitForRequest(2);
    await sidecar.kill();
    await hanging;
    const again = await RunningSidecar.start(null, { dataDir: sidecar.dataDir });
    started.push(again);
    const { calls } = await again.api.calls();
    assert.deepEqual(calls.map(({ status }) => status).sort(), ["interrupted", "ok"]);
    const interrupted = calls.find(({ status }) => status === "interrupted");
    assert.ok(
      interrupted &&
        interrupted.costNanoUsd === interrupted.holdNanoUsd &&
        interrupted.costNanoUsd >= 300 * OUTPUT_NANO,
    );
    const spent = async () => (await again.api.status()).budgets[0]?.spentNanoUsd;
    assert.equal(await spent(), booked.costNanoUsd + interrupted.costNanoUsd);
    const cli = new CommandLine({});
    const release = ["release", interrupted.id, "--data-dir", sidecar.dataDir];
    assert.match((await cli.run(release)).err, /--why/);
    assert.equal((await cli.run([...release, "--why", "the provider was down"])).code, 0);
    assert.equal(await spent(), booked.costNanoUsd);
    assert.match((await cli.run([...release, "--why", "again"])).out, /is released/);
    assert.match(
      (await cli.run(["release", booked.id, "--data-dir", sidecar.dataDir, "--why", "x"])).err,
      /not interrupted/,
    );
    const [correction, ...more] = await again.api.corrections(interrupted.id);
    assert.deepEqual(
      [correction?.beforeNanoUsd, correction?.afterNanoUsd, correction?.why],
      [interrupted.costNanoUsd, 0, "the provider was down"],
    );
    assert.equal(more.length, 0);
  });

  it("drain on SIGTERM: the call under way is answered and booked, and the exit code is 0", async () => {
    const sidecar = await start([]);
    const client = await clientOf(sidecar);
    upstreams.openai.script.next({ delayMs: 300 });
    const answer = client.chat.completions.create(ask(300));
    await upstreams.openai.waitForRequest(1);
    const [code] = await Promise.all([sidecar.stop(), answer]);
    assert.equal(code, 0);
    const again = await RunningSidecar.start(null, { dataDir: sidecar.dataDir });
    started.push(again);
    assert.deepEqual(
      (await again.api.calls()).calls.map(({ status }) => status),
      ["ok"],
    );
  });

  it("can be set, changed and removed; what makes no sense is named and changes nothing", async () => {
    const sidecar = await start([]);
    await sidecar.api.setBudget({ name: "week", limitUsd: 5, window: "week" });
    assert.equal((await sidecar.api.status()).budgets[0]?.limitNanoUsd, 5_000_000_000);
    await assert.rejects(sidecar.api.setBudget({ name: "week", limitUsd: -1, window: "week" }), /limitUsd.*negative/);
    const wrong = { providers: { broken: { protocol: "openai" as const, baseUrl: "not an address" } } };
    await assert.rejects(sidecar.api.changeConfig(wrong), /providers\.broken\.baseUrl/);
    assert.equal((await sidecar.api.budgets())[0]?.limitUsd, 5);
    const local = { protocol: "openai" as const, baseUrl: "http://127.0.0.1:9/v1" };
    assert.ok((await sidecar.api.changeConfig({ providers: { local } })).providers.local);
    assert.equal((await sidecar.api.changeConfig({ providers: { local: null } })).providers.local, undefined);
    await sidecar.api.removeBudget("week");
    assert.deepEqual(await sidecar.api.budgets(), []);
  });

  it("come from a file whose mistakes are named by key", async () => {
    const config = configFor(upstreams, [{ name: "month", limitUsd: 1, window: "month", limit: 2 }]);
    await assert.rejects(RunningSidecar.start(config), /budgets\.0\.limit: unknown key/);
  });

  it("leave the folder to the sidecar that has it", async () => {
    const sidecar = await start([]);
    writeFileSync(join(sidecar.dataDir, "other.json"), JSON.stringify(configFor(upstreams, [])));
    await assert.rejects(RunningSidecar.start(null, { dataDir: sidecar.dataDir }), /already-running/);
    assert.equal((await sidecar.api.status()).pid, sidecar.pid);
  });
});
