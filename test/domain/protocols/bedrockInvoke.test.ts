import assert from "node:assert/strict";
import { BadRequestError, type RequestContext } from "../../../src/domain/protocol.ts";
import { bedrockInvoke } from "../../../src/domain/protocols/bedrockInvoke.ts";
import { chunk, event, exception } from "./frames.ts";
import { bodyOf, pass, utf8 } from "./streams.ts";

const CLAUDE = "global.anthropic.claude-sonnet-4-5-20250929-v1:0";
const at = (model: string, more: Partial<RequestContext> = {}, route = "invoke"): RequestContext => ({
  path: `/model/${encodeURIComponent(model)}/${route}`,
  search: "",
  contentType: "application/json",
  ...more,
});
const readAt = (model: string, body: object, more: Partial<RequestContext> = {}, route?: string) =>
  bedrockInvoke.read(bodyOf(body), at(model, more, route));

const messages = [{ role: "user", content: "What is the capital of Mexico?" }];
const message = { anthropic_version: "bedrock-2023-05-31", max_tokens: 4_096, messages };
const claude = readAt(CLAUDE, message, {}, "invoke-with-response-stream");
const llama = readAt("us.meta.llama3-3-70b-instruct-v1:0", { prompt: "Hello", max_gen_len: 500 });

const headers = {
  "x-amzn-bedrock-input-token-count": "90",
  "x-amzn-bedrock-output-token-count": "12",
  "x-amzn-bedrock-cache-read-input-token-count": "500",
  "x-amzn-bedrock-cache-write-input-token-count": "40",
};
const metrics = (more: object = {}) => ({
  "amazon-bedrock-invocationMetrics": {
    inputTokenCount: 90,
    outputTokenCount: 12,
    invocationLatency: 800,
    firstByteLatency: 200,
    ...more,
  },
});

const wireUsage = {
  input_tokens: 100,
  cache_creation_input_tokens: 3_000,
  cache_read_input_tokens: 5_000,
  cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 2_000 },
  output_tokens: 1,
};
const start = (usage: object = wireUsage) =>
  chunk({ type: "message_start", message: { id: "m", model: "claude-sonnet-4-5-20250929", content: [], usage } });
const text = (said: string) =>
  chunk({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: said } });
const last = (usage: object = { output_tokens: 42 }) =>
  chunk({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage });
const stop = (more: object = metrics()) => chunk({ type: "message_stop", ...more });
const stream = (facts: typeof claude, ...frames: Buffer[]) => pass(bedrockInvoke, facts, [Buffer.concat(frames)]);

describe("bedrock-invoke requests", () => {
  it("of Claude are Anthropic's, with model and stream from the path", () => {
    const { model, stream: streams, outputLimitTokens, cacheWrites } = claude;
    assert.deepEqual([model, streams, outputLimitTokens, cacheWrites], [CLAUDE, true, 4_096, "none"]);
    const body = bodyOf({ ...message, thinking: { type: "enabled", budget_tokens: 3_000 } });
    const sent = JSON.parse(
      bedrockInvoke.rewrite(body, bedrockInvoke.read(body), { outputLimitTokens: 2_000 }).toString(),
    );
    assert.deepEqual([sent.max_tokens, sent.thinking.budget_tokens, sent.model], [2_000, 1_600, undefined]);
  });

  it("of other makers have their limit where the maker has it, and get it there", () => {
    const rows: Array<[model: string, body: object, limit: number | null, lowered: object]> = [
      [
        "us.amazon.nova-pro-v1:0",
        { inferenceConfig: { maxTokens: 500 } },
        500,
        { inferenceConfig: { maxTokens: 300 } },
      ],
      [
        "amazon.nova-lite-v1:0",
        { inferenceConfig: { max_new_tokens: 900, topK: 1 } },
        900,
        { inferenceConfig: { max_new_tokens: 300, topK: 1 } },
      ],
      [
        "amazon.titan-text-express-v1",
        { inputText: "Hi" },
        null,
        { textGenerationConfig: { maxTokenCount: 300 }, inputText: "Hi" },
      ],
      ["meta.llama3-8b-instruct-v1:0", { prompt: "Hi", max_gen_len: 512 }, 512, { prompt: "Hi", max_gen_len: 300 }],
      ["mistral.mistral-large-2402-v1:0", { prompt: "Hi", max_tokens: 100 }, 100, { prompt: "Hi", max_tokens: 100 }],
      ["openai.gpt-oss-120b-1:0", { messages, max_tokens: 900 }, 900, { messages, max_tokens: 300 }],
      ["openai.gpt-oss-120b-1:0", { messages }, null, { max_completion_tokens: 300, messages }],
      ["cohere.command-r-v1:0", { message: "Hi", max_tokens: 900 }, 900, { message: "Hi", max_tokens: 300 }],
    ];
    for (const [model, body, limit, lowered] of rows) {
      const facts = readAt(model, body);
      assert.deepEqual([facts.outputLimitTokens, facts.clampable], [limit, true], model);
      const sent = bedrockInvoke.rewrite(bodyOf(body), facts, { outputLimitTokens: 300 }).toString();
      assert.deepEqual(JSON.parse(sent), lowered, model);
    }
    const twice = readAt("ai21.jamba-1-5-large-v1:0", { messages, max_tokens: 100, n: 3 });
    assert.deepEqual([twice.outputLimitTokens, twice.choices], [300, 3]);
  });

  it("that cannot be changed say so: signed ones, unknown makers' and embeddings", () => {
    const signed = { headers: { authorization: "AWS4-HMAC-SHA256 Credential=…" } };
    assert.equal(readAt(CLAUDE, message, signed).clampable, false);
    assert.equal(readAt("meta.llama3-8b-instruct-v1:0", { prompt: "Hi" }, signed).clampable, false);
    assert.equal(readAt("arn:aws:bedrock:r:1:application-inference-profile/x", { prompt: "Hi" }).clampable, false);
    const embedding = readAt("amazon.titan-embed-text-v2:0", { inputText: "Hi" });
    assert.deepEqual([embedding.outputLimitTokens, embedding.clampable], [0, false]);
    assert.throws(() => readAt("meta.llama3-8b-instruct-v1:0", { max_gen_len: "many" }), BadRequestError);
  });

  it("have their tier in the headers", () => {
    const asked = {
      "x-amzn-bedrock-service-tier": "priority",
      "x-amzn-bedrock-performanceconfig-latency": "optimized",
    };
    assert.equal(readAt(CLAUDE, message, { headers: asked }).serviceTier, "priority+optimized");
    assert.equal(readAt(CLAUDE, message).serviceTier, null);
  });
});

