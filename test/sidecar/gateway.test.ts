import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { chatPromptTokens, countTokens } from "../upstreams/tokens.ts";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

describe("the gateway, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new GatewayWorld();

  it("books an answer with the tokens that the provider reported, at the catalogue's price", async () => {
    const client = await world.openai({ project: "web", tool: "script", tags: ["nightly"] });
    const body = { model: "gpt-4o-mini", messages: [{ role: "user" as const, content: "How do I sort a list?" }] };
    const { data, response } = await client.chat.completions.create(body).withResponse();
    const call = await world.booked(response.headers.get("x-tollgate-call-id"));
    assert.equal(call.usage.inputTokens, data.usage?.prompt_tokens);
    assert.equal(call.usage.inputTokens, chatPromptTokens(body));
    assert.equal(call.usage.outputTokens, countTokens(data.choices[0]?.message.content ?? ""));
    // gpt-4o-mini: 0.15 USD in, 0.60 USD out for a million tokens, so 150 and 600 nano-USD a token.
    assert.equal(call.costNanoUsd, call.usage.inputTokens * 150 + call.usage.outputTokens * 600);
    assert.deepEqual(
      [call.status, call.costBasis, call.usageBasis, call.project, call.tool, call.tags, call.stream],
      ["ok", "catalog", "reported", "web", "script", ["nightly"], false],
    );
  });

  it("asks a stream for its usage, and hides from the client what it did not ask for", async () => {
    const client = await world.openai();
    const messages = [{ role: "user" as const, content: "Tell me about gates" }];
    const { data, response } = await client.chat.completions
      .create({ model: "gpt-4o-mini", messages, stream: true })
      .withResponse();
    let text = "";
    for await (const chunk of data) {
      assert.ok(chunk.choices.length > 0, "no chunk without choices reaches a client that did not ask for usage");
      text += chunk.choices[0]?.delta.content ?? "";
    }
    const call = await world.booked(response.headers.get("x-tollgate-call-id"));
    assert.equal(call.usage.outputTokens, countTokens(text));
    assert.equal(call.usageBasis, "reported");
    assert.ok(call.firstTokenMs !== null && call.firstTokenMs <= call.latencyMs);
    const sent = world.upstreams.openai.requests[0]?.body as { stream_options?: unknown };
    assert.deepEqual(sent.stream_options, { include_usage: true });
  });

  it("passes Anthropic's stream on and books its cumulative usage once", async () => {
    const { anthropic: baseURL } = await world.sidecar.urls();
    const client = new Anthropic({ baseURL: baseURL as string, apiKey: KEY, maxRetries: 0 });
    const stream = client.messages.stream({
      model: "claude-haiku-4-5",
      max_tokens: 500,
      messages: [{ role: "user", content: "What is a gate?" }],
    });
    const message = await stream.finalMessage();
    const id = stream.response?.headers.get("x-tollgate-call-id");
    const call = await world.booked(id);
    assert.equal(call.usage.outputTokens, message.usage.output_tokens);
    assert.equal(call.usage.inputTokens, message.usage.input_tokens);
    // claude-haiku-4-5: 1 USD in, 5 USD out for a million tokens.
    assert.equal(call.costNanoUsd, call.usage.inputTokens * 1_000 + call.usage.outputTokens * 5_000);
    assert.equal(call.requestedModel, "claude-haiku-4-5");
  });

  it("leaves status, headers and body of an error as the provider sent them", async () => {
    const error = { status: 429, body: { error: { message: "slow down", type: "x", param: null, code: null } } };
    world.upstreams.openai.script.next({ error, headers: { "x-own": "kept" } });
    const client = await world.openai();
    const failed = client.chat.completions.create({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: "hi" }],
    });
    await assert.rejects(failed, (thrown: InstanceType<typeof OpenAI.APIError>) => {
      assert.equal(thrown.status, 429);
      assert.equal(thrown.headers?.get("x-own"), "kept");
      assert.match(thrown.message, /slow down/);
      return true;
    });
    const { calls } = await world.sidecar.api.calls({ limit: 1 });
    assert.deepEqual([calls[0]?.status, calls[0]?.httpStatus, calls[0]?.costNanoUsd], ["error", 429, 0]);
  });

  it("reads compressed answers, though it asks for plain ones", async () => {
    world.upstreams.openai.script.next({ gzip: "always" });
    const client = await world.openai();
    const { data, response } = await client.chat.completions
      .create({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hi" }] })
      .withResponse();
    const call = await world.booked(response.headers.get("x-tollgate-call-id"));
    assert.deepEqual([call.usageBasis, call.usage.outputTokens], ["reported", data.usage?.completion_tokens]);
  });

  it("passes free routes, and books unknown ones that could cost money as unpriced", async () => {
    const client = await world.openai();
    const callsBefore = (await world.sidecar.api.status()).today.calls;
    assert.ok((await client.models.list()).data.length > 0);
    assert.equal((await world.sidecar.api.status()).today.calls, callsBefore, "what is free is no call");
    const answer = await tune(world);
    assert.equal(answer.status, 404, "the provider's own answer");
    const call = await world.sidecar.api.call(answer.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.deepEqual(
      [call.protocol, call.requestType, call.status, call.httpStatus, call.costBasis, call.costNanoUsd],
      ["unknown", "/fine_tuning/jobs", "error", 404, "unpriced", 0],
    );
  });

  it("refuses unknown routes under a hard budget, unless one call is allowed", async () => {
    await world.sidecar.api.setBudget({ name: "month", limitUsd: 1, window: "month" });
    const before = world.upstreams.openai.requests.length;
    const answer = await tune(world);
    assert.deepEqual([answer.status, answer.headers.get("x-tollgate-refused")], [402, "month"]);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, "route_unmetered");
    assert.match(error.message, /does not know this route.*hard budget "month"/);
    assert.equal(world.upstreams.openai.requests.length, before);
    await world.sidecar.api.decide("month", { kind: "allow-once", by: "test" });
    assert.deepEqual([(await tune(world)).status, (await tune(world)).status], [404, 402]);
    // What is paid by the hour, or not at all, costs nothing whatever it is asked.
    const { vllm } = await world.sidecar.urls();
    const own = await fetch(`${vllm}/tokenize`, { method: "POST", body: JSON.stringify({ prompt: "Hi" }) });
    assert.notEqual(own.status, 402);
    const { costBasis, protocol } = await world.booked(own.headers.get("x-tollgate-call-id"));
    assert.deepEqual([costBasis, protocol], ["compute-hour", "unknown"]);
    await world.sidecar.api.removeBudget("month");
  });

  it("names what is wrong with a question to the API", async () => {
    const { api } = world.sidecar;
    await assert.rejects(api.calls({ status: "nonsense" as "ok" }), /^ApiError: status: Invalid option/);
    await assert.rejects(api.summary({ by: "colour" as "model" }), /^ApiError: by: Invalid option/);
  });

  it("names what is wrong with a malformed body, in the protocol's shape, and sends nothing", async () => {
    const { openai: base, anthropic } = await world.sidecar.urls();
    for (const url of [`${base}/chat/completions`, `${anthropic}/v1/messages`]) {
      const answer = await fetch(url, { method: "POST", body: "{not json", headers: { "x-api-key": KEY } });
      assert.equal(answer.status, 400);
      assert.match(((await answer.json()) as { error: { message: string } }).error.message, /JSON/);
    }
    assert.equal(world.upstreams.openai.requests.length + world.upstreams.anthropic.requests.length, 0);
  });

  it("answers only those who hold a pass, under a loopback name, and no web page", async () => {
    const { openai: base = "" } = await world.sidecar.urls();
    const wrong = base.replace(/\/p\/[0-9a-f]+/, `/p/${"0".repeat(32)}`);
    assert.equal((await fetch(`${wrong}/models`)).status, 401);
    assert.equal((await fetch(`${base}/models`, { headers: { origin: "https://evil.example" } })).status, 403);
    const rebound = httpRequest(`${base}/models`, { headers: { host: "evil.example" } });
    rebound.end();
    const [answer] = await once(rebound, "response");
    assert.equal((answer as { statusCode: number }).statusCode, 403);
    (answer as NodeJS.ReadableStream).resume();
    assert.equal((await fetch(`${world.sidecar.url}/api/v1/status`)).status, 401);
  });

  it("charges compute-hour servers for the time they are up, and their calls nothing", async () => {
    const { vllm: baseURL } = await world.sidecar.urls();
    const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
    const { response } = await client.chat.completions
      .create({ model: "qwen2.5-coder-7b", messages: [{ role: "user", content: "hi" }] })
      .withResponse();
    const call = await world.booked(response.headers.get("x-tollgate-call-id"));
    assert.deepEqual([call.costNanoUsd, call.costBasis], [0, "compute-hour"]);
    const vllm = (await world.sidecar.api.providers()).find(({ name }) => name === "vllm");
    assert.deepEqual(vllm?.models, ["qwen2.5-coder-7b"]);
    let accrued = 0;
    await new Promise<void>((resolve) => {
      const enough = new AbortController();
      world.sidecar.api.subscribe(
        {
          onStatus: () => {},
          onEvent: (event) => {
            if (event.type === "compute.accrued") {
              // 3.6 USD an hour is a million nano-USD a second, 1,000 each ms.
              assert.equal(event.accrual.costNanoUsd, (event.accrual.to - event.accrual.from) * 1_000);
              accrued += 1;
              if (accrued === 2) {
                enough.abort();
                resolve();
              }
            }
          },
          onClose: () => {},
        },
        enough.signal,
      );
    });
    assert.ok((await world.sidecar.api.status()).compute[0]?.up);
  });

  it("keeps keys, prompts and answers out of everything it writes", async () => {
    const client = await world.openai();
    await client.chat.completions.create({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: "planted prompt" }],
    });
    await world.sidecar.stop();
    const { readdirSync } = await import("node:fs");
    const files = readdirSync(world.sidecar.dataDir, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    assert.ok(files.length > 3);
    for (const file of files) {
      const content = readFileSync(join(file.parentPath, file.name), "latin1");
      assert.ok(!content.includes(KEY) && !content.includes("planted prompt"), file.name);
    }
  });
});

/** A call on a route that no protocol knows. */
async function tune(world: GatewayWorld): Promise<Response> {
  const { openai: base } = await world.sidecar.urls();
  const headers = { authorization: `Bearer ${KEY}` };
  return fetch(`${base}/fine_tuning/jobs`, { method: "POST", body: "{}", headers });
}
