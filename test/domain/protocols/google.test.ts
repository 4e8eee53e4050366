import assert from "node:assert/strict";
import fc from "fast-check";
import { BadRequestError, type RequestContext } from "../../../src/domain/protocol.ts";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { costOf, FREE_RATES } from "../../../src/domain/rates.ts";
import { bodyOf, cutAt, pass, sse, utf8 } from "./streams.ts";

const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
const at = (method: string, model = "gemini-2.5-flash"): RequestContext => ({
  path: `/v1beta/models/${model}:${method}`,
  search: "",
  contentType: "application/json",
});
const read = (more: object, model?: string) =>
  googleGenerate.read(bodyOf({ contents, ...more }), at("generateContent", model));
const facts = googleGenerate.read(bodyOf({ contents }), at("streamGenerateContent"));
const answered = (answer: unknown, more: object = {}, model?: string) =>
  googleGenerate.readJson(200, bodyOf(answer), read(more, model));

const rewritten = (body: string, limit: number, model?: string) => {
  const bytes = utf8(body);
  const asked = googleGenerate.read(bytes, at("generateContent", model));
  return googleGenerate.rewrite(bytes, asked, { outputLimitTokens: limit }).toString();
};

const chunk = (text: string, usageMetadata: object | undefined, more: object = {}) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...more }],
  usageMetadata,
  modelVersion: "gemini-2.5-flash",
});
const end = { finishReason: "STOP" };
const stream = (...chunks: object[]) => pass(googleGenerate, facts, [utf8(sse(...chunks))]);
/** As Google sends an array over time. */
const overTime = (...chunks: object[]) => `[${chunks.map((one) => JSON.stringify(one, null, 1)).join("\n,\r\n")}\n]\n`;

const tokens = (text: number, audio: number) => [
  { modality: "TEXT", tokenCount: text },
  { modality: "AUDIO", tokenCount: audio },
];

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

describe("google-generate answers", () => {
  const RATES = { ...FREE_RATES, input: 300_000, cachedInput: 30_000, audioInput: 1_000_000, output: 2_500_000 };

  it("count the cached prefix once, thoughts beside what is said, and what tools brought in", () => {
    const usageMetadata = {
      promptTokenCount: 5_000,
      cachedContentTokenCount: 4_000,
      candidatesTokenCount: 100,
      thoughtsTokenCount: 900,
      toolUsePromptTokenCount: 70,
      totalTokenCount: 6_070,
    };
    const { usage, basis, model } = answered(chunk("Hi", usageMetadata, end));
    assert.deepEqual(
      [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, usage.reasoningTokens, basis, model],
      [5_070, 4_000, 1_000, 900, "reported", "gemini-2.5-flash"],
    );
    assert.equal(costOf(usage, RATES), 1_070 * 300 + 4_000 * 30 + 1_000 * 2_500);
  });

  it("charge sound at its own rate, heard and spoken, and cached sound as cached", () => {
    const usageMetadata = {
      promptTokenCount: 150,
      promptTokensDetails: tokens(100, 50),
      cachedContentTokenCount: 30,
      cacheTokensDetails: tokens(10, 20),
      candidatesTokenCount: 40,
      candidatesTokensDetails: tokens(5, 35),
      totalTokenCount: 190,
    };
    const { usage } = answered(chunk("Hi", usageMetadata, end));
    assert.deepEqual([usage.audioInputTokens, usage.cachedInputTokens, usage.audioOutputTokens], [30, 30, 35]);
    assert.equal(
      costOf(usage, { ...RATES, audioOutput: 4_000_000 }),
      90 * 300 + 30 * 30 + 30 * 1_000 + 5 * 2_500 + 35 * 4_000,
    );
  });

  it("find a part that is not told in the total, and take what is told nowhere for what the text shows", () => {
    const thoughtsLeftOut = { promptTokenCount: 10, candidatesTokenCount: 4, totalTokenCount: 64 };
    const { usage, basis } = answered(chunk("Hi", thoughtsLeftOut, end));
    assert.deepEqual([usage.outputTokens, usage.reasoningTokens, basis], [54, 50, "reported"]);
    const saidInTotal = answered(
      chunk("Hi", { promptTokenCount: 10, thoughtsTokenCount: 46, totalTokenCount: 60 }, end),
    );
    assert.deepEqual([saidInTotal.usage.outputTokens, saidInTotal.basis], [50, "reported"]);
    const saidLeftOut = answered(chunk("x".repeat(30), { promptTokenCount: 10, totalTokenCount: 10 }, end));
    assert.deepEqual([saidLeftOut.usage.outputTokens, saidLeftOut.basis], [10, "estimated"]);
    const silent = answered({ candidates: [{ content: { parts: [{ text: "x".repeat(30) }] }, ...end }] });
    assert.deepEqual([silent.usage.outputTokens, silent.basis], [10, "estimated"]);
    assert.ok(silent.usage.inputTokens > 0 && silent.usage.inputTokens <= facts.inputBoundTokens);
  });

  it("that are blocked cost their prompt", () => {
    const promptFeedback = { blockReason: "SAFETY" };
    const told = answered({ promptFeedback, usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 } });
    assert.deepEqual([told.usage.inputTokens, told.usage.outputTokens, told.basis], [9, 0, "reported"]);
    const untold = answered({ promptFeedback, usageMetadata: { trafficType: "ON_DEMAND" } });
    assert.deepEqual([untold.usage.inputTokens > 0, untold.usage.outputTokens, untold.basis], [true, 0, "estimated"]);
  });

  it("name their tier, as AI Studio and Vertex tell it", () => {
    const tierOf = (more: object) => answered(chunk("", { promptTokenCount: 1, ...more }, end)).serviceTier;
    assert.equal(tierOf({ serviceTier: "priority" }), "priority");
    assert.equal(tierOf({ trafficType: "ON_DEMAND" }), "standard");
    assert.equal(tierOf({ trafficType: "ON_DEMAND_FLEX" }), "flex");
    assert.equal(tierOf({ trafficType: "PROVISIONED_THROUGHPUT" }), "standard");
    assert.equal(tierOf({}), null);
  });

  it("count the searches that were made, as they are billed", () => {
    const groundingMetadata = { webSearchQueries: ["weather", "weather in Oslo", "weather", ""] };
    const answer = chunk("Hi", { promptTokenCount: 1, candidatesTokenCount: 1 }, { ...end, groundingMetadata });
    assert.equal(answered(answer).usage.webSearches, 1);
    assert.equal(answered(answer, {}, "gemini-3-pro-preview").usage.webSearches, 2);
    const maps = { groundingMetadata: { groundingChunks: [{ maps: { uri: "…" } }] } };
    assert.equal(answered(chunk("Hi", { promptTokenCount: 1 }, { ...end, ...maps })).usage.webSearches, 1);
    assert.equal(
      answered(chunk("Hi", { promptTokenCount: 1 }, end), { tools: [{ googleSearch: {} }] }).usage.webSearches,
      0,
    );
  });

  it("that are errors name them, alone or in an array", () => {
    const error = { error: { code: 429, message: "…", status: "RESOURCE_EXHAUSTED" } };
    for (const body of [error, [error]]) {
      const { errorType, basis } = googleGenerate.readJson(429, bodyOf(body), facts);
      assert.deepEqual([errorType, basis], ["RESOURCE_EXHAUSTED", "none"]);
    }
    assert.equal(googleGenerate.readJson(503, utf8("<html>"), facts).errorType, "http_503");
    assert.equal(googleGenerate.readJson(500, bodyOf({}), facts).errorType, "http_500");
    assert.match(googleGenerate.readJson(200, utf8("<html>"), facts).trouble ?? "", /JSON/);
  });
});