describe("bedrock-invoke answers", () => {
  it("of Claude are read as Anthropic's, under the model that was asked for", () => {
    const body = bodyOf({
      model: "claude-sonnet-4-5-20250929",
      content: [],
      usage: { ...wireUsage, output_tokens: 10 },
    });
    const { usage, basis, model } = bedrockInvoke.readJson(200, body, claude, headers);
    assert.deepEqual(
      [usage.inputTokens, usage.cachedInputTokens, usage.cacheWrite1hTokens, usage.outputTokens, basis, model],
      [8_100, 5_000, 2_000, 10, "reported", null],
    );
  });

  it("of other makers are read in their own words, else from the headers, else estimated", () => {
    const tokens = (body: object, more = {}, facts = llama) => {
      const { usage, basis } = bedrockInvoke.readJson(200, bodyOf(body), facts, more);
      return [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, basis];
    };
    assert.deepEqual(tokens({ generation: "Hi", prompt_token_count: 7, generation_token_count: 3 }), [
      7,
      0,
      3,
      "reported",
    ]);
    const chat = { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 2 } };
    assert.deepEqual(tokens({ choices: [], usage: chat }), [9, 2, 4, "reported"]);
    const nova = { inputTokens: 9, outputTokens: 4, cacheReadInputTokenCount: 2, cacheWriteInputTokenCount: 1 };
    assert.deepEqual(tokens({ output: {}, usage: nova }), [12, 2, 4, "reported"]);
    const titan = { inputTextTokenCount: 5, results: [{ tokenCount: 6, outputText: "…" }] };
    assert.deepEqual(tokens(titan), [5, 0, 6, "reported"]);
    assert.deepEqual(tokens({ embedding: [0.1], inputTextTokenCount: 5 }), [5, 0, 0, "reported"]);
    assert.deepEqual(tokens({ text: "Hi", chat_history: [] }, headers), [630, 500, 12, "reported"]);
    const [input, , output, basis] = tokens({ outputs: [{ text: "x".repeat(30) }] });
    assert.deepEqual([output, basis], [10, "estimated"]);
    assert.ok(Number(input) > 0);
  });

  it("that are errors carry Amazon's name for them", () => {
    const error = { "x-amzn-errortype": "AccessDeniedException" };
    assert.equal(bedrockInvoke.readJson(403, utf8("{}"), claude, error).errorType, "AccessDeniedException");
  });
});

