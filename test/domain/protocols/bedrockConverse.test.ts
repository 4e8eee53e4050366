import assert from "node:assert/strict";
import { BadRequestError, type RequestContext } from "../../../src/domain/protocol.ts";
import { bedrockConverse } from "../../../src/domain/protocols/bedrockConverse.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { costOf, FREE_RATES } from "../../../src/domain/rates.ts";
import { event, exception } from "./frames.ts";
import { bodyOf, pass, utf8 } from "./streams.ts";

const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const messages = [{ role: "user", content: [{ text: "What is the capital of Mexico?" }] }];
const at = (route: string, more: Partial<RequestContext> = {}): RequestContext => ({
  path: `/model/${encodeURIComponent(CLAUDE)}/${route}`,
  search: "",
  contentType: "application/json",
  ...more,
});
const read = (more: object = {}, context = at("converse")) =>
  bedrockConverse.read(bodyOf({ messages, ...more }), context);
const facts = read({}, at("converse-stream"));

const usage = {
  inputTokens: 100,
  outputTokens: 10,
  totalTokens: 8_110,
  cacheReadInputTokens: 5_000,
  cacheWriteInputTokens: 3_000,
  cacheDetails: [
    { ttl: "1h", inputTokens: 2_000 },
    { ttl: "5m", inputTokens: 1_000 },
  ],
  serverToolUsage: {},
};
const answer = (more: object = { usage }) => ({
  output: { message: { role: "assistant", content: [{ text: "Mexico City" }] } },
  stopReason: "end_turn",
  metrics: { latencyMs: 500 },
  ...more,
});
const json = (body: object, status = 200, headers = {}) =>
  bedrockConverse.readJson(status, bodyOf(body), facts, headers);
const start = event("messageStart", { role: "assistant", p: "abcd" });
const delta = (more: object) => event("contentBlockDelta", { contentBlockIndex: 0, delta: more, p: "abcdefgh" });
const text = (said: string) => delta({ text: said });
const stop = event("messageStop", { stopReason: "end_turn" });
const metadata = (more: object = { usage }) => event("metadata", { metrics: { latencyMs: 9 }, ...more });
const stream = (...frames: Buffer[]) => pass(bedrockConverse, facts, [Buffer.concat(frames)]);

const RATES = {
  ...FREE_RATES,
  input: 3_300_000,
  cachedInput: 330_000,
  cacheWrite5m: 4_125_000,
  cacheWrite1h: 6_600_000,
  output: 16_500_000,
};

describe("bedrock-converse requests", () => {
  it("name model and stream in their path, whole or in an ARN", () => {
    assert.deepEqual([facts.model, facts.stream, read().stream], [CLAUDE, true, false]);
    const modelOf = (model: string) => read({}, { ...at(""), path: `/model/${model}/converse` }).model;
    const arn = "arn:aws:bedrock:us-east-1:123456789012:";
    assert.equal(modelOf(encodeURIComponent(`${arn}inference-profile/${CLAUDE}`)), CLAUDE);
    assert.equal(modelOf(`${arn}inference-profile/${CLAUDE}`), CLAUDE);
    const own = `${arn}application-inference-profile/abc`;
    assert.equal(modelOf(encodeURIComponent(own)), own);
    assert.equal(modelOf("%zz"), "%zz");
  });

  it("are read: limit, tier, caches", () => {
    const asked = read({
      inferenceConfig: { maxTokens: 300 },
      serviceTier: { type: "priority" },
      performanceConfig: { latency: "optimized" },
      system: [{ text: "…" }, { cachePoint: { type: "default", ttl: "1h" } }],
    });
    assert.deepEqual(
      [asked.outputLimitTokens, asked.serviceTier, asked.cacheWrites, asked.clampable],
      [300, "priority+optimized", "1h", true],
    );
    const plain = read({ serviceTier: { type: "default" }, performanceConfig: { latency: "standard" } });
    assert.deepEqual([plain.outputLimitTokens, plain.serviceTier, plain.cacheWrites], [null, null, "none"]);
    assert.equal(read({ system: [{ cachePoint: { type: "default" } }] }).cacheWrites, "5m");
    for (const odd of [{ messages: "hi" }, { inferenceConfig: [] }, { inferenceConfig: { maxTokens: "9" } }]) {
      assert.throws(() => read(odd), BadRequestError);
    }
  });

  it("are bounded with media, those in results of tools and in buckets too", () => {
    const inputBound = (content: unknown) => read({ messages: [{ role: "user", content }] }).inputBoundTokens;
    const image = { image: { format: "png", source: { bytes: "A".repeat(500_000) } } };
    for (const content of [
      [image],
      [{ toolResult: { toolUseId: "t", content: [image] } }],
      [{ guardContent: image }],
    ]) {
      assert.ok(inputBound(content) > 1_600 && inputBound(content) < 4_000);
    }
    const pdf = (source: object) => inputBound([{ document: { format: "pdf", name: "d", source } }]);
    assert.ok(pdf({ bytes: "A".repeat(4_000) }) >= 3_000 * 2);
    assert.ok(pdf({ s3Location: { uri: "s3://bucket/a.pdf" } }) >= 1_000_000);
    assert.ok(pdf({ text: "short" }) < 1_000);
    assert.ok(inputBound([{ video: { format: "mp4", source: { s3Location: { uri: "s3://b/v" } } } }]) >= 1_000_000);
  });

  it("whose size nobody can tell say so", () => {
    assert.equal(read({ toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }] } }).boundless, true);
    const prompt = "arn:aws:bedrock:us-east-1:1:prompt/ABC:1";
    const stored = { ...at(""), path: `/model/${encodeURIComponent(prompt)}/converse` };
    assert.equal(bedrockConverse.read(utf8("{}"), stored).hiddenInput, true);
    assert.throws(() => bedrockConverse.read(utf8("{}"), at("converse")), BadRequestError);
  });
});

