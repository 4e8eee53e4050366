import assert from "node:assert/strict";
import { BadRequestError, type Protocol } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { openaiChat } from "../../../src/domain/protocols/openaiChat.ts";
import { costOf, FREE_RATES } from "../../../src/domain/rates.ts";
import { bodyOf, pass, sse, utf8 } from "./streams.ts";

const messages = [{ role: "user", content: "What is the capital of Mexico?" }];
const request = { model: "gpt-4o", messages };
const facts = openaiChat.read(bodyOf({ ...request, stream: true }));
const asked = openaiChat.read(bodyOf({ ...request, stream: true, stream_options: { include_usage: true } }));

const chunk = (delta: object, more: object = {}) => ({
  id: "c",
  model: "gpt-4o-2024-08-06",
  service_tier: "default",
  choices: [{ index: 0, delta, finish_reason: null }],
  usage: null,
  obfuscation: "abcdefghijklmnopqrstuvwxyz",
  ...more,
});
const usage = {
  prompt_tokens: 1_000,
  completion_tokens: 50,
  total_tokens: 1_050,
  prompt_tokens_details: { cached_tokens: 600, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 20, audio_tokens: 0 },
};
const usageChunk = { id: "c", model: "gpt-4o-2024-08-06", service_tier: "default", choices: [], usage };
const said = [chunk({ role: "assistant", content: "" }), chunk({ content: "Mexico" }), chunk({ content: " City" })];
const rewritten = (body: Buffer, limit?: number, protocol: Protocol = openaiChat) =>
  protocol.rewrite(body, protocol.read(body), limit === undefined ? {} : { outputLimitTokens: limit });
const parsed = (body: Buffer) => JSON.parse(body.toString()) as Record<string, unknown>;
const at = (baseUrl: string) => protocolFor("openai", "POST", "/chat/completions", baseUrl)?.protocol as Protocol;

