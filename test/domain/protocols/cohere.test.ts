import assert from "node:assert/strict";
import { BadRequestError } from "../../../src/domain/protocol.ts";
import { cohereChat, cohereEmbed } from "../../../src/domain/protocols/cohere.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { bodyOf, named, pass, utf8 } from "./streams.ts";

const messages = [{ role: "user", content: "What is the capital of Mexico?" }];
const request = { model: "command-a-03-2025", messages };
const read = (more: object = {}) => cohereChat.read(bodyOf({ ...request, ...more }));
const facts = read({ stream: true });

const usage = {
  billed_units: { input_tokens: 8, output_tokens: 12 },
  tokens: { input_tokens: 504, output_tokens: 14 },
  cached_tokens: 480,
};
const start = { type: "message-start", id: "m", delta: { message: { role: "assistant", content: [] } } };
const block = { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } };
const text = (said: string) => ({
  type: "content-delta",
  index: 0,
  delta: { message: { content: { text: said } } },
});
const end = (more: object = { usage }) => ({ type: "message-end", delta: { finish_reason: "COMPLETE", ...more } });
const stream = (...events: Array<{ type: string }>) => pass(cohereChat, facts, [utf8(named(...events))]);

describe("cohere-chat requests", () => {
  it("are read and bounded, images by their tokens", () => {
    const { model, stream: streams, outputLimitTokens } = read({ max_tokens: 300, stream: true });
    assert.deepEqual([model, streams, outputLimitTokens], ["command-a-03-2025", true, 300]);
    assert.deepEqual([read().stream, read({ max_tokens: null }).outputLimitTokens], [false, null]);
    const url = `data:image/png;base64,${"A".repeat(900_000)}`;
    const content = [{ type: "image_url", image_url: { url } }];
    const { inputBoundTokens, hasMedia } = read({ messages: [{ role: "user", content }] });
    assert.ok(hasMedia && inputBoundTokens > 3_328 && inputBoundTokens < 20_000, String(inputBoundTokens));
    for (const odd of [{ messages: "hi" }, { max_tokens: 1.5 }, { stream: "yes" }]) {
      assert.throws(() => read(odd), BadRequestError);
    }
  });

  it("get a lower max_tokens, and keep a low one", () => {
    const rewritten = (more: object) => {
      const body = bodyOf({ ...request, ...more });
      return JSON.parse(cohereChat.rewrite(body, cohereChat.read(body), { outputLimitTokens: 300 }).toString());
    };
    assert.deepEqual([rewritten({}).max_tokens, rewritten({ max_tokens: 900 }).max_tokens], [300, 300]);
    assert.equal(rewritten({ max_tokens: 100 }).max_tokens, 100);
  });
});

describe("cohere-chat answers", () => {
  it("are charged what is billed, not what the model saw", () => {
    const { usage: read, basis } = cohereChat.readJson(200, bodyOf({ message: {}, usage }), facts);
    assert.deepEqual([read.inputTokens, read.cachedInputTokens, read.outputTokens, basis], [8, 0, 12, "reported"]);
    const unbilled = cohereChat.readJson(200, bodyOf({ message: {}, usage: { tokens: usage.tokens } }), facts);
    assert.deepEqual([unbilled.usage.inputTokens, unbilled.usage.outputTokens], [504, 14]);
  });

  it("without usage are estimated by all they say", () => {
    const content = [
      { type: "text", text: "x".repeat(30) },
      { type: "thinking", thinking: "y".repeat(30) },
    ];
    const calls = [{ type: "function", function: { name: "f".repeat(9), arguments: "{}".repeat(15) } }];
    const message = { content, tool_plan: "z".repeat(30), tool_calls: calls };
    const { usage: read, basis } = cohereChat.readJson(200, bodyOf({ message }), facts);
    assert.deepEqual([read.outputTokens, basis], [(90 + 39 + 12) / 3, "estimated"]);
    assert.ok(read.inputTokens > 0);
  });

  it("that are errors are told apart", () => {
    assert.equal(cohereChat.readJson(429, bodyOf({ message: "slow down" }), facts).errorType, "http_429");
    const failed = cohereChat.readJson(200, bodyOf({ finish_reason: "ERROR", message: {} }), facts);
    assert.deepEqual([failed.errorType, failed.basis], ["error", "none"]);
    assert.match(cohereChat.readJson(200, utf8("<html>"), facts).trouble ?? "", /not a JSON object/);
  });
});