describe("bedrock-converse rewrites", () => {
  const rewritten = (body: string, limit = 300) =>
    bedrockConverse.rewrite(utf8(body), bedrockConverse.read(utf8(body), at("converse")), { outputLimitTokens: limit });

  it("lower the limit where it stands and change no other byte", () => {
    const body = (config: string) => `{ "messages":[] , "inferenceConfig" : ${config}, "x":{"maxTokens":9} }`;
    assert.equal(rewritten(body('{"maxTokens" : 900 }')).toString(), body('{"maxTokens" : 300 }'));
    assert.equal(rewritten(body('{"maxTokens":200}')).toString(), body('{"maxTokens":200}'));
    assert.equal(rewritten(body("{}")).toString(), body('{"maxTokens":300}'));
    const none = utf8(body("{}"));
    assert.equal(bedrockConverse.rewrite(none, facts, {}), none);
  });

  it("keep Claude's budget for thinking valid, by either of its names", () => {
    for (const name of ["thinking", "reasoning_config"]) {
      const fields = (budget: object) => ({ top_k: 5, [name]: budget });
      const body = (budget: number) =>
        JSON.stringify({
          messages,
          inferenceConfig: { maxTokens: 9_000 },
          additionalModelRequestFields: fields({ type: "enabled", budget_tokens: budget }),
        });
      const sent = JSON.parse(rewritten(body(4_000), 2_000).toString());
      assert.deepEqual(sent.additionalModelRequestFields, fields({ type: "enabled", budget_tokens: 1_600 }));
      const off = JSON.parse(rewritten(body(4_000), 500).toString());
      assert.deepEqual(off.additionalModelRequestFields, fields({ type: "disabled" }));
    }
  });

  it("are not possible where a signature covers the body, or the model takes no limit", () => {
    const signed = { authorization: "AWS4-HMAC-SHA256 Credential=…" };
    assert.equal(read({}, at("converse", { headers: signed })).clampable, false);
    assert.equal(read({}, at("converse", { search: "?X-Amz-Signature=1" })).clampable, false);
    assert.equal(read({}, at("converse", { headers: { authorization: "Bearer x" } })).clampable, true);
    const hard = { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } };
    assert.equal(read({ additionalModelRequestFields: hard }).clampable, false);
    const own = read({
      inferenceConfig: { maxTokens: 5 },
      additionalModelRequestFields: { a: { max_new_tokens: 9_000 } },
    });
    assert.deepEqual([own.clampable, own.outputLimitTokens], [false, null]);
  });
});

