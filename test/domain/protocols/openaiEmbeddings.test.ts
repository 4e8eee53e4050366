import assert from "node:assert/strict";
import { BadRequestError, type Protocol } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { openaiEmbeddings } from "../../../src/domain/protocols/openaiEmbeddings.ts";
import { bodyOf, utf8 } from "./streams.ts";

const model = "text-embedding-3-small";
const read = (input: unknown, more: object = {}) => openaiEmbeddings.read(bodyOf({ model, input, ...more }));
const facts = read("The quick brown fox");
const answer = (usage: unknown, more: object = {}) =>
  openaiEmbeddings.readJson(200, bodyOf({ object: "list", data: [], model, usage, ...more }), facts);

describe("openai-embeddings", () => {
  it("bounds texts by their bytes and tokens by their number, and allows for no output", () => {
    const { model: asked, outputLimitTokens, clampable, stream } = facts;
    assert.deepEqual([asked, outputLimitTokens, clampable, stream], [model, 0, false, false]);
    assert.ok(read("x".repeat(10_000)).inputBoundTokens >= 10_000);
    assert.ok(read(["x".repeat(5_000), "y".repeat(5_000)]).inputBoundTokens >= 10_000);
    const tokens = Array.from({ length: 1_000 }, (_, at) => 100_000 + at);
    for (const list of [tokens, [tokens.slice(0, 400), tokens.slice(400)]]) {
      const { inputBoundTokens } = read(list);
      assert.ok(inputBoundTokens >= 1_000 && inputBoundTokens < 1_300, String(inputBoundTokens));
    }
  });

  it("does not take a text for a token because it stands among lists", () => {
    assert.ok(read([["x".repeat(10_000)]]).inputBoundTokens >= 10_000);
    assert.ok(read([[1, 2, "x".repeat(10_000)]]).inputBoundTokens >= 10_000);
  });

  it("bounds pictures by a rule, not by their bytes, in the shapes of other hosts", () => {
    const url = `data:image/png;base64,${"A".repeat(400_000)}`;
    for (const input of [
      [{ image: url }],
      [{ type: "image_url", image_url: { url } }],
      [{ content: [{ type: "image_url", image_url: { url } }] }],
    ]) {
      const { inputBoundTokens, hasMedia } = openaiEmbeddings.read(bodyOf({ model: "jina-embeddings-v4", input }));
      assert.ok(inputBoundTokens > 10_000 && inputBoundTokens < 20_000 && hasMedia, String(inputBoundTokens));
    }
  });

  it("refuses in words what makes no sense", () => {
    for (const body of [bodyOf({ model }), bodyOf({ model, input: 5 }), bodyOf({ model: 5, input: "" }), utf8("[1]")]) {
      assert.throws(() => openaiEmbeddings.read(body), BadRequestError);
    }
  });

  it("reads the report of OpenAI, Mistral, and hosts that tell only a total or a cost", () => {
    const counts = (usage: object) => {
      const { usage: tokens, basis } = answer(usage);
      return [basis, tokens.inputTokens, tokens.outputTokens];
    };
    assert.deepEqual(counts({ prompt_tokens: 8, total_tokens: 8 }), ["reported", 8, 0]);
    const mistral = { prompt_tokens: 15, total_tokens: 15, completion_tokens: 0, prompt_audio_seconds: null };
    assert.deepEqual(counts(mistral), ["reported", 15, 0]);
    assert.deepEqual(counts({ total_tokens: 10 }), ["reported", 10, 0]);
    const { reportedCostUsd, model: served } = answer({ prompt_tokens: 6, total_tokens: 6, cost: 0.00000012 });
    assert.deepEqual([reportedCostUsd, served], [0.00000012, model]);
  });

  it("never takes a missing report for a free call", () => {
    for (const reading of [answer(undefined), answer({}), openaiEmbeddings.readJson(200, utf8("<html>"), facts)]) {
      assert.equal(reading.basis, "estimated");
      assert.ok(reading.usage.inputTokens >= 7 && reading.usage.outputTokens === 0);
    }
    assert.notEqual(openaiEmbeddings.readJson(200, utf8("<html>"), facts).trouble, null);
    const failed = openaiEmbeddings.readJson(401, bodyOf({ error: { type: "invalid_request_error" } }), facts);
    assert.deepEqual([failed.basis, failed.errorType], ["none", "invalid_request_error"]);
  });

  it("finds the report behind a large answer of vectors, wherever it stands", () => {
    const vectors = Array.from({ length: 500 }, (_, index) => ({
      index,
      embedding: Array.from({ length: 200 }, (_, at) => Math.sin(index * at)),
    }));
    for (const body of [
      { data: vectors, model, usage: { prompt_tokens: 77 } },
      { usage: { prompt_tokens: 77 }, data: vectors },
    ]) {
      assert.equal(openaiEmbeddings.readJson(200, bodyOf(body), facts).usage.inputTokens, 77);
    }
    const cut = bodyOf({ usage: { prompt_tokens: 77 }, data: vectors }).subarray(0, 50_000);
    const { basis, trouble } = openaiEmbeddings.readJson(200, cut, facts);
    assert.deepEqual([basis, trouble], ["estimated", "The answer is not a JSON object"]);
  });

  it("is found on every host's path", () => {
    for (const path of ["/embeddings", "/v1/embeddings", "/deployments/small/embeddings", "/openai/v1/embeddings/"]) {
      const { protocol } = protocolFor("openai", "POST", path) as { readonly protocol: Protocol };
      assert.equal(protocol.name, "openai-embeddings");
    }
  });
});
