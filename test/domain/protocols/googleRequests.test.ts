import assert from "node:assert/strict";
import { BadRequestError } from "../../../src/domain/protocol.ts";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { at, contents, facts, read } from "./sampleGenerate.ts";
import { bodyOf, utf8 } from "./streams.ts";

const rewritten = (body: string, limit: number, model?: string) => {
  const bytes = utf8(body);
  const asked = googleGenerate.read(bytes, at("generateContent", model));
  return googleGenerate.rewrite(bytes, asked, { outputLimitTokens: limit }).toString();
};

describe("google-generate requests", () => {
  it("are read: model and stream from the path, limits for each candidate, tier, under both spellings", () => {
    const body = bodyOf({ contents, generation_config: { max_output_tokens: "500", candidate_count: 2 } });
    const vertex = "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:streamGenerateContent";
    const headers = { "x-vertex-ai-llm-shared-request-type": "priority" };
    const asked = googleGenerate.read(body, { path: vertex, search: "?alt=sse", contentType: null, headers });
    const { model, stream: streams, outputLimitTokens, choices, serviceTier } = asked;
    assert.deepEqual(
      [model, streams, outputLimitTokens, choices, serviceTier],
      ["gemini-2.5-pro", true, 1_000, 2, "priority"],
    );
    assert.equal(read({ serviceTier: "flex" }).serviceTier, "flex");
    assert.equal(read({ serviceTier: "standard" }).serviceTier, null);
    assert.equal(googleGenerate.read(bodyOf({ contents }), at("generateContent", "gemini%2D2")).model, "gemini-2");
    assert.equal(read({}).outputLimitTokens, null);
    assert.equal(googleGenerate.read(bodyOf({ contents: contents[0] }), at("generateContent")).choices, 1);
  });

  it("that Google could not read either are refused", () => {
    for (const wrong of [
      { contents: "Hello" },
      { generationConfig: [] },
      { generationConfig: { maxOutputTokens: {} } },
    ]) {
      assert.throws(() => read(wrong), BadRequestError);
    }
    assert.throws(() => read({ generationConfig: { thinkingConfig: { thinkingBudget: "much" } } }), BadRequestError);
  });

  it("are bounded with pictures, sound, films and documents, those that functions give back too", () => {
    const bound = (part: object) => read({ contents: [{ parts: [part] }] }).inputBoundTokens;
    const inline = (mimeType: string, bytes: number) => ({
      inlineData: { mimeType, data: "A".repeat((bytes * 4) / 3) },
    });
    const picture = inline("image/png", 600_000);
    const given = { functionResponse: { name: "look", response: {}, parts: [picture] } };
    for (const part of [picture, given, { inline_data: { mime_type: "image/png", data: picture.inlineData.data } }]) {
      assert.ok(bound(part) >= 24 * 258 && bound(part) < 10_000);
    }
    // A minute of sound at 16 kbit/s, 32 tokens a second; ten seconds of a film with little in it.
    assert.ok(bound(inline("audio/ogg", 120_000)) >= 60 * 32);
    assert.ok(bound(inline("video/mp4", 9_000)) >= 10 * 300);
    const quick = { ...inline("video/mp4", 90_000), videoMetadata: { fps: 24 } };
    assert.ok(bound(quick) >= 100 * 24 * 258);
    const far = { fileData: { fileUri: "gs://bucket/film.mp4", mimeType: "video/mp4" } };
    // No prompt is longer than the model's context, however much is in it.
    assert.ok(bound(far) >= 1_048_576 && bound(far) < 1_100_000);
    assert.ok(bound({ file_data: { file_uri: "https://host/a.png", mime_type: "image/png" } }) < 10_000);
  });

  it("say what comes from elsewhere: a cache, fetched documents, and tools that are not known", () => {
    assert.equal(read({}).hiddenInput, false);
    assert.equal(read({ cachedContent: "cachedContents/x" }).hiddenInput, true);
    assert.equal(read({ cached_content: "cachedContents/x" }).hiddenInput, true);
    for (const name of ["urlContext", "url_context", "fileSearch", "retrieval", "somethingNew"]) {
      assert.equal(read({ tools: [{ [name]: {} }] }).hiddenInput, true, name);
    }
    assert.equal(read({ tools: [{ functionDeclarations: [{ name: "f" }] }, { googleSearch: {} }] }).hiddenInput, false);
    // Code that is run makes the model read its prompt again.
    const long = { contents: [{ parts: [{ text: "x".repeat(100_000) }] }] };
    assert.ok(read({ ...long, tools: [{ codeExecution: {} }] }).inputBoundTokens >= 6 * 100_000);
  });

  it("count searches as Google bills them: by the prompt before Gemini 3, by the query since", () => {
    const tools = [{ google_search: {} }];
    assert.equal(read({ tools }).webSearchBound, 1);
    assert.ok(read({ tools }, "gemini-3-flash-preview").webSearchBound > 1);
    assert.equal(read({ tools: [{ functionDeclarations: [] }] }).webSearchBound, 0);
  });
});

describe("google-generate rewrites", () => {
  it("put the lower limit where the client's stands, and touch no other byte", () => {
    const body = (limit: string) =>
      `{"contents": [{"parts":[{"text":"é"}]}],"generationConfig" : {"temperature": 1.0,${limit} "topK":5 } }`;
    assert.equal(rewritten(body('"maxOutputTokens" : 9000,'), 300), body('"maxOutputTokens" : 300,'));
    assert.equal(rewritten(body('"max_output_tokens":9000,'), 300), body('"max_output_tokens":300,'));
    assert.equal(rewritten(body('"maxOutputTokens":200,'), 300), body('"maxOutputTokens":200,'));
    assert.equal(
      rewritten('{"contents":[{}],"generation_config":{"topK":5}}', 300),
      '{"contents":[{}],"generation_config":{"maxOutputTokens":300,"topK":5}}',
    );
    assert.equal(rewritten('{"contents":[{}]}', 300), '{"generationConfig":{"maxOutputTokens":300},"contents":[{}]}');
    const bytes = utf8('{"contents":[{}]}');
    assert.equal(googleGenerate.rewrite(bytes, facts, {}), bytes);
  });

  it("keep the budget for thinking below the limit and valid for the model", () => {
    const budgetAt = (limit: number, model: string, thinkingBudget = 8_000) => {
      const config = { maxOutputTokens: 10_000, thinkingConfig: { thinkingBudget, includeThoughts: true } };
      const sent = JSON.parse(rewritten(JSON.stringify({ contents, generationConfig: config }), limit, model));
      assert.equal(sent.generationConfig.thinkingConfig.includeThoughts, true);
      return sent.generationConfig.thinkingConfig.thinkingBudget;
    };
    assert.equal(budgetAt(1_000, "gemini-2.5-flash"), 800);
    assert.equal(budgetAt(500, "gemini-2.5-flash-lite"), 0);
    assert.equal(budgetAt(100, "gemini-2.5-pro"), 128);
    assert.equal(budgetAt(9_999, "gemini-2.5-flash", 2_000), 2_000);
    assert.equal(budgetAt(500, "gemini-2.5-flash", -1), -1);
  });
});