describe("bedrock-converse answers", () => {
  it("charge input beside what is read from the cache and written to it, each at its own rate", () => {
    const { usage: read, basis } = json(answer());
    assert.deepEqual(
      [read.inputTokens, read.cachedInputTokens, read.cacheWrite5mTokens, read.cacheWrite1hTokens, basis],
      [8_100, 5_000, 1_000, 2_000, "reported"],
    );
    const nano = 100 * 3_300 + 5_000 * 330 + 1_000 * 4_125 + 2_000 * 6_600 + 10 * 16_500;
    assert.equal(costOf(read, RATES), nano);
    const { cacheDetails: _, ...unsplit } = usage;
    assert.equal(json(answer({ usage: unsplit })).usage.cacheWrite5mTokens, 3_000);
  });

  it("without usage are estimated, and never for nothing", () => {
    for (const odd of [{}, { usage: {} }, { usage: { inputTokens: 0, outputTokens: 5 } }]) {
      const { usage: read, basis } = json(answer(odd));
      assert.equal(basis, "estimated");
      assert.ok(read.inputTokens > 0 && read.outputTokens > 0);
    }
  });

  it("name the tier that was served, else the one asked for, and the model of a router", () => {
    const router = { promptRouter: { invokedModelId: `arn:aws:bedrock:us-east-1::foundation-model/${CLAUDE}` } };
    const routed = json(answer({ usage, trace: router, serviceTier: { type: "default" } }));
    assert.deepEqual([routed.model, routed.serviceTier], [CLAUDE, "default"]);
    const asked = read({ serviceTier: { type: "priority" } });
    assert.equal(bedrockConverse.readJson(200, bodyOf(answer()), asked).serviceTier, "priority");
    const tierOf = (...frames: Buffer[]) => pass(bedrockConverse, asked, frames).reading.serviceTier;
    assert.deepEqual(
      [tierOf(start), tierOf(metadata()), tierOf(metadata({ usage, serviceTier: { type: "flex" } }))],
      ["priority", "priority", "flex"],
    );
  });

  it("that are errors carry Amazon's name for them", () => {
    const headers = { "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/" };
    assert.equal(json({ message: "slow down" }, 429, headers).errorType, "ThrottlingException");
    assert.equal(json({ message: "?" }, 400).errorType, "http_400");
  });
});

describe("bedrock-converse streams", () => {
  it("end in their usage", () => {
    const { reading, complete, client } = stream(start, text("Mexico"), text(" City"), stop, metadata());
    assert.deepEqual(
      [reading.usage.inputTokens, reading.usage.cacheWrite1hTokens, reading.usage.outputTokens, reading.basis],
      [8_100, 2_000, 10, "reported"],
    );
    assert.deepEqual([reading.trouble, complete], [null, true]);
    assert.deepEqual(client, Buffer.concat([start, text("Mexico"), text(" City"), stop, metadata()]));
  });

  it("that break off count text, thoughts and calls, and no padding", () => {
    const begun = event("contentBlockStart", {
      contentBlockIndex: 1,
      start: { toolUse: { toolUseId: "t", name: "f".repeat(18) } },
    });
    const thought = delta({ reasoningContent: { text: "x".repeat(30) } });
    const sealed = delta({ reasoningContent: { redactedContent: "A".repeat(40) } });
    const call = delta({ toolUse: { input: "y".repeat(30) } });
    const { reading, complete } = stream(start, thought, sealed, begun, call, text("z".repeat(30)), stop);
    assert.deepEqual([reading.usage.outputTokens, reading.basis, complete], [50, "estimated", false]);
    assert.match(reading.trouble ?? "", /broke off/);
  });

  it("name the exception they end in, which costs nothing where the model had not begun", () => {
    const late = stream(start, text("x".repeat(30)), exception("modelStreamErrorException", "…")).reading;
    assert.deepEqual([late.errorType, late.usage.outputTokens], ["modelStreamErrorException", 10]);
    const atOnce = stream(exception("throttlingException", "slow")).reading;
    assert.deepEqual([atOnce.errorType, atOnce.basis, atOnce.usage.inputTokens], ["throttlingException", "none", 0]);
  });

  it("of which ours is broken off end in an exception of Amazon's", () => {
    const cut = bedrockConverse.breakOff("budget_cut", "Tollgate cut this answer");
    assert.ok(Buffer.isBuffer(cut));
    assert.equal(stream(start, text("x"), cut).reading.errorType, "validationException");
  });

  it("that cannot be read say so, and are estimated", () => {
    const { reading } = pass(bedrockConverse, facts, [start, utf8("data: {}\n\n".repeat(9))]);
    assert.deepEqual([reading.trouble, reading.basis], ["The stream is not made of event frames", "estimated"]);
    assert.match(stream(start, event("metadata", 5)).reading.trouble ?? "", /not JSON/);
  });
});

describe("bedrock routes", () => {
  it("are known by the end of their path, and counting is free", () => {
    const route = (path: string, method = "POST") => {
      const found = protocolFor("bedrock", method, path);
      return found?.protocol?.name ?? found?.kind ?? "unknown";
    };
    assert.equal(route("/model/a.b-v1%3A0/converse"), "bedrock-converse");
    assert.equal(route("/model/a.b-v1:0/converse-stream"), "bedrock-converse");
    assert.equal(route("/model/arn:aws:bedrock:r:1:x/y/invoke"), "bedrock-invoke");
    assert.equal(route("/model/a/invoke-with-response-stream"), "bedrock-invoke");
    assert.equal(route("/model/a/count-tokens"), "free");
    assert.equal(route("/openai/v1/chat/completions"), "openai-chat");
    for (const path of [
      "/model/a/invoke-with-bidirectional-stream",
      "/model//converse",
      "/guardrail/a/version/1/apply",
    ]) {
      assert.equal(route(path), "unknown", path);
    }
  });
});
