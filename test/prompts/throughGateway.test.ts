import assert from "node:assert/strict";
import { PromptError } from "../../src/prompts/promptError.ts";
import type { PromptRequest } from "../../src/prompts/promptRequest.ts";
import type { RetryClock } from "../../src/prompts/retry.ts";
import { type PromptHandlers, runPrompt } from "../../src/prompts/runPrompt.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";

const noTime: RetryClock = { sleep: async () => {}, random: () => 0 };
const MODELS = { openai: "gpt-5-mini", anthropic: "claude-haiku-4-5", google: "gemini-2.5-flash" } as const;
/** What about 400 output tokens of each model cost, in USD. */
const TIGHT = { openai: 0.0008, anthropic: 0.002, google: 0.001 } as const;
/** Events of a short answer that hold some of its text, but not its end. */
const SOME_EVENTS = { openai: 6, anthropic: 6, google: 3 } as const;
const WORDS = "one two three four five six seven eight nine ten";

describe("a prompt through the gateway", function () {
  // Processes are started; how long that takes is the machine's affair.
  this.timeout(60_000);
  let upstreams: Upstreams;
  let sidecar: RunningSidecar;
  let urls: Record<string, string>;

  before(async () => {
    upstreams = await startUpstreams();
    sidecar = await RunningSidecar.start({
      providers: {
        openai: { protocol: "openai", baseUrl: upstreams.openai.url },
        anthropic: { protocol: "anthropic", baseUrl: upstreams.anthropic.url },
        google: { protocol: "google", baseUrl: upstreams.google.url },
        nobody: { protocol: "openai", baseUrl: "http://127.0.0.1:9/v1" },
      },
      gate: { waitMs: 0 },
    });
    urls = await sidecar.urls({ project: "prompts", tool: "test" });
  });
  after(async () => {
    await sidecar.remove();
    await upstreams.stop();
  });
  beforeEach(() => {
    upstreams.openai.reset();
    upstreams.anthropic.reset();
    upstreams.google.reset();
  });

  const ask = (provider: keyof typeof MODELS, more: Partial<PromptRequest> = {}): PromptRequest => ({
    provider,
    protocol: provider,
    model: MODELS[provider],
    baseUrl: urls[provider] ?? "",
    key: "sk-test",
    messages: [{ role: "user", text: "Count" }],
    maxOutputTokens: 500,
    requestType: "ask",
    ...more,
  });
  const failureOf = async (request: PromptRequest, handlers: PromptHandlers = {}): Promise<PromptError> => {
    try {
      await runPrompt(request, { clock: noTime, ...handlers });
    } catch (error) {
      assert.ok(error instanceof PromptError, String(error));
      return error;
    }
    throw new assert.AssertionError({ message: "The prompt succeeded" });
  };
  const booked = (id: string | null) => sidecar.api.call(id ?? "", 10_000);

  for (const provider of ["openai", "anthropic", "google"] as const) {
    const upstream = () => upstreams[provider];

    describe(`to ${provider}`, () => {
      it("is booked under the id that came with its answer", async () => {
        upstream().script.next({ text: WORDS });
        const result = await runPrompt(ask(provider));
        const call = await booked(result.callId);
        assert.equal(result.text, WORDS);
        assert.equal(call.status, "ok");
        assert.equal(call.project, "prompts");
        assert.equal(call.requestType, "ask");
        assert.equal(call.attempt, 1);
        assert.ok(call.costNanoUsd > 0);
      });

      it("books each attempt by itself", async () => {
        upstream().script.next({ error: { status: 503 } }, { text: "Again" });
        const ids: string[] = [];
        await runPrompt(ask(provider), { clock: noTime, onCallId: ({ callId }) => ids.push(callId) });
        const calls = await Promise.all(ids.map(booked));
        assert.deepEqual(
          calls.map(({ status, attempt, httpStatus }) => [status, attempt, httpStatus]),
          [
            ["error", 1, 503],
            ["ok", 2, 200],
          ],
        );
      });

      it("is refused with amounts and reset time when the budget is spent, and nothing is sent", async () => {
        await sidecar.api.setBudget({ name: "cents", limitUsd: 0.000001, window: "day" });
        try {
          const error = await failureOf(ask(provider));
          assert.equal(error.kind, "refused");
          assert.equal(error.refusal?.budget, "cents");
          assert.equal(error.refusal?.limitNanoUsd, 1_000);
          assert.notEqual(error.refusal?.resetsAt, null);
          assert.match(error.message, /cents/);
          assert.equal(upstream().requests.length, 0);
          assert.equal((await booked(error.callId)).status, "refused");
        } finally {
          await sidecar.api.removeBudget("cents");
        }
      });

      it("is told the output limit that the gate lowered it to", async () => {
        const limitUsd = TIGHT[provider];
        await sidecar.api.changeConfig({
          budgets: [{ name: "tight", limitUsd, window: "total", scope: { provider, tag: "tight" } }],
        });
        try {
          upstream().script.next({ answerTokens: 100 });
          const result = await runPrompt(ask(provider, { maxOutputTokens: 100_000, tags: ["tight"] }));
          assert.ok((result.clampedOutput ?? 0) > 0 && (result.clampedOutput ?? 0) < 100_000);
        } finally {
          await sidecar.api.changeConfig({ budgets: [] });
        }
      });

      it("says that the key is wrong, and books the call as an error without cost", async () => {
        upstream().script.next({ error: { status: 401 } });
        const error = await failureOf(ask(provider));
        assert.equal(error.kind, "key-wrong");
        const call = await booked(error.callId);
        assert.deepEqual([call.status, call.httpStatus, call.costNanoUsd], ["error", 401, 0]);
      });

      it("books what came of an answer that was cut", async () => {
        upstream().script.next({ text: WORDS, cutAfter: SOME_EVENTS[provider] });
        const error = await failureOf(ask(provider));
        assert.equal(error.kind, "broken-stream");
        assert.match(error.partialText, /^one/);
        const call = await booked(error.callId);
        assert.equal(call.status, "error");
        assert.ok(call.costNanoUsd > 0);
      });

      it("leaves a provider that hangs, which is booked as cancelled", async () => {
        upstream().script.next({ text: WORDS, hangAfter: SOME_EVENTS[provider] });
        const error = await failureOf(ask(provider, { timeoutMs: 200 }));
        assert.equal(error.kind, "timeout");
        assert.equal((await booked(error.callId)).status, "cancelled");
        assert.equal(await upstream().requests[0]?.ended, "client-gone");
      });

      it("says that garbage cannot be read", async () => {
        upstream().script.default = { error: { status: 200, body: "<html>It works</html>" } };
        const error = await failureOf(ask(provider));
        assert.equal(error.kind, "provider-error");
        assert.match(error.message, /cannot be read/);
        assert.equal((await booked(error.callId)).status, "error");
      });

      it("books a prompt that a user cancelled with what it has cost", async () => {
        upstream().script.next({ text: WORDS, gapMs: 30 });
        const stop = new AbortController();
        const error = await failureOf(ask(provider), { signal: stop.signal, onText: () => stop.abort() });
        assert.equal(error.kind, "cancelled");
        const call = await booked(error.callId);
        assert.equal(call.status, "cancelled");
        assert.ok(call.costNanoUsd > 0);
      });
    });
  }

  it("says that a provider cannot be reached, and that a pass is not valid", async () => {
    const unreachable = await failureOf(ask("openai", { provider: "nobody", baseUrl: urls.nobody ?? "" }));
    assert.equal(unreachable.kind, "connection");
    assert.match(unreachable.message, /127\.0\.0\.1:9/);
    const stranger = (urls.openai ?? "").replace(/\/p\/[0-9a-f]+\//, `/p/${"0".repeat(32)}/`);
    const unknown = await failureOf(ask("openai", { baseUrl: stranger }));
    assert.equal(unknown.kind, "sidecar");
    assert.equal(unknown.retryable, false);
  });
});
