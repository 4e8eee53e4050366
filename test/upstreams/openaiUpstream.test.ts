import assert from "node:assert/strict";
import OpenAI from "openai";
import { openaiModels } from "./models.ts";
import { startOpenaiUpstream } from "./openaiUpstream.ts";
import { chatPromptTokens, countTokens, type Json } from "./tokens.ts";
import type { Upstream } from "./upstreamServer.ts";

const question = { model: "gpt-4o", messages: [{ role: "user" as const, content: "How do I sum a list of amounts?" }] };

describe("simulated OpenAI", () => {
  let upstream: Upstream;
  let client: OpenAI;

  before(async () => {
    upstream = await startOpenaiUpstream();
    client = new OpenAI({ apiKey: "sk-right", baseURL: upstream.url, maxRetries: 0, logLevel: "off" });
  });
  beforeEach(() => upstream.reset());
  after(() => upstream.stop());

  const raw = async (body: unknown): Promise<{ response: Response; text: string }> => {
    const response = await fetch(`${upstream.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer sk-right", "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { response, text: await response.text() };
  };

  /** The stream's chunks, without the closing word. */
  const chunksOf = (text: string): Json[] => {
    const events = text.split("\n\n").filter(Boolean);
    assert.equal(events.at(-1), "data: [DONE]");
    return events.slice(0, -1).map((event) => JSON.parse(event.slice("data: ".length)) as Json);
  };

  it("answers with a usage that a test can predict", async () => {
    const answer = await client.chat.completions.create(question);
    const text = answer.choices[0]?.message.content ?? "";
    assert.match(text, /How do I sum/);
    assert.match(text, /```/);
    assert.equal(answer.model, "gpt-4o-2024-08-06");
    assert.equal(answer.choices[0]?.finish_reason, "stop");
    assert.equal(answer.usage?.prompt_tokens, chatPromptTokens(question));
    assert.equal(answer.usage?.completion_tokens, countTokens(text));
    assert.match(answer._request_id ?? "", /^req_/);
    assert.deepEqual(upstream.requests[0]?.body, question);
  });

  it("streams the same text, role first, and the usage in an extra last chunk", async () => {
    upstream.script.default = { text: "one two three four five six seven" };
    const { text } = await raw({ ...question, stream: true, stream_options: { include_usage: true } });
    const chunks = chunksOf(text);
    const deltas = chunks.map((chunk) => (chunk.choices as { delta: Json }[])[0]?.delta);
    assert.deepEqual(deltas[0], { role: "assistant", content: "", refusal: null });
    assert.equal(deltas.map((delta) => delta?.content ?? "").join(""), "one two three four five six seven");
    assert.deepEqual(chunks.at(-1)?.choices, []);
    const usage = chunks.at(-1)?.usage as Json | undefined;
    assert.equal(usage?.completion_tokens, countTokens("one two three four five six seven"));
    assert.ok(chunks.slice(0, -1).every((chunk) => chunk.usage === null));
  });

  it("keeps usage out of a stream that did not ask for it", async () => {
    const { text } = await raw({ ...question, stream: true });
    const chunks = chunksOf(text);
    assert.ok(chunks.every((chunk) => !("usage" in chunk) && (chunk.choices as unknown[]).length === 1));
  });

  it("cuts the answer at the output limit, reasoning counted first", async () => {
    upstream.script.next({ answerTokens: 100, reasoningTokens: 30 });
    const answer = await client.chat.completions.create({ ...question, model: "gpt-5.2", max_completion_tokens: 50 });
    assert.equal(answer.choices[0]?.finish_reason, "length");
    assert.equal(answer.usage?.completion_tokens, 50);
    assert.equal(answer.usage?.completion_tokens_details?.reasoning_tokens, 30);
    assert.equal(countTokens(answer.choices[0]?.message.content ?? ""), 20);
  });

  it("answers past the limit if told to", async () => {
    upstream.script.next({ answerTokens: 100, ignoreOutputLimit: true });
    const answer = await client.chat.completions.create({ ...question, max_completion_tokens: 50 });
    assert.equal(answer.usage?.completion_tokens, 100);
    assert.equal(answer.choices[0]?.finish_reason, "stop");
  });

  it("reports a long repeated beginning as cached, in steps of 128", async () => {
    const long = { role: "system" as const, content: "You answer about money. ".repeat(250) };
    const call = (content: string) =>
      client.chat.completions.create({ model: "gpt-4o", messages: [long, { role: "user", content }] });
    const first = await call("One?");
    const second = await call("Two?");
    assert.equal(first.usage?.prompt_tokens_details?.cached_tokens, 0);
    assert.equal(second.usage?.prompt_tokens_details?.cached_tokens, 1408);
    assert.equal(second.usage?.prompt_tokens, 1501);
  });

  it("refuses as OpenAI does", async () => {
    const wrong = new OpenAI({ apiKey: "sk-wrong", baseURL: upstream.url, maxRetries: 0 });
    await assert.rejects(
      wrong.chat.completions.create(question),
      (error: unknown) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key",
    );
    await assert.rejects(
      client.chat.completions.create({ ...question, model: "gpt-nope" }),
      (error: unknown) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
    );
    await assert.rejects(
      client.chat.completions.create({ ...question, model: "o4-mini", max_tokens: 5 }),
      (error: unknown) => error instanceof OpenAI.BadRequestError && error.code === "unsupported_parameter",
    );
    const malformed = await raw('{"model": "gpt-4o",');
    assert.equal(malformed.response.status, 400);
    assert.deepEqual(Object.keys((JSON.parse(malformed.text) as { error: Json }).error), [
      "message",
      "type",
      "param",
      "code",
    ]);
    upstream.script.next({ error: { status: 429, retryAfterSeconds: 7 } });
    await assert.rejects(
      client.chat.completions.create(question),
      (error: unknown) =>
        error instanceof OpenAI.RateLimitError &&
        error.code === "rate_limit_exceeded" &&
        error.headers.get("retry-after") === "7",
    );
  });

  it("takes one-shot behaviours in order, then the default again", async () => {
    upstream.script.default = { text: "usual" };
    upstream.script.next({ text: "first" }, { usage: { prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 } });
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await client.chat.completions.create(question));
    assert.deepEqual(
      answers.map((answer) => answer.choices[0]?.message.content),
      ["first", "usual", "usual"],
    );
    assert.deepEqual(answers[1]?.usage, { prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 });
    assert.equal(upstream.script.pending, 0);
  });

  it("cuts a stream after n events and a JSON body in its middle", async () => {
    upstream.script.next({ cutAfter: 3 }, { cutAfter: 0 });
    let chunks = 0;
    await assert.rejects(async () => {
      for await (const _ of await client.chat.completions.create({ ...question, stream: true })) chunks++;
    });
    assert.equal(chunks, 3);
    await assert.rejects(client.chat.completions.create(question));
    assert.equal(await upstream.requests[0]?.ended, "cut");
    assert.equal(await upstream.requests[1]?.ended, "cut");
  });

  it("sends garbage and mid-stream errors that the official client rejects", async () => {
    upstream.script.next({ garbage: true }, { errorAfter: 2 });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(async () => {
        for await (const _ of await client.chat.completions.create({ ...question, stream: true })) {
          // Reading is what fails.
        }
      });
    }
    upstream.script.next({ garbage: true });
    const { response, text } = await raw(question);
    assert.equal(response.status, 200);
    assert.throws(() => JSON.parse(text));
  });

  it("hangs until the client goes, and tells that it went", async () => {
    upstream.script.next({ hang: true });
    const abort = new AbortController();
    const call = client.chat.completions.create(question, { signal: abort.signal });
    const request = await upstream.waitForRequest();
    assert.equal(request.outcome, undefined);
    abort.abort();
    await assert.rejects(call, OpenAI.APIUserAbortError);
    await request.clientGone;
    assert.equal(request.outcome, "client-gone");
  });

  it("splits the bytes anywhere and compresses, without changing what is read", async () => {
    const text = "Grüße – 一 two three four 🙂 five";
    const read = async (): Promise<string> => {
      let all = "";
      const stream = await client.chat.completions.create({ ...question, stream: true });
      for await (const chunk of stream) all += chunk.choices[0]?.delta.content ?? "";
      return all;
    };
    upstream.script.next({ text, splitBytes: 3 }, { text, gzip: true }, { text, gzip: true, splitBytes: 5 });
    assert.deepEqual([await read(), await read(), await read()], [text, text, text]);
  });

  it("compresses event by event: what was sent can be read before the end", async () => {
    upstream.script.next({ text: "one two three four five six", gzip: true, hangAfter: 3 });
    const stream = await client.chat.completions.create({ ...question, stream: true });
    let seen = "";
    for await (const chunk of stream) {
      seen += chunk.choices[0]?.delta.content ?? "";
      if (seen === "one two three four five six") break;
    }
    await upstream.requests[0]?.clientGone;
    assert.equal(upstream.requests[0]?.eventsSent, 3);
  });

  it("can be stopped, refuses connections then, and comes back on its port", async () => {
    await upstream.stop();
    await assert.rejects(client.chat.completions.create(question), OpenAI.APIConnectionError);
    await upstream.restart();
    assert.equal((await client.chat.completions.create(question)).choices.length, 1);
  });

  it("lists its models", async () => {
    const ids = (await client.models.list()).data.map((model) => model.id);
    for (const name of Object.keys(openaiModels)) assert.ok(ids.includes(name), name);
  });
});
