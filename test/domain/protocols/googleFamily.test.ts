import assert from "node:assert/strict";
import type { RequestContext } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { googleCount } from "../../../src/domain/protocols/googleCount.ts";
import { googleEmbed } from "../../../src/domain/protocols/googleEmbed.ts";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { vertexAnthropic } from "../../../src/domain/protocols/vertexAnthropic.ts";
import { bodyOf, named, pass, utf8 } from "./streams.ts";

const route = (method: string, path: string) => {
  const found = protocolFor("google", method, path);
  return found === null ? "unknown" : (found.protocol?.name ?? found.kind);
};
const vertex = (publisher: string, called: string, location = "global") =>
  `/v1/projects/p/locations/${location}/publishers/${publisher}/models/${called}`;

describe("Google's routes", () => {
  it("that cost money are metered, at AI Studio and at Vertex, with the version in the base or in the path", () => {
    for (const path of [
      "/v1beta/models/gemini-2.5-flash:generateContent",
      "/models/gemini-2.5-flash:streamGenerateContent",
      "/v1beta/tunedModels/mine-123:generateContent",
      "/v1/publishers/google/models/gemini-2.5-flash:generateContent",
      vertex("google", "gemini-3-flash-preview:streamGenerateContent"),
      "/v1/projects/p/locations/us-central1/endpoints/123:generateContent",
    ]) {
      assert.equal(route("POST", path), "google-generate", path);
    }
    for (const path of [
      "/v1beta/models/gemini-embedding-001:embedContent",
      "/v1beta/models/gemini-embedding-001:batchEmbedContents",
      vertex("google", "text-embedding-005:predict"),
    ]) {
      assert.equal(route("POST", path), "google-embed", path);
    }
    assert.equal(
      route("POST", vertex("anthropic", "claude-sonnet-4-5@20250929:streamRawPredict")),
      "anthropic-messages",
    );
    assert.equal(route("POST", "/v1beta/openai/chat/completions"), "openai-chat");
  });

  it("that cost nothing are free", () => {
    for (const [method, path] of [
      ["POST", "/v1beta/models/gemini-2.5-flash:countTokens"],
      ["POST", vertex("google", "gemini-2.5-flash:countTokens")],
      ["POST", vertex("anthropic", "count-tokens:rawPredict")],
      ["GET", "/v1beta/models"],
      ["GET", "/models/gemini-2.5-flash"],
      ["POST", "/upload/v1beta/files"],
      ["GET", "/v1beta/files/abc"],
      ["DELETE", "/v1beta/files/abc"],
      ["DELETE", "/v1beta/cachedContents/abc"],
    ] as const) {
      assert.equal(route(method, path), "free", path);
    }
  });

  it("that are billed by time or by the piece, or answered later, are unknown", () => {
    for (const path of [
      "/v1beta/cachedContents",
      "/v1beta/models/gemini-2.5-flash:batchGenerateContent",
      "/v1beta/fileSearchStores/x:uploadToFileSearchStore",
      vertex("google", "imagen-4.0-generate-001:predict"),
      vertex("google", "veo-3.0-generate-001:predictLongRunning"),
      vertex("mistralai", "mistral-large:rawPredict"),
    ]) {
      assert.equal(route("POST", path), "unknown", path);
    }
  });
});

describe("Google's own count of a prompt", () => {
  const body = bodyOf({
    contents: [{ parts: [{ text: "Hello" }] }],
    system_instruction: { parts: [{ text: "Be brief" }] },
    cachedContent: "cachedContents/x",
  });

  it("is asked for with the whole request at AI Studio, and with what makes up the prompt at Vertex", () => {
    const studio = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    assert.equal(googleCount.where(studio, "?alt=sse&key=k"), "/v1beta/models/gemini-2.5-flash:countTokens?key=k");
    assert.equal(googleCount.where(studio, "?alt=sse"), "/v1beta/models/gemini-2.5-flash:countTokens");
    const whole = JSON.parse(googleCount.question(body, studio).toString());
    assert.deepEqual(whole, {
      generateContentRequest: { ...JSON.parse(body.toString()), model: "models/gemini-2.5-flash" },
    });
    const parts = JSON.parse(
      googleCount.question(body, vertex("google", "gemini-2.5-flash:generateContent")).toString(),
    );
    assert.deepEqual(Object.keys(parts), ["contents", "system_instruction"]);
  });

  it("bounds the prompt with what it may have left out, and is not asked where it does not see all", () => {
    const read = (path: string, promptTokens?: number) =>
      googleGenerate.read(body, { path, search: "", contentType: null, ...(promptTokens && { promptTokens }) });
    const studio = "/v1beta/models/gemini-2.5-flash:generateContent";
    const cached = { totalTokens: 1_000, cachedContentTokenCount: 500 };
    assert.ok((googleCount.tokensIn(cached, read(studio)) ?? 0) >= 1_500);
    assert.equal(googleCount.tokensIn({ totalTokens: 1_000 }, read(studio)), null);
    assert.ok((googleCount.tokensIn({ totalTokens: 1_000 }, read(studio, 700)) ?? 0) >= 1_000);
    assert.equal(googleCount.tokensIn({ error: {} }, read(studio, 700)), null);
    assert.deepEqual([read(studio).hiddenInput, read(studio).countable], [true, true]);
    assert.equal(read(studio, 700).hiddenInput, false);
    assert.ok(read(studio, 700).inputBoundTokens >= 700 && read(studio, 700).inputBoundTokens < 1_000);
    assert.equal(read(vertex("google", "gemini-2.5-flash:generateContent")).countable, false);
  });
});

