import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PromptError } from "../../src/prompts/promptError.ts";
import type { PromptRequest } from "../../src/prompts/promptRequest.ts";
import type { RetryClock } from "../../src/prompts/retry.ts";
import { type PromptHandlers, runPrompt } from "../../src/prompts/runPrompt.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";

describe("a prompt", () => {
  let upstreams: Upstreams;
  before(async () => {
    upstreams = await startUpstreams();
  });
  after(() => upstreams.stop());
  beforeEach(() => {
    upstreams.openai.reset();
    upstreams.anthropic.reset();
    upstreams.vllm.reset();
  });

  const openai = (more: Partial<PromptRequest> = {}): PromptRequest => ({
    provider: "openai",
    protocol: "openai",
    model: "gpt-5-mini",
    baseUrl: upstreams.openai.url,
    key: "sk-test",
    messages: [{ role: "user", text: "Say hello" }],
    maxOutputTokens: 200,
    ...more,
  });
  const anthropic = (more: Partial<PromptRequest> = {}): PromptRequest =>
    openai({
      provider: "anthropic",
      protocol: "anthropic",
      model: "claude-haiku-4-5",
      baseUrl: upstreams.anthropic.url,
      ...more,
    });

  for (const [name, request] of [
    ["openai", openai],
    ["anthropic", anthropic],
  ] as const) {
    describe(`to ${name}`, () => {
      const upstream = () => upstreams[name];

      it("streams the answer piece by piece and gives it whole", async () => {
        upstream().script.next({ text: "Hello there, how are you?", headers: { "x-tollgate-call-id": "call_1" } });
        const pieces: string[] = [];
        const ids: string[] = [];
        const result = await runPrompt(request({ system: "Be kind", requestType: "ask" }), {
          onText: (piece) => pieces.push(piece),
          onCallId: ({ callId }) => ids.push(callId),
        });
        assert.equal(result.text, "Hello there, how are you?");
        assert.equal(pieces.join(""), result.text);
        assert.ok(pieces.length > 1);
        assert.equal(result.callId, "call_1");
        assert.deepEqual(ids, ["call_1"]);
        assert.equal(result.attempts, 1);
        assert.equal(result.cutByLimit, false);
        const sent = upstream().requests[0];
        assert.equal(sent?.headers["x-tollgate-request-type"], "ask");
        assert.equal(sent?.headers["x-tollgate-attempt"], "1");
        assert.match(JSON.stringify(sent?.body), /Be kind/);
        assert.equal(sent?.body?.stream, true);
      });

      it("says that an answer reached the output limit", async () => {
        upstream().script.next({ answerTokens: 500, headers: { "x-tollgate-clamped-output": "20" } });
        const result = await runPrompt(request({ maxOutputTokens: 20 }));
        assert.equal(result.cutByLimit, true);
        assert.equal(result.clampedOutput, 20);
      });

      it("tries again after 1, 2 and 4 seconds, then gives up", async () => {
        for (const status of [429, 500, 503, 408]) {
          upstream().reset();
          upstream().script.next(...Array.from({ length: 4 }, () => ({ error: { status } })));
          const { clock, slept } = recordingClock();
          const retries: number[] = [];
          const error = await failureOf(request(), { clock, onRetry: ({ attempt }) => retries.push(attempt) });
          assert.deepEqual(slept, [1_000, 2_000, 4_000], `status ${status}`);
          assert.deepEqual(retries, [2, 3, 4]);
          assert.equal(error.httpStatus, status);
          assert.deepEqual(
            upstream().requests.map(({ headers }) => headers["x-tollgate-attempt"]),
            ["1", "2", "3", "4"],
          );
        }
      });

      it("answers after a passing fault as if nothing had been", async () => {
        upstream().script.next({ error: { status: 503 } }, { text: "At last" });
        const { clock } = recordingClock();
        const result = await runPrompt(request(), { clock });
        assert.equal(result.text, "At last");
        assert.equal(result.attempts, 2);
      });

      it("waits as long as the provider asks, within reason", async () => {
        upstream().script.next({ error: { status: 429, retryAfterSeconds: 7 } }, { text: "Yes" });
        const patient = recordingClock();
        await runPrompt(request(), { clock: patient.clock });
        assert.deepEqual(patient.slept, [7_000]);

        upstream().reset();
        upstream().script.next({ error: { status: 429, retryAfterSeconds: 3_600 } });
        const unwilling = recordingClock();
        const error = await failureOf(request(), { clock: unwilling.clock });
        assert.deepEqual(unwilling.slept, []);
        assert.equal(error.kind, "rate-limited");
        assert.match(error.message, /1 h/);
      });

      for (const [status, kind] of [
        [400, "provider-error"],
        [401, "key-wrong"],
        [403, "key-wrong"],
        [404, "model-unknown"],
      ] as const) {
        it(`does not repeat what is answered with ${status}`, async () => {
          upstream().script.next({ error: { status } });
          const error = await failureOf(request());
          assert.equal(error.kind, kind);
          assert.equal(error.retryable, false);
          assert.equal(upstream().requests.length, 1);
        });
      }

      it("says that a key is wrong and what to do", async () => {
        upstream().script.next({ error: { status: 401 } });
        const error = await failureOf(request());
        assert.match(error.message, new RegExp(`${name} did not accept the API key`));
        assert.match(error.message, /Add API Key.*(OPENAI|ANTHROPIC)_API_KEY/);
      });

      it("sends nothing without a key", async () => {
        const error = await failureOf(request({ key: null }));
        assert.equal(error.kind, "key-missing");
        assert.equal(upstream().requests.length, 0);
      });

      it("does not repeat a refused call, and gives the refusal", async () => {
        const refusal = {
          reason: "budget",
          budget: "day",
          window: "day",
          spentNanoUsd: 5_000_000_000,
          heldNanoUsd: 0,
          limitNanoUsd: 5_000_000_000,
          worstCaseNanoUsd: 1_000_000,
          neededNanoUsd: 1_000_000,
          resetsAt: "2026-11-22T00:00:00.000Z",
          message: "Daily budget limit reached",
        };
        const body = { error: { message: "Daily budget limit reached", type: "billing_error" } };
        const headers = { "x-tollgate-refusal": encodeURIComponent(JSON.stringify(refusal)) };
        upstream().script.next({ error: { status: 402, body }, headers });
        const error = await failureOf(request());
        assert.equal(error.kind, "refused");
        assert.deepEqual(error.refusal, refusal);
        assert.equal(error.message, "Daily budget limit reached");
        assert.equal(upstream().requests.length, 1);
      });

      it("keeps what came of an answer that broke off, and does not repeat it", async () => {
        upstream().script.next({ text: "one two three four five six seven", cutAfter: 5 });
        const error = await failureOf(request());
        assert.equal(error.kind, "broken-stream");
        assert.match(error.partialText, /^one/);
        assert.equal(upstream().requests.length, 1);
      });

      it("keeps what came before an error event", async () => {
        upstream().script.next({ text: "one two three four five six seven", errorAfter: 5 });
        const error = await failureOf(request());
        assert.equal(error.kind, "provider-error");
        assert.match(error.message, /ended its answer with an error/);
        assert.match(error.partialText, /^one/);
      });

      it("gives up on silence before the answer, after trying again", async () => {
        upstream().script.next({ hang: true }, { hang: true }, { hang: true }, { hang: true });
        const { clock, slept } = recordingClock();
        const error = await failureOf(request({ timeoutMs: 30 }), { clock });
        assert.equal(error.kind, "timeout");
        assert.equal(slept.length, 3);
        assert.match(error.message, /has not answered for 30 ms/);
      });

      it("gives up on silence within the answer, keeping what came", async () => {
        upstream().script.next({ text: "one two three four five six seven", hangAfter: 5 });
        const error = await failureOf(request({ timeoutMs: 100 }));
        assert.equal(error.kind, "timeout");
        assert.match(error.partialText, /^one/);
        assert.equal(await upstream().requests[0]?.ended, "client-gone");
      });

      it("says that garbage cannot be read, be it a page or half an event", async () => {
        upstream().script.next({ error: { status: 200, body: "<html>It works</html>" } });
        const page = await failureOf(request());
        assert.equal(page.kind, "provider-error");
        assert.match(page.message, /cannot be read/);

        upstream().script.default = { garbage: true };
        const half = await failureOf(request(), recordingClock());
        assert.match(half.message, /cannot be read|broke off/);
      });

      it("reads an answer that comes compressed", async () => {
        upstream().script.next({ text: "Packed and unpacked", gzip: "always" });
        assert.equal((await runPrompt(request())).text, "Packed and unpacked");
      });

      it("stops at once when cancelled, and lets the provider know", async () => {
        upstream().script.next({ text: "one two three four five", gapMs: 20 });
        const stop = new AbortController();
        const error = await failureOf(request(), { signal: stop.signal, onText: () => stop.abort() });
        assert.equal(error.kind, "cancelled");
        assert.notEqual(error.partialText, "");
        assert.equal(await upstream().requests[0]?.ended, "client-gone");
      });

      it("can be cancelled while it waits for its next attempt", async () => {
        upstream().script.next({ error: { status: 503 } });
        const stop = new AbortController();
        const error = await failureOf(request(), { signal: stop.signal, onRetry: () => stop.abort() });
        assert.equal(error.kind, "cancelled");
        assert.equal(upstream().requests.length, 1);
      });
    });
  }

  it("asks a local server without a key", async () => {
    upstreams.vllm.script.next({ text: "Local" });
    const result = await runPrompt(
      openai({ provider: "vllm", model: "qwen2.5-coder-7b", baseUrl: upstreams.vllm.url, key: null }),
    );
    assert.equal(result.text, "Local");
  });

  it("says that the sidecar is gone where nobody answers, and finds it again at its new address", async () => {
    const gone = await closedPort();
    const urls = [`http://127.0.0.1:${gone}/v1`, upstreams.openai.url];
    const { clock, slept } = recordingClock();
    const failures: string[] = [];
    const result = await runPrompt(openai({ baseUrl: () => urls.shift() ?? "" }), {
      clock,
      onRetry: ({ error }) => failures.push(error.kind),
    });
    assert.deepEqual(failures, ["sidecar"]);
    assert.deepEqual(slept, [1_000]);
    assert.equal(result.attempts, 2);
  });

  it("passes on the gateway's own words where a provider cannot be reached", async () => {
    const body = { error: { message: "nobody listens at example:1", code: "upstream_unreachable", type: "api_error" } };
    upstreams.openai.script.default = { error: { status: 502, body } };
    const error = await failureOf(openai(), recordingClock());
    assert.equal(error.kind, "connection");
    assert.equal(error.message, "nobody listens at example:1");
  });
});

/** A clock on which no time passes; jitter is none. */
function recordingClock(): { clock: RetryClock; slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    clock: {
      sleep: async (ms) => {
        slept.push(ms);
      },
      random: () => 0,
    },
  };
}

async function failureOf(request: PromptRequest, handlers: PromptHandlers = {}): Promise<PromptError> {
  try {
    await runPrompt(request, handlers);
  } catch (error) {
    assert.ok(error instanceof PromptError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "The prompt succeeded" });
}

async function closedPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
