import assert from "node:assert/strict";
import OpenAI from "openai";
import { vllmModel } from "./models.ts";
import { countTokens } from "./tokens.ts";
import { startVllmUpstream, type VllmUpstream } from "./vllmUpstream.ts";

const question = { model: vllmModel, messages: [{ role: "user" as const, content: "Sum 1 and 2." }] };

describe("simulated vLLM", () => {
  let upstream: VllmUpstream;
  let client: OpenAI;
  let root: string;

  before(async () => {
    upstream = await startVllmUpstream();
    root = upstream.url.replace(/\/v1$/, "");
    client = new OpenAI({ apiKey: "EMPTY", baseURL: upstream.url, maxRetries: 0 });
  });
  beforeEach(() => upstream.reset());
  after(() => upstream.stop());

  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${root}/metrics`)).text();
    const line = text.split("\n").find((one) => one.startsWith(`${name}{`) || one.startsWith(`${name} `));
    return Number(line?.split(" ").at(-1));
  };

  it("answers without a key and counts what it did", async () => {
    const before = await metric("vllm:generation_tokens_total");
    const response = await fetch(`${upstream.url}/chat/completions`, {
      method: "POST",
      body: JSON.stringify(question),
    });
    const answer = (await response.json()) as OpenAI.ChatCompletion;
    await upstream.requests.at(-1)?.ended;
    const text = answer.choices[0]?.message.content ?? "";
    assert.equal(answer.usage?.completion_tokens, countTokens(text));
    assert.equal((await metric("vllm:generation_tokens_total")) - before, countTokens(text));
    assert.equal(await metric("vllm:num_requests_running"), 0);
  });

  it("puts usage on every chunk if asked to, so that a broken stream can be metered", async () => {
    upstream.script.next({ text: "one two three four five six", cutAfter: 3 });
    const seen: (number | undefined)[] = [];
    const options = { include_usage: true, continuous_usage_stats: true };
    await assert.rejects(async () => {
      const stream = await client.chat.completions.create({ ...question, stream: true, stream_options: options });
      for await (const chunk of stream) seen.push(chunk.usage?.completion_tokens);
    });
    assert.deepEqual(seen, [0, countTokens("one two three"), countTokens("one two three four five six")]);
  });

  it("puts usage on the last chunk alone if asked for no more", async () => {
    const seen: boolean[] = [];
    const options = { include_usage: true };
    const stream = await client.chat.completions.create({ ...question, stream: true, stream_options: options });
    for await (const chunk of stream) seen.push("usage" in chunk);
    assert.ok(seen.length > 2);
    assert.deepEqual([...new Set(seen.slice(0, -1)), seen.at(-1)], [false, true]);
  });

  it("can be down and up again", async () => {
    assert.equal((await fetch(`${root}/health`)).status, 200);
    upstream.script.healthy = false;
    assert.equal((await fetch(`${root}/health`)).status, 503);
    upstream.script.healthy = true;
    assert.equal((await fetch(`${root}/health`)).status, 200);
  });

  it("says since when it runs, as a test wants it", async () => {
    upstream.meters.processStartSeconds = 1_790_000_000.25;
    assert.equal(await metric("process_start_time_seconds"), 1_790_000_000.25);
    assert.ok(((await (await fetch(`${root}/version`)).json()) as { version: string }).version);
    assert.deepEqual(
      (await client.models.list()).data.map((model) => model.id),
      [vllmModel],
    );
  });

  it("refuses another model with the status as the error's code", async () => {
    await assert.rejects(
      client.chat.completions.create({ ...question, model: "other" }),
      (error: unknown) => error instanceof OpenAI.NotFoundError && Number(error.code) === 404,
    );
  });
});
