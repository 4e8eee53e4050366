import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { ollamaEmbedder, ollamaModel, startOllamaUpstream } from "./ollamaUpstream.ts";
import { countTokens } from "./tokens.ts";
import type { Upstream } from "./upstreamServer.ts";

const messages = [{ role: "user", content: "How do I sum a list of amounts?" }];

describe("simulated Ollama", () => {
  let upstream: Upstream;
  let client: Ollama;

  before(async () => {
    upstream = await startOllamaUpstream();
    client = new Ollama({ host: upstream.url });
  });
  beforeEach(() => upstream.reset());
  after(() => upstream.stop());

  it("answers, stops at num_predict, and leaves a prompt's count out the second time", async () => {
    const whole = await client.chat({ model: ollamaModel, messages });
    assert.deepEqual(
      [whole.prompt_eval_count, whole.eval_count, whole.done_reason],
      [countTokens(messages[0]?.content ?? ""), countTokens(whole.message.content), "stop"],
    );
    const short = await client.chat({ model: ollamaModel, messages, options: { num_predict: 5 } });
    assert.deepEqual([short.prompt_eval_count, short.eval_count, short.done_reason], [undefined, 5, "length"]);
  });

  it("streams unless it is told not to, thoughts first", async () => {
    upstream.script.next({ reasoningTokens: 12 });
    const body = JSON.stringify({ model: ollamaModel, messages });
    const answer = await fetch(`${upstream.url}/api/chat`, { method: "POST", body });
    assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
    const lines = (await answer.text()).trimEnd().split("\n");
    const parts = lines.map((line) => JSON.parse(line) as { message: { thinking?: string }; done: boolean });
    assert.ok(parts[0]?.message.thinking !== undefined && parts.length > 5);
    assert.deepEqual(
      parts.map(({ done }) => done),
      parts.map((_, index) => index === parts.length - 1),
    );
  });

  it("completes, embeds, lists, loads, and fails as Ollama does", async () => {
    const { response } = await client.generate({ model: ollamaModel, prompt: "Sum a list" });
    assert.match(response ?? "", /Sum a list/);
    const { embeddings } = await client.embed({ model: ollamaEmbedder, input: ["a", "b"] });
    assert.equal(embeddings.length, 2);
    assert.equal((await client.list()).models.length, 2);
    assert.equal((await client.generate({ model: ollamaModel, prompt: "" })).done_reason, "load");
    await assert.rejects(client.chat({ model: "none", messages }), /model 'none' not found/);
    upstream.script.next({ errorAfter: 2 });
    const stream = await client.chat({ model: ollamaModel, messages, stream: true });
    await assert.rejects(async () => {
      for await (const part of stream) assert.equal(part.done, false);
    }, /an error was encountered/);
  });
});
