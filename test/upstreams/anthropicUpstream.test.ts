import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { startAnthropicUpstream } from "./anthropicUpstream.ts";
import { countTokens } from "./tokens.ts";
import type { Upstream } from "./upstreamServer.ts";

const question = {
  model: "claude-haiku-4-5",
  max_tokens: 1000,
  messages: [{ role: "user" as const, content: "How do I sum a list of amounts?" }],
};

describe("simulated Anthropic", () => {
  let upstream: Upstream;
  let client: Anthropic;

  before(async () => {
    upstream = await startAnthropicUpstream();
    client = new Anthropic({ apiKey: "sk-ant-right", baseURL: upstream.url, maxRetries: 0 });
  });
  beforeEach(() => upstream.reset());
  after(() => upstream.stop());

  const textOf = (message: Anthropic.Message): string =>
    message.content.map((block) => (block.type === "text" ? block.text : "")).join("");

  it("answers, and counts tokens the same way beforehand", async () => {
    const answer = await client.messages.create(question);
    const { max_tokens: _, ...counted } = question;
    const count = await client.messages.countTokens(counted);
    assert.equal(answer.usage.input_tokens, count.input_tokens);
    assert.equal(answer.usage.output_tokens, countTokens(textOf(answer)));
    assert.equal(answer.stop_reason, "end_turn");
    assert.equal(answer.model, "claude-haiku-4-5-20251001");
    assert.match(answer._request_id ?? "", /^req_/);
  });

  it("streams the same answer, with the cumulative usage at the end", async () => {
    const whole = await client.messages.create(question);
    const stream = client.messages.stream(question);
    const types: string[] = [];
    stream.on("streamEvent", (event) => types.push(event.type));
    const final = await stream.finalMessage();
    assert.equal(textOf(final), textOf(whole));
    assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
    assert.deepEqual(
      types.filter((type, i) => type !== types[i - 1]),
      [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
      ],
    );
  });

  it("stops at max_tokens, thinking counted first", async () => {
    upstream.script.next({ answerTokens: 100, reasoningTokens: 30 });
    const answer = await client.messages.create({ ...question, max_tokens: 50 });
    assert.equal(answer.stop_reason, "max_tokens");
    assert.equal(answer.usage.output_tokens, 50);
    assert.deepEqual(
      answer.content.map((block) => block.type),
      ["thinking", "text"],
    );
    assert.equal(countTokens(textOf(answer)), 20);
  });

  it("keeps input, cache writes by lifetime and cache reads apart", async () => {
    const marked = (text: string, ttl: "5m" | "1h") => ({
      type: "text" as const,
      text,
      cache_control: { type: "ephemeral" as const, ttl },
    });
    const system = [marked("a".repeat(8000), "1h"), marked("b".repeat(4000), "5m")];
    const first = (await client.messages.create({ ...question, system })).usage;
    assert.equal(first.cache_creation_input_tokens, 3000);
    assert.deepEqual(first.cache_creation, { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 2000 });
    assert.equal(first.cache_read_input_tokens, 0);
    assert.equal(first.input_tokens, 8);
    const second = (await client.messages.create({ ...question, system })).usage;
    assert.equal(second.cache_creation_input_tokens, 0);
    assert.equal(second.cache_read_input_tokens, 3000);
    assert.equal(second.input_tokens, 8);
  });

  it("refuses as Anthropic does", async () => {
    const typeIs = (type: string) => (error: unknown) => error instanceof Anthropic.APIError && error.type === type;
    const wrong = new Anthropic({ apiKey: "sk-wrong", baseURL: upstream.url, maxRetries: 0 });
    await assert.rejects(wrong.messages.create(question), Anthropic.AuthenticationError);
    await assert.rejects(client.messages.create({ ...question, model: "claude-nope" }), typeIs("not_found_error"));
    const { max_tokens: _, ...unlimited } = question;
    await assert.rejects(
      client.messages.create(unlimited as typeof question),
      (error: unknown) =>
        error instanceof Anthropic.BadRequestError && /max_tokens: Field required/.test(error.message),
    );
    for (const [status, type] of [
      [429, "rate_limit_error"],
      [529, "overloaded_error"],
      [500, "api_error"],
    ] as const) {
      upstream.script.next({ error: { status } });
      await assert.rejects(client.messages.create(question), typeIs(type));
    }
    const noVersion = await fetch(`${upstream.url}/v1/messages`, { method: "POST", headers: { "x-api-key": "k" } });
    assert.equal(noVersion.status, 400);
    const noKey = await fetch(`${upstream.url}/v1/messages`, { method: "POST" });
    assert.equal(noKey.status, 401);
    assert.equal(((await noKey.json()) as { request_id: string }).request_id, noKey.headers.get("request-id"));
  });

  it("takes a bearer token in place of a key", async () => {
    const bearer = new Anthropic({ apiKey: null, authToken: "token", baseURL: upstream.url, maxRetries: 0 });
    assert.equal((await bearer.messages.create(question)).type, "message");
  });

  it("fails in mid-stream by a cut, by an error event and by garbage", async () => {
    upstream.script.next({ cutAfter: 5 }, { errorAfter: 5 }, { garbage: true });
    for (let i = 0; i < 3; i++) await assert.rejects(client.messages.stream(question).finalMessage());
    assert.equal(await upstream.requests[0]?.ended, "cut");
    assert.equal(await upstream.requests[1]?.ended, "answered");
  });

  it("obeys magic words in the last user message, also behind other blocks", async () => {
    const content = [
      { type: "text" as const, text: "[sim:long 40] What is left?" },
      { type: "text" as const, text: "<note>something the tool added</note>" },
    ];
    const answer = await client.messages.create({ ...question, messages: [{ role: "user", content }] });
    assert.equal(answer.usage.output_tokens, 40);
  });
});