describe("google-generate streams", () => {
  const counts = (candidates: number | undefined, thoughts?: number) => ({
    promptTokenCount: 10,
    candidatesTokenCount: candidates,
    thoughtsTokenCount: thoughts,
    totalTokenCount: 10 + (candidates ?? 0) + (thoughts ?? 0),
  });

  it("take the last report, and never add reports up", () => {
    const { reading, complete } = stream(
      chunk("One", counts(3, 20)),
      chunk(" two", counts(5, 20)),
      chunk("", counts(7, 22), end),
    );
    const { inputTokens, outputTokens, reasoningTokens } = reading.usage;
    assert.deepEqual([inputTokens, outputTokens, reasoningTokens, reading.basis], [10, 29, 22, "reported"]);
    assert.deepEqual([complete, reading.trouble], [true, null]);
  });

  it("count thoughts before anything is said, and what is said before it is counted", () => {
    const thinking = stream(chunk("", counts(undefined, 400)));
    assert.deepEqual([thinking.reading.usage.outputTokens, thinking.answering], [400, false]);
    const said = stream(chunk("x".repeat(30), counts(undefined, 400)));
    assert.deepEqual([said.reading.usage.outputTokens, said.reading.basis, said.answering], [410, "estimated", true]);
    assert.equal(said.reading.trouble, "The stream broke off before its end");
  });

  it("sum rounds up where tools of Google's own begin the counts anew, until the last report does", () => {
    const rounds = [chunk("a", counts(20, 419)), chunk("", counts(undefined)), chunk("b", counts(16, 28))];
    const tools = [{ codeExecution: {} }];
    const withTools = googleGenerate.read(bodyOf({ contents, tools }), at("streamGenerateContent"));
    const stream = (...chunks: object[]) => pass(googleGenerate, withTools, [utf8(sse(...chunks))]);
    const cut = stream(...rounds).reading;
    assert.deepEqual([cut.usage.outputTokens, cut.usage.reasoningTokens, cut.basis], [483, 447, "estimated"]);
    const last = {
      promptTokenCount: 427,
      toolUsePromptTokenCount: 771,
      candidatesTokenCount: 36,
      thoughtsTokenCount: 447,
    };
    const { usage, basis } = stream(...rounds, chunk("", last, end)).reading;
    assert.deepEqual(
      [usage.inputTokens, usage.outputTokens, usage.reasoningTokens, basis],
      [1_198, 483, 447, "reported"],
    );
  });

  it("take the last report where no tool is offered, though it be lower", () => {
    const { usage, basis } = stream(chunk("a", counts(20, 419)), chunk("b", counts(16, 28), end)).reading;
    assert.deepEqual([usage.outputTokens, usage.reasoningTokens, basis], [44, 28, "reported"]);
  });

  it("without any report are estimated from what was said, thought and called", () => {
    const parts = [{ text: "x".repeat(30), thought: true }, { functionCall: { name: "look", args: { q: "weather" } } }];
    const { reading } = stream({ candidates: [{ content: { parts } }] });
    assert.deepEqual([reading.basis, reading.usage.reasoningTokens], ["estimated", 10]);
    assert.ok(reading.usage.outputTokens > 16 && reading.usage.inputTokens > 0);
    const hidden = stream({ candidates: [{ content: { parts: [{ thoughtSignature: "A".repeat(400) }] } }] });
    assert.equal(hidden.reading.usage.outputTokens, 100);
  });

  it("tell while they pass that more came than the limit", () => {
    const reader = googleGenerate.readStream(facts);
    reader.push(utf8(sse(chunk("x", counts(90, 30)))));
    assert.deepEqual([reader.outputAtLeast, reader.lastEventPassed], [120, false]);
    reader.push(utf8(sse(chunk("x", counts(95, 30), end))));
    assert.equal(reader.lastEventPassed, true);
  });

  it("come as an array over time too: read alike in any chunking, and every byte passes", () => {
    const chunks = [chunk('"quoted\\" ] } ,', counts(3, 9)), chunk("ü[{", counts(6, 9)), chunk("", counts(8, 9), end)];
    const array = utf8(overTime(...chunks));
    const once = pass(googleGenerate, facts, [array]);
    assert.deepEqual([once.reading.usage.outputTokens, once.reading.basis, once.complete], [17, "reported", true]);
    assert.deepEqual(once.reading, stream(...chunks).reading);
    assert.deepEqual(googleGenerate.readJson(200, array, facts), once.reading);
    fc.assert(
      fc.property(fc.array(fc.nat(array.length)), (places) => {
        const cut = pass(googleGenerate, facts, cutAt(array, places));
        assert.deepEqual(cut, once);
        assert.deepEqual(cut.client, array);
      }),
      { seed: 6, numRuns: 300 },
    );
    for (let place = 0; place <= array.length; place += 1) {
      assert.deepEqual(pass(googleGenerate, facts, cutAt(array, [place])), once);
    }
    assert.equal(googleGenerate.isStream("application/json; charset=UTF-8", facts), true);
    assert.equal(googleGenerate.isStream("application/json", read({})), false);
  });

  it("are broken off with an error that a parser reads, wherever the bytes were cut", () => {
    const chunks = [chunk("one", counts(3)), chunk("two", counts(6)), chunk("three", counts(9))];
    const array = utf8(overTime(...chunks));
    const events = utf8(sse(...chunks));
    const first = overTime(chunks[0] as object).trimEnd().length;
    for (let cut = first; cut < array.length - 2; cut += 1) {
      const sent = googleGenerate.readStream(facts).push(array.subarray(0, cut)).toString();
      const whole = JSON.parse(`${sent}${googleGenerate.breakOff("budget_cut", "Cut", "application/json")}`);
      assert.deepEqual(whole.at(-1).error.message, "Cut");
    }
    for (let cut = 0; cut < events.length; cut += 1) {
      const sent = googleGenerate.readStream(facts).push(events.subarray(0, cut)).toString();
      const broken = `${sent}${googleGenerate.breakOff("budget_cut", "Cut", "text/event-stream")}`;
      const last = broken
        .split("\n\n")
        .filter((event) => event !== "")
        .at(-1);
      assert.equal(JSON.parse(last?.replace(/^data: /, "") ?? "").error.message, "Cut");
    }
  });

  it("name the error they end in, which may come as bare JSON", () => {
    const error = { error: { code: 503, message: "…", status: "UNAVAILABLE" } };
    assert.deepEqual([stream(error).reading.errorType, stream(error).reading.basis], ["UNAVAILABLE", "none"]);
    const midway = pass(googleGenerate, facts, [utf8(sse(chunk("Hi", counts(3)))), bodyOf(error)]).reading;
    assert.deepEqual([midway.errorType, midway.usage.outputTokens], ["UNAVAILABLE", 3]);
    const refused = pass(googleGenerate, facts, [bodyOf(error)]).reading;
    assert.deepEqual([refused.errorType, refused.basis, refused.trouble], ["UNAVAILABLE", "none", null]);
  });
});