describe("google-embed", () => {
  const at = (path: string): RequestContext => ({ path, search: "", contentType: null });
  const batch = bodyOf({
    requests: [1, 2].map((n) => ({
      model: "models/gemini-embedding-001",
      content: { parts: [{ text: `Text ${n}` }] },
    })),
  });
  const facts = googleEmbed.read(batch, at("/v1beta/models/gemini-embedding-001:batchEmbedContents"));

  it("estimates from the texts what AI Studio does not tell", () => {
    assert.equal(facts.model, "gemini-embedding-001");
    const { usage, basis } = googleEmbed.readJson(200, bodyOf({ embeddings: [{ values: [0.1] }] }), facts);
    assert.deepEqual([usage.inputTokens, usage.outputTokens, basis], [4, 0, "estimated"]);
    const told = { embedding: { values: [0.1] }, usageMetadata: { promptTokenCount: 6, totalTokenCount: 6 } };
    const reading = googleEmbed.readJson(200, bodyOf(told), facts);
    assert.deepEqual([reading.usage.inputTokens, reading.basis], [6, "reported"]);
  });

  it("adds up what Vertex counts for each text, and takes characters where it counts no tokens", () => {
    const body = bodyOf({ instances: [{ content: "One" }, { content: "Two", task_type: "RETRIEVAL_QUERY" }] });
    const asked = googleEmbed.read(body, at(vertex("google", "text-embedding-005:predict")));
    const prediction = (statistics: object) => ({ embeddings: { values: [0.1], statistics } });
    const answer = (...statistics: object[]) =>
      googleEmbed.readJson(
        200,
        bodyOf({ predictions: statistics.map(prediction), metadata: { billableCharacterCount: 30 } }),
        asked,
      );
    const counted = answer({ token_count: 3, truncated: false }, { token_count: 4 });
    assert.deepEqual([counted.usage.inputTokens, counted.basis], [7, "reported"]);
    const characters = answer({ token_count: 3 }, {});
    assert.deepEqual([characters.usage.inputTokens, characters.basis], [10, "estimated"]);
  });

  it("names errors", () => {
    const error = { error: { code: 404, message: "…", status: "NOT_FOUND" } };
    const { errorType, basis } = googleEmbed.readJson(404, bodyOf(error), facts);
    assert.deepEqual([errorType, basis], ["NOT_FOUND", "none"]);
  });
});

describe("Claude at Vertex", () => {
  const body = bodyOf({
    anthropic_version: "vertex-2023-10-16",
    max_tokens: 1_000,
    messages: [{ role: "user", content: "Hello" }],
  });
  const called = (location: string, method = "rawPredict", model = "claude-sonnet-4-5@20250929") =>
    vertexAnthropic.read(body, {
      path: vertex("anthropic", `${model}:${method}`, location),
      search: "",
      contentType: null,
    });
  const usage = { input_tokens: 100, cache_read_input_tokens: 50, output_tokens: 7, service_tier: "standard" };

  it("is Anthropic's wire with the model in the path", () => {
    const { model, outputLimitTokens, stream } = called("global", "streamRawPredict");
    assert.deepEqual([model, outputLimitTokens, stream], ["claude-sonnet-4-5@20250929", 1_000, true]);
    const answer = { type: "message", model: "claude-sonnet-4-5-20250929", content: [], usage };
    const reading = vertexAnthropic.readJson(200, bodyOf(answer), called("global"));
    assert.deepEqual(
      [reading.usage.inputTokens, reading.usage.cachedInputTokens, reading.usage.outputTokens, reading.serviceTier],
      [150, 50, 7, "standard"],
    );
    const limited = vertexAnthropic.rewrite(body, called("global"), { outputLimitTokens: 300 });
    assert.equal(JSON.parse(limited.toString()).max_tokens, 300);
  });

  it("costs more in a region of the client's choice, since Sonnet 4.5", () => {
    assert.equal(called("europe-west1").serviceTier, "regional");
    assert.equal(called("global").serviceTier, null);
    assert.equal(called("europe-west1", "rawPredict", "claude-sonnet-4@20250514").serviceTier, null);
    const wire = named(
      { type: "message_start", ...{ message: { model: "claude-sonnet-4-5-20250929", usage } } },
      { type: "message_delta", ...{ usage } },
      { type: "message_stop" },
    );
    const { reading, complete } = pass(vertexAnthropic, called("europe-west1"), [utf8(wire)]);
    assert.deepEqual([reading.serviceTier, reading.usage.outputTokens, complete], ["standard+regional", 7, true]);
  });
});