describe("openai-chat requests", () => {
  it("are read: model, stream, limit for all choices", () => {
    const read = openaiChat.read(bodyOf({ ...request, max_tokens: 100, n: 3, stream: true, service_tier: "priority" }));
    const { model, stream, outputLimitTokens, choices, serviceTier, usageAsked } = read;
    assert.deepEqual(
      { model, stream, outputLimitTokens, choices, serviceTier, usageAsked },
      { model: "gpt-4o", stream: true, outputLimitTokens: 300, choices: 3, serviceTier: "priority", usageAsked: false },
    );
  });

  it("have no limit where the client's means none, and the greater of two", () => {
    const limit = (more: object) => openaiChat.read(bodyOf({ ...request, ...more })).outputLimitTokens;
    assert.equal(limit({}), null);
    assert.equal(limit({ max_tokens: null }), null);
    assert.equal(limit({ max_tokens: -1 }), null);
    assert.equal(limit({ max_tokens: 10, max_completion_tokens: 20 }), 20);
    const deepseek = at("https://api.deepseek.com");
    assert.equal(deepseek.read(bodyOf({ ...request, max_completion_tokens: 20 })).outputLimitTokens, null);
  });

  it("that make no sense are refused in words", () => {
    const wrong: Array<[unknown, RegExp]> = [
      ["{", /not a JSON object/],
      [[1], /not a JSON object/],
      [{ model: "x" }, /"messages" must be a list/],
      [{ ...request, max_tokens: "100" }, /"max_tokens" must be a whole number/],
      [{ ...request, n: 1.5 }, /"n" must be a whole number/],
      [{ ...request, stream: "yes" }, /"stream" must be true or false/],
      [{ ...request, model: 5 }, /"model" must be a string/],
    ];
    for (const [body, message] of wrong) {
      assert.throws(
        () => openaiChat.read(typeof body === "string" ? utf8(body) : bodyOf(body)),
        (error) => error instanceof BadRequestError && message.test(error.message),
      );
    }
  });

  it("are bounded by the bytes of their text, and by a rule for each image, sound and document", () => {
    const inputBound = (content: unknown, model = "gpt-4o") =>
      openaiChat.read(bodyOf({ model, messages: [{ role: "user", content }] })).inputBoundTokens;
    const picture = (length: number) => [
      { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(length)}` } },
    ];
    assert.ok(inputBound("x".repeat(10_000)) >= 10_000);
    assert.ok(inputBound(picture(1_000_000)) < 3_000);
    assert.ok(inputBound([{ type: "image_url", image_url: { url: "https://example.com/a.png" } }]) >= 1_445);
    assert.ok(inputBound(picture(100), "gpt-4o-mini") >= 48_169);
    const sound = inputBound([{ type: "input_audio", input_audio: { data: "A".repeat(160_000), format: "mp3" } }]);
    assert.ok(sound > 7_500 && sound < 8_500);
    assert.ok(inputBound([{ type: "file", file: { file_data: "A".repeat(40_000) } }]) >= 60_000);
    assert.ok(inputBound([{ type: "file", file: { file_id: "file-1" } }]) >= 1_000_000);
  });

  it("that let the model search the web are bounded by its fee as well", () => {
    assert.equal(openaiChat.read(bodyOf({ ...request, web_search_options: {} })).webSearchBound, 1);
    assert.equal(
      openaiChat.read(bodyOf({ ...request, search_parameters: { max_search_results: 5 } })).webSearchBound,
      5,
    );
    assert.equal(openaiChat.read(bodyOf(request)).webSearchBound, 0);
  });
});

describe("openai-chat rewrites", () => {
  it("ask for a stream's usage by a member in front, every other byte kept", () => {
    const body = utf8('{ "model":"gpt-4o",\n "stream" : true, "messages":[ ] }');
    assert.equal(
      rewritten(body).toString(),
      '{"stream_options":{"include_usage":true}, "model":"gpt-4o",\n "stream" : true, "messages":[ ] }',
    );
  });

  it("change nothing where nothing is to be changed", () => {
    for (const more of [{}, { stream: true, stream_options: { include_usage: true } }]) {
      const body = bodyOf({ ...request, ...more });
      assert.equal(rewritten(body), body);
    }
    const mistral = bodyOf({ ...request, stream: true });
    assert.equal(rewritten(mistral, undefined, at("https://api.mistral.ai/v1")), mistral);
  });

  it("leave a host alone that tells its usage unasked: its clients get the chunk that they count on", () => {
    const openrouter = at("https://openrouter.ai/api/v1");
    const body = bodyOf({ ...request, stream: true });
    assert.equal(rewritten(body, undefined, openrouter), body);
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, cost: 0.0001 };
    const wire = utf8(sse({ choices: [{ delta: { content: "Hi" } }] }, { choices: [], usage }, "[DONE]"));
    const { client, reading } = pass(openrouter, openrouter.read(body), [wire]);
    assert.deepEqual([client, reading.basis, reading.reportedCostUsd], [wire, "reported", 0.0001]);
  });

  it("keep the client's own stream options", () => {
    const options = { include_usage: false, include_obfuscation: false };
    const body = rewritten(bodyOf({ ...request, stream: true, stream_options: options }));
    assert.deepEqual(parsed(body).stream_options, { include_usage: true, include_obfuscation: false });
    assert.equal(body.toString().match(/stream_options/g)?.length, 1);
  });

  it("lower the limit that the client used, never raise it, and add one where there is none", () => {
    const limits = (more: object, limit: number, protocol = openaiChat) => {
      const { max_tokens, max_completion_tokens } = parsed(rewritten(bodyOf({ ...request, ...more }), limit, protocol));
      return [max_tokens, max_completion_tokens];
    };
    assert.deepEqual(limits({ max_tokens: 4_000 }, 256), [256, undefined]);
    assert.deepEqual(limits({ max_completion_tokens: 4_000 }, 256), [undefined, 256]);
    assert.deepEqual(limits({ max_tokens: 10, max_completion_tokens: 4_000 }, 256), [10, 256]);
    assert.deepEqual(limits({ max_tokens: -1 }, 256), [256, undefined]);
    assert.deepEqual(limits({}, 256), [256, undefined]);
    assert.deepEqual(limits({ model: "gpt-5.4" }, 256), [undefined, 256]);
    assert.deepEqual(limits({}, 256, at("https://api.openai.com/v1")), [undefined, 256]);
    assert.deepEqual(limits({ max_completion_tokens: 4_000 }, 256, at("https://api.deepseek.com")), [256, 256]);
  });
});

describe("openai-chat answers", () => {
  const read = (answer: object) => openaiChat.readJson(200, bodyOf(answer), facts);

  it("charge a cached prefix once, at its own rate", () => {
    const reading = read({ model: "gpt-4o-2024-08-06", service_tier: "flex", choices: [], usage });
    assert.equal(reading.usage.inputTokens, 1_000);
    assert.equal(reading.usage.cachedInputTokens, 600);
    assert.equal(reading.usage.reasoningTokens, 20);
    assert.deepEqual([reading.model, reading.serviceTier, reading.basis], ["gpt-4o-2024-08-06", "flex", "reported"]);
    const rates = { ...FREE_RATES, input: 2_500_000, cachedInput: 1_250_000, output: 10_000_000 };
    assert.equal(costOf(reading.usage, rates), 400 * 2_500 + 600 * 1_250 + 50 * 10_000);
  });

  it("are read in the dialects of other hosts", () => {
    const counts = (wire: object, more: object = {}) => read({ choices: [], usage: wire, ...more }).usage;
    const plain = { prompt_tokens: 10, completion_tokens: 5 };
    assert.equal(counts({ ...plain, prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 2 }).cachedInputTokens, 8);
    assert.equal(counts({ ...plain, prompt_tokens_details: { cache_write_tokens: 4 } }).cacheWrite5mTokens, 4);
    assert.equal(read({ choices: [], x_groq: { usage: plain } }).usage.outputTokens, 5);
    // xAI counts reasoning beside the answer; only the total tells.
    const beside = { ...plain, total_tokens: 22, completion_tokens_details: { reasoning_tokens: 7 } };
    assert.equal(counts(beside).outputTokens, 12);
  });

  it("carry the provider's own figure, with what the user's own key is billed", () => {
    const cost = (more: object) =>
      read({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, ...more } }).reportedCostUsd;
    assert.equal(cost({ cost: 0.00183, is_byok: false, cost_details: { upstream_inference_cost: 0.00183 } }), 0.00183);
    assert.equal(cost({ cost: 0.5, is_byok: true, cost_details: { upstream_inference_cost: 1 } }), 1.5);
    assert.equal(cost({ cost: -1 }), null);
    assert.equal(cost({}), null);
  });

  it("without usage are estimated, not free", () => {
    const reading = read({ choices: [{ message: { content: "x".repeat(300) } }] });
    assert.equal(reading.basis, "estimated");
    assert.equal(reading.usage.outputTokens, 100);
    assert.ok(reading.usage.inputTokens > 7);
  });

  it("that are errors or no JSON say so and count nothing", () => {
    const error = openaiChat.readJson(429, bodyOf({ error: { message: "…", type: "insufficient_quota" } }), facts);
    assert.deepEqual([error.errorType, error.basis], ["insufficient_quota", "none"]);
    const garbage = openaiChat.readJson(200, utf8("<html>"), facts);
    assert.deepEqual([garbage.basis, garbage.trouble === null], ["none", false]);
    assert.equal(openaiChat.readJson(502, utf8("<html>"), facts).errorType, "http_502");
  });
});

describe("openai-chat streams", () => {
  const whole = sse(
    ...said,
    chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
    usageChunk,
    "[DONE]",
  );

  it("keep the chunk of mere usage from a client that did not ask for it, and from no other", () => {
    const kept = whole.replace(sse(usageChunk), "");
    assert.notEqual(kept, whole);
    assert.equal(pass(openaiChat, facts, [utf8(whole)]).client.toString(), kept);
    const bytes = utf8(whole);
    const reader = openaiChat.readStream(asked);
    assert.equal(reader.push(bytes), bytes);
    assert.equal(pass(openaiChat, asked, [bytes]).client.toString(), whole);
  });

  it("keep nothing from a client where usage comes with the end of the answer, as Groq and Mistral send it", () => {
    const last = chunk({ content: "." }, { usage, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    const wire = sse(...said, last, "[DONE]");
    const { client, reading } = pass(openaiChat, facts, [utf8(wire)]);
    assert.equal(client.toString(), wire);
    assert.equal(reading.usage.outputTokens, 50);
  });

  it("hand on a chunk of whole events as it is, without a copy", () => {
    const bytes = utf8(sse(...said));
    assert.equal(openaiChat.readStream(facts).push(bytes), bytes);
  });

  it("count by the last report, not the first, and never add reports up", () => {
    const continuous = [1, 2, 3].map((tokens) =>
      chunk({ content: "x" }, { usage: { prompt_tokens: 10, completion_tokens: tokens, total_tokens: 10 + tokens } }),
    );
    const { reading, complete } = pass(openaiChat, asked, [utf8(sse(...continuous, "[DONE]"))]);
    assert.deepEqual([reading.usage.inputTokens, reading.usage.outputTokens, reading.basis], [10, 3, "reported"]);
    assert.equal(complete, true);
  });

  it("that break off are estimated from the text that passed, never from padding", () => {
    const text = "word ".repeat(60);
    const cut = sse(chunk({ content: text }, { obfuscation: "p".repeat(5_000) }), chunk({ reasoning_content: text }));
    const { reading, complete, answering } = pass(openaiChat, facts, [utf8(cut), utf8('data: {"choices":[{"del')]);
    assert.equal(reading.basis, "estimated");
    assert.equal(reading.usage.outputTokens, 200);
    assert.ok(reading.usage.inputTokens > 0 && reading.usage.inputTokens <= facts.inputBoundTokens);
    assert.deepEqual([complete, answering, reading.trouble], [false, true, "The stream broke off before its end"]);
  });

  it("count arguments of tools, and text behind the last report", () => {
    const call = chunk({ tool_calls: [{ index: 0, function: { name: "look", arguments: '{"q":"weather"}' } }] });
    assert.ok(pass(openaiChat, facts, [utf8(sse(call))]).reading.usage.outputTokens >= 6);
    const report = chunk({ content: "x" }, { usage: { prompt_tokens: 10, completion_tokens: 40, total_tokens: 50 } });
    const { reading } = pass(openaiChat, asked, [utf8(sse(report, chunk({ content: "y".repeat(30) })))]);
    assert.deepEqual([reading.usage.outputTokens, reading.basis], [50, "estimated"]);
  });

  it("keep a long one's text in count though not in memory", () => {
    const many = Array.from({ length: 4_000 }, () => chunk({ content: "abc" }));
    assert.equal(pass(openaiChat, facts, [utf8(sse(...many))]).reading.usage.outputTokens, 4_000);
  });

  it("answer from the first token, not from the role", () => {
    const reader = openaiChat.readStream(facts);
    reader.push(utf8(sse(said[0])));
    assert.equal(reader.answering, false);
    reader.push(utf8(sse(said[1])));
    assert.equal(reader.answering, true);
  });

  it("that end in an error name it", () => {
    const failed = pass(openaiChat, facts, [utf8(sse({ error: { type: "server_error", message: "…" } }))]);
    assert.deepEqual([failed.reading.errorType, failed.reading.basis], ["server_error", "none"]);
    const midway = pass(openaiChat, facts, [utf8(sse(...said, { error: { code: 400, message: "…" } }))]);
    assert.deepEqual([midway.reading.errorType, midway.reading.basis], ["400", "estimated"]);
  });
});