describe("bedrock-invoke streams of Claude", () => {
  it("keep the split of writes from the start and take the last output", () => {
    const frames = [start(), text("Hi"), last({ output_tokens: 20 }), last(), stop()];
    const { reading, complete, client } = stream(claude, ...frames);
    assert.deepEqual(
      [reading.usage.inputTokens, reading.usage.cacheWrite1hTokens, reading.usage.outputTokens, reading.basis],
      [8_100, 2_000, 42, "reported"],
    );
    assert.deepEqual([reading.model, reading.trouble, complete], [null, null, true]);
    assert.deepEqual(client, Buffer.concat(frames));
  });

  it("that say nothing themselves are read from Bedrock's count", () => {
    const counted = stop(metrics({ cacheReadInputTokenCount: 500, cacheWriteInputTokenCount: 40 }));
    const { reading } = stream(claude, start({}), text("Hi"), counted);
    assert.deepEqual(
      [reading.usage.inputTokens, reading.usage.cachedInputTokens, reading.usage.outputTokens, reading.basis],
      [630, 500, 12, "reported"],
    );
  });

  it("that break off keep the input and estimate the output", () => {
    const cut = stream(claude, start(), text("x".repeat(300)));
    assert.deepEqual([cut.reading.usage.inputTokens, cut.reading.usage.outputTokens], [8_100, 100]);
    assert.deepEqual([cut.reading.basis, cut.complete], ["estimated", false]);
    assert.match(cut.reading.trouble ?? "", /broke off/);
    const failed = stream(claude, start(), text("x"), exception("modelTimeoutException", "…")).reading;
    assert.equal(failed.errorType, "modelTimeoutException");
    const atOnce = stream(claude, exception("throttlingException", "…")).reading;
    assert.deepEqual([atOnce.basis, atOnce.usage.inputTokens], ["none", 0]);
  });
});

describe("bedrock-invoke streams of other makers", () => {
  it("take what is reported last, and never add what is cumulative", () => {
    const piece = (generation: string, counts: object) => chunk({ generation, stop_reason: null, ...counts });
    const frames = [
      piece("Hel", { prompt_token_count: 7, generation_token_count: 1 }),
      piece("lo", { prompt_token_count: null, generation_token_count: 2 }),
    ];
    const open = stream(llama, ...frames);
    assert.deepEqual([open.reading.usage.inputTokens, open.reading.usage.outputTokens, open.complete], [7, 2, false]);
    const end = piece("", { prompt_token_count: null, generation_token_count: 12, ...metrics() });
    const { reading, complete } = stream(llama, ...frames, end);
    assert.deepEqual(
      [reading.usage.inputTokens, reading.usage.outputTokens, reading.basis, complete],
      [90, 12, "reported", true],
    );
  });

  it("of Amazon's own are Converse's events", () => {
    const nova = readAt("us.amazon.nova-pro-v1:0", { messages: [] });
    const frames = [
      chunk({ messageStart: { role: "assistant" } }),
      chunk({ contentBlockDelta: { delta: { text: "x".repeat(30) }, contentBlockIndex: 0 } }),
      chunk({ messageStop: { stopReason: "end_turn" } }),
    ];
    const cut = stream(nova, ...frames).reading;
    assert.deepEqual([cut.usage.outputTokens, cut.basis], [10, "estimated"]);
    const usage = { inputTokens: 9, outputTokens: 4, cacheReadInputTokenCount: 2, cacheWriteInputTokenCount: 0 };
    const { reading, complete } = stream(nova, ...frames, chunk({ metadata: { usage }, ...metrics() }));
    assert.deepEqual(
      [reading.usage.inputTokens, reading.usage.cachedInputTokens, reading.usage.outputTokens, complete],
      [11, 2, 4, true],
    );
  });

  it("in OpenAI's words end in Bedrock's count where they have none of their own", () => {
    const open = chunk({ choices: [{ delta: { content: "x".repeat(30) } }] });
    const { reading } = stream(llama, open, chunk({ choices: [{ delta: {}, finish_reason: "stop" }], ...metrics() }));
    assert.deepEqual([reading.usage.inputTokens, reading.usage.outputTokens, reading.basis], [90, 12, "reported"]);
    const cut = stream(llama, open).reading;
    assert.deepEqual([cut.usage.outputTokens, cut.basis], [10, "estimated"]);
  });

  it("that cannot be read say so; events of other kinds are passed over", () => {
    assert.match(stream(llama, event("chunk", { p: "no bytes" })).reading.trouble ?? "", /not JSON/);
    assert.match(stream(claude, event("chunk", { bytes: "bm8gSlNPTg==" })).reading.trouble ?? "", /not JSON/);
    assert.doesNotMatch(stream(claude, event("initial-response", {})).reading.trouble ?? "", /not JSON/);
  });
});
