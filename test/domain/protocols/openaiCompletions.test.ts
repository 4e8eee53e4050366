import assert from "node:assert/strict";
import { BadRequestError, type Protocol } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { bodyOf, pass, sse, utf8 } from "./streams.ts";

const at = (baseUrl: string) => protocolFor("openai", "POST", "/v1/completions", baseUrl)?.protocol as Protocol;
const openai = at("https://api.openai.com/v1");
const vllm = at("http://127.0.0.1:8000/v1");
const model = "gpt-3.5-turbo-instruct";
const request = { model, prompt: "Say this is a test" };
const read = (more: object, protocol = openai) => protocol.read(bodyOf({ ...request, ...more }));
const rewritten = (more: object, limit: number | undefined, protocol = openai) => {
  const body = bodyOf({ ...request, ...more });
  const changes = limit === undefined ? {} : { outputLimitTokens: limit };
  return JSON.parse(protocol.rewrite(body, protocol.read(body), changes).toString()) as Record<string, unknown>;
};
const usage = { prompt_tokens: 50, completion_tokens: 9, total_tokens: 59 };

describe("openai-completions", () => {
  it("hold 16 tokens where OpenAI's client sets no limit, and elsewhere the model's own limit", () => {
    assert.equal(read({}).outputLimitTokens, 16);
    assert.equal(read({ max_tokens: 100 }).outputLimitTokens, 100);
    assert.equal(read({ max_tokens: 0, echo: true }).outputLimitTokens, 0);
    assert.equal(read({}, vllm).outputLimitTokens, null);
    assert.equal(read({ max_tokens: -1 }, vllm).outputLimitTokens, null);
  });

  it("are bounded for every prompt and every candidate, whether it is shown or not", () => {
    const { choices, outputLimitTokens, inputBoundTokens } = read({
      prompt: ["a", "b", "c"],
      best_of: 4,
      max_tokens: 10,
    });
    assert.deepEqual([choices, outputLimitTokens], [12, 120]);
    assert.ok(inputBoundTokens >= 3);
    assert.equal(read({ prompt: [[1, 2], [3]], n: 2, max_tokens: 5 }).outputLimitTokens, 20);
    assert.equal(read({ prompt: [1, 2, 3], n: 2, max_tokens: 5 }).choices, 2);
    assert.ok(read({ suffix: "x".repeat(2_000) }).inputBoundTokens >= 2_000);
  });

  it("refuse in words what makes no sense", () => {
    const many = { prompt: Array.from({ length: 2_000 }, () => "x"), n: 100 };
    for (const more of [{ prompt: 5 }, { prompt: {} }, { max_tokens: "5" }, { n: 1.5 }, many]) {
      assert.throws(() => read(more), BadRequestError);
    }
  });

  it("lower the limit, never raise it, and ask for a stream's usage", () => {
    assert.equal(rewritten({ max_tokens: 4_000 }, 256).max_tokens, 256);
    assert.equal(rewritten({ max_tokens: 0 }, 256).max_tokens, 0);
    assert.equal(rewritten({}, 256, vllm).max_tokens, 256);
    assert.deepEqual(rewritten({ stream: true }, undefined).stream_options, { include_usage: true });
    assert.equal(rewritten({ stream: true }, undefined, at("https://api.mistral.ai/v1")).stream_options, undefined);
  });

  it("keep from the client the chunk of mere usage that it did not ask for, and read the last report", () => {
    const chunk = (text: string, more: object = {}) => ({
      model,
      choices: [{ index: 0, text, finish_reason: null }],
      ...more,
    });
    const said = [chunk("This"), chunk(" is"), chunk(" it", { choices: [{ text: " it", finish_reason: "stop" }] })];
    const facts = read({ stream: true });
    const { reading, client } = pass(openai, facts, [utf8(sse(...said, { model, choices: [], usage }, "[DONE]"))]);
    assert.deepEqual([reading.usage.inputTokens, reading.usage.outputTokens, reading.basis], [50, 9, "reported"]);
    assert.equal(client.toString(), sse(...said, "[DONE]"));
    const cut = pass(openai, facts, [utf8(sse(chunk("x".repeat(30))))]).reading;
    assert.deepEqual([cut.basis, cut.usage.outputTokens], ["estimated", 10]);
  });

  it("are not cut for a prompt that they repeat before they go on", () => {
    const echoed = sse({ model, choices: [{ text: "x".repeat(10_000), finish_reason: null }] });
    const outputAtLeast = (more: object) => {
      const reader = openai.readStream(read({ stream: true, ...more }));
      reader.push(utf8(echoed));
      return reader.outputAtLeast;
    };
    assert.ok(outputAtLeast({}) > 16);
    assert.equal(outputAtLeast({ echo: true }), 0);
  });

  it("read whole answers, a cached prefix counted once", () => {
    const wire = { ...usage, prompt_tokens_details: { cached_tokens: 20 } };
    const { usage: tokens } = openai.readJson(200, bodyOf({ model, choices: [{ text: "a" }], usage: wire }), read({}));
    assert.deepEqual([tokens.inputTokens, tokens.cachedInputTokens, tokens.outputTokens], [50, 20, 9]);
    const silent = openai.readJson(200, bodyOf({ model, choices: [{ text: "x".repeat(30) }] }), read({}));
    assert.deepEqual([silent.basis, silent.usage.outputTokens], ["estimated", 10]);
  });

  it("are told apart from chats", () => {
    const name = (path: string) => protocolFor("openai", "POST", path)?.protocol?.name;
    assert.equal(name("/v1/chat/completions"), "openai-chat");
    assert.equal(name("/completions"), "openai-completions");
    assert.equal(name("/v1/fim/completions"), "openai-completions");
    assert.equal(name("/deployments/instruct/completions"), "openai-completions");
  });
});