describe("cohere-chat streams", () => {
  it("end in what is billed", () => {
    const wire = `${named(start, block, text("Mexico"), text(" City"), end())}data: [DONE]\n\n`;
    const { reading, complete, client } = pass(cohereChat, facts, [utf8(wire)]);
    assert.deepEqual(
      [reading.usage.inputTokens, reading.usage.outputTokens, reading.basis, reading.trouble, complete],
      [8, 12, "reported", null, true],
    );
    assert.equal(client.toString(), wire);
  });

  it("that break off count text, thoughts, plans and calls, but no citations", () => {
    const thought = { type: "content-delta", delta: { message: { content: { thinking: "x".repeat(30) } } } };
    const plan = { type: "tool-plan-delta", delta: { message: { tool_plan: "y".repeat(30) } } };
    const call = (more: object) => ({
      type: "tool-call-delta",
      delta: { message: { tool_calls: { function: more } } },
    });
    const cited = { type: "citation-start", delta: { message: { citations: { text: "z".repeat(300) } } } };
    const events = [start, thought, plan, call({ arguments: "v".repeat(30) }), cited, text("w".repeat(30))];
    const { reading, complete } = stream(...events);
    assert.deepEqual([reading.usage.outputTokens, reading.basis, complete], [40, "estimated", false]);
    assert.match(reading.trouble ?? "", /broke off/);
  });

  it("name the error they end in", () => {
    const failed = stream(start, end({ finish_reason: "ERROR", error: "out of memory" })).reading;
    assert.deepEqual([failed.errorType, failed.basis, failed.usage.inputTokens], ["error", "none", 0]);
    const late = stream(start, text("x".repeat(30)), end({ finish_reason: "TIMEOUT" })).reading;
    assert.deepEqual([late.errorType, late.basis, late.usage.outputTokens], ["timeout", "estimated", 10]);
    const toxic = stream(start, text("x"), end({ finish_reason: "ERROR_TOXIC", usage })).reading;
    assert.deepEqual([toxic.errorType, toxic.basis, toxic.usage.outputTokens], ["error_toxic", "reported", 12]);
  });

  it("of which ours is broken off end as Cohere's own do", () => {
    const wire = named(start, text("x".repeat(30))) + cohereChat.breakOff("budget_cut", "Tollgate cut this answer");
    assert.equal(pass(cohereChat, facts, [utf8(wire)]).reading.errorType, "error");
  });
});

describe("cohere-embed", () => {
  it("is charged the texts, and images at their own rate", () => {
    const asked = cohereEmbed.read(bodyOf({ model: "embed-v4.0", texts: ["a", "b"], input_type: "search_query" }));
    assert.deepEqual([asked.outputLimitTokens, asked.serviceTier, asked.clampable], [0, null, false]);
    const answer = (billed_units: object) =>
      cohereEmbed.readJson(200, bodyOf({ embeddings: { float: [[1]] }, meta: { billed_units } }), asked);
    const texts = answer({ input_tokens: 4 });
    assert.deepEqual([texts.usage.inputTokens, texts.serviceTier, texts.basis], [4, null, "reported"]);
    const images = answer({ images: 1, image_tokens: 512 });
    assert.deepEqual([images.usage.inputTokens, images.serviceTier], [512, "images"]);
    assert.equal(answer({}).basis, "estimated");
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(500_000)}` } };
    for (const more of [{ images: [image.image_url.url] }, { inputs: [{ content: [image] }] }]) {
      const read = cohereEmbed.read(bodyOf({ model: "embed-v4.0", ...more }));
      assert.ok(read.serviceTier === "images" && read.inputBoundTokens < 20_000);
    }
  });

  it("and chat are known in version 2, and counting is free", () => {
    const route = (path: string) => {
      const found = protocolFor("cohere", "POST", path);
      return found?.protocol?.name ?? found?.kind ?? "unknown";
    };
    assert.deepEqual(["/v2/chat", "/chat", "/v2/embed", "/v1/tokenize"].map(route), [
      "cohere-chat",
      "cohere-chat",
      "cohere-embed",
      "free",
    ]);
    for (const path of ["/v1/chat", "/v1/generate", "/v2/rerank", "/v1/embed"]) {
      assert.equal(route(path), "unknown", path);
    }
  });
});
