import assert from "node:assert/strict";
import { BadRequestError } from "../../../src/domain/protocol.ts";
import { anthropicMessages } from "../../../src/domain/protocols/anthropicMessages.ts";
import { costOf, FREE_RATES } from "../../../src/domain/rates.ts";
import { bodyOf, named, pass, utf8 } from "./streams.ts";

const request = { model: "claude-sonnet-4-5", max_tokens: 4_096, messages: [{ role: "user", content: "Hello" }] };
const read = (more: object) => anthropicMessages.read(bodyOf({ ...request, ...more }));
const facts = read({ stream: true });
const rewritten = (more: object, limit?: number) => {
  const body = bodyOf({ ...request, ...more });
  const changes = limit === undefined ? {} : { outputLimitTokens: limit };
  return JSON.parse(anthropicMessages.rewrite(body, anthropicMessages.read(body), changes).toString());
};

const wireUsage = {
  input_tokens: 100,
  cache_creation_input_tokens: 3_000,
  cache_read_input_tokens: 5_000,
  cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 2_000 },
  output_tokens: 1,
  service_tier: "standard",
  inference_geo: "global",
};
const start = (usage: object = wireUsage) => ({
  type: "message_start",
  message: { id: "m", model: "claude-sonnet-4-5-20250929", content: [], usage },
});
const text = (said: string) => ({
  type: "content_block_delta",
  index: 0,
  delta: { type: "text_delta", text: said },
});
const delta = (usage: object) => ({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage });
const stop = { type: "message_stop" };
const stream = (...events: Array<{ type: string }>) => pass(anthropicMessages, facts, [utf8(named(...events))]);

const RATES = {
  ...FREE_RATES,
  input: 3_000_000,
  cachedInput: 300_000,
  cacheWrite5m: 3_750_000,
  cacheWrite1h: 6_000_000,
  output: 15_000_000,
};

describe("anthropic-messages requests", () => {
  it("are read: model, limit, searches, tier", () => {
    const searches = read({
      stream: true,
      speed: "fast",
      tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 3 }],
    });
    const { model, stream, outputLimitTokens, webSearchBound, serviceTier } = searches;
    assert.deepEqual(
      [model, stream, outputLimitTokens, webSearchBound, serviceTier],
      ["claude-sonnet-4-5", true, 4_096, 3, "fast"],
    );
    assert.ok(searches.inputBoundTokens > 3 * 8_000);
    assert.throws(() => read({ max_tokens: -5 }), BadRequestError);
    assert.throws(() => read({ messages: "Hello" }), BadRequestError);
  });

  it("are bounded with images and documents, those in results of tools too", () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "A".repeat(500_000) } };
    const inputBound = (content: unknown) => read({ messages: [{ role: "user", content }] }).inputBoundTokens;
    for (const content of [[image], [{ type: "tool_result", tool_use_id: "t", content: [image] }]]) {
      assert.ok(inputBound(content) > 1_600 && inputBound(content) < 4_000);
    }
    const pdf = (source: object) => inputBound([{ type: "document", source }]);
    assert.ok(pdf({ type: "base64", media_type: "application/pdf", data: "A".repeat(4_000) }) >= 3_000 * 2);
    assert.ok(pdf({ type: "url", url: "https://example.com/a.pdf" }) >= 1_000_000);
  });
});

describe("anthropic-messages that go on with a thread that Anthropic keeps", () => {
  const thread = { type: "continue", previous_message_id: "msg_1" };

  it("can be billed for all earlier turns: as many as are known, else the model's whole context each time", () => {
    const { hiddenInput, hiddenReads, continues, countable, cacheWrites } = read({ thread });
    assert.deepEqual(
      [hiddenInput, hiddenReads, continues, countable, cacheWrites],
      [true, 1, "msg_1", false, undefined],
    );
    const body = bodyOf({ ...request, thread });
    const known = anthropicMessages.read(body, { path: "", search: "", contentType: null, earlierTokens: 5_000 });
    assert.equal(known.hiddenInput, undefined);
    assert.ok(known.inputBoundTokens >= 5_000 && known.inputBoundTokens < 6_000);
    const begun = read({ thread: { type: "create" } });
    assert.deepEqual([begun.hiddenInput, begun.continues, begun.cacheWrites], [undefined, undefined, "none"]);
  });

  it("tell by which id the next turn goes on, and others do not", () => {
    const inThread = read({ thread: { type: "create" }, stream: true });
    const answer = { id: "msg_1", usage: { input_tokens: 5, output_tokens: 1 } };
    assert.equal(anthropicMessages.readJson(200, bodyOf(answer), inThread).answerId, "msg_1");
    assert.equal(anthropicMessages.readJson(200, bodyOf(answer), facts).answerId, undefined);
    const wire = utf8(named(start(), delta({ output_tokens: 2 }), stop));
    assert.equal(pass(anthropicMessages, inThread, [wire]).reading.answerId, "m");
  });
});

describe("anthropic-messages rewrites", () => {
  it("lower max_tokens and never raise it", () => {
    assert.equal(rewritten({}, 300).max_tokens, 300);
    const body = bodyOf(request);
    assert.equal(anthropicMessages.rewrite(body, facts, { outputLimitTokens: 5_000 }), body);
    assert.equal(anthropicMessages.rewrite(body, facts, {}), body);
  });

  it("keep the budget for thinking valid: at least 1,024 and below the limit, else thinking is off", () => {
    const thinking = { type: "enabled", budget_tokens: 3_000, display: "omitted" };
    assert.deepEqual(rewritten({ thinking }, 2_000).thinking, { ...thinking, budget_tokens: 1_600 });
    assert.deepEqual(rewritten({ thinking }, 1_100).thinking, { ...thinking, budget_tokens: 1_024 });
    assert.deepEqual(rewritten({ thinking }, 3_500).thinking, thinking);
    const edits = [{ type: "clear_thinking_20251015" }, { type: "clear_tool_uses_20250919" }];
    const off = rewritten({ thinking, context_management: { edits } }, 1_024);
    assert.deepEqual(off.thinking, { type: "disabled" });
    assert.deepEqual(off.context_management, { edits: [edits[1]] });
    assert.deepEqual(rewritten({ thinking: { type: "adaptive" } }, 500).thinking, { type: "adaptive" });
  });
});

describe("anthropic-messages answers", () => {
  it("charge reads, 5-minute writes and 1-hour writes each at its own rate", () => {
    const answer = {
      type: "message",
      model: "claude-sonnet-4-5",
      content: [],
      usage: { ...wireUsage, output_tokens: 10 },
    };
    const { usage, basis } = anthropicMessages.readJson(200, bodyOf(answer), facts);
    assert.deepEqual(
      [usage.inputTokens, usage.cachedInputTokens, usage.cacheWrite5mTokens, usage.cacheWrite1hTokens, basis],
      [8_100, 5_000, 1_000, 2_000, "reported"],
    );
    const nano = 100 * 3_000 + 5_000 * 300 + 1_000 * 3_750 + 2_000 * 6_000 + 10 * 15_000;
    assert.equal(costOf(usage, RATES), nano);
  });

  it("take writes without a split for 5-minute ones", () => {
    const { cache_creation: _, ...unsplit } = wireUsage;
    const { usage } = anthropicMessages.readJson(200, bodyOf({ usage: unsplit }), facts);
    assert.deepEqual([usage.cacheWrite5mTokens, usage.cacheWrite1hTokens], [3_000, 0]);
  });

  it("count rounds that the totals leave out", () => {
    const round = (type: string) => ({ type, input_tokens: 50, output_tokens: 5 });
    const wire = { input_tokens: 50, output_tokens: 5, iterations: [round("message"), round("compaction")] };
    const { usage } = anthropicMessages.readJson(200, bodyOf({ usage: wire }), facts);
    assert.deepEqual([usage.inputTokens, usage.outputTokens], [100, 10]);
  });

  it("count the advice of another model, at whose rates it is billed", () => {
    const round = (type: string, model?: string) => ({ type, model, input_tokens: 50, output_tokens: 5 });
    const iterations = [round("message"), round("advisor_message", "claude-opus-4-8"), round("message")];
    const wire = { input_tokens: 100, output_tokens: 10, iterations };
    const { usage, otherModels } = anthropicMessages.readJson(200, bodyOf({ usage: wire }), facts);
    assert.deepEqual([usage.inputTokens, usage.outputTokens], [150, 15]);
    assert.deepEqual(
      otherModels?.map(({ model, usage }) => [model, usage.inputTokens, usage.outputTokens]),
      [["claude-opus-4-8", 50, 5]],
    );
  });

  it("take the model that answered in place of one that declined, and count the latter only where it wrote", () => {
    const declined = { type: "message", model: "claude-fable-5", input_tokens: 408, output_tokens: 0 };
    const served = { type: "fallback_message", model: "claude-opus-4-8", input_tokens: 412, output_tokens: 264 };
    const answer = (first: object) => ({
      model: "claude-fable-5",
      usage: { input_tokens: 412, output_tokens: 264, iterations: [first, served] },
    });
    const reading = anthropicMessages.readJson(200, bodyOf(answer(declined)), facts);
    assert.deepEqual(
      [reading.model, reading.usage.inputTokens, reading.usage.outputTokens, reading.otherModels],
      ["claude-opus-4-8", 412, 264, undefined],
    );
    const begun = anthropicMessages.readJson(200, bodyOf(answer({ ...declined, output_tokens: 30 })), facts);
    assert.deepEqual([begun.usage.inputTokens, begun.usage.outputTokens], [820, 294]);
    assert.deepEqual(
      begun.otherModels?.map(({ model }) => model),
      ["claude-fable-5"],
    );
  });

  it("believe a host that says what they cost, as OpenRouter does", () => {
    const usage = { input_tokens: 9, output_tokens: 3, cost: 0.0042, is_byok: false };
    assert.equal(anthropicMessages.readJson(200, bodyOf({ usage }), facts).reportedCostUsd, 0.0042);
    const { reading } = stream(start({ input_tokens: 9, output_tokens: 0 }), delta(usage), stop);
    assert.deepEqual([reading.reportedCostUsd, reading.basis], [0.0042, "reported"]);
  });

  it("name what makes them dearer", () => {
    const tier = (more: object) =>
      anthropicMessages.readJson(200, bodyOf({ usage: { ...wireUsage, ...more } }), facts).serviceTier;
    assert.equal(tier({}), "standard");
    assert.equal(tier({ speed: "fast", inference_geo: "us" }), "standard+fast+us");
  });

  it("that are errors or lack usage are told apart", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "…" } };
    const failed = anthropicMessages.readJson(529, bodyOf(error), facts);
    assert.deepEqual([failed.errorType, failed.basis], ["overloaded_error", "none"]);
    const content = [{ type: "text", text: "x".repeat(30) }];
    const silent = anthropicMessages.readJson(200, bodyOf({ content }), facts);
    assert.deepEqual([silent.basis, silent.usage.outputTokens], ["estimated", 10]);
    assert.ok(silent.usage.inputTokens > 0);
  });
});

describe("anthropic-messages streams", () => {
  it("take the last cumulative report, with the split of writes from the first", () => {
    const last = { input_tokens: 100, cache_creation_input_tokens: 3_000, cache_read_input_tokens: 5_000 };
    const events = [
      start(),
      text("Hi"),
      delta({ ...last, output_tokens: 20 }),
      delta({ ...last, output_tokens: 42 }),
      stop,
    ];
    const { reading, complete } = stream(...events);
    assert.deepEqual(
      [
        reading.usage.inputTokens,
        reading.usage.cacheWrite1hTokens,
        reading.usage.outputTokens,
        reading.basis,
        complete,
      ],
      [8_100, 2_000, 42, "reported", true],
    );
  });

  it("take the input from the end where a host says 0 at the start", () => {
    const { reading } = stream(
      start({ input_tokens: 0, output_tokens: 0 }),
      delta({ input_tokens: 77, output_tokens: 9 }),
      stop,
    );
    assert.deepEqual([reading.usage.inputTokens, reading.usage.outputTokens], [77, 9]);
    const cut = stream(start({ input_tokens: 0, output_tokens: 0 }), text("Hi"));
    assert.equal(cut.reading.basis, "estimated");
    assert.ok(cut.reading.usage.inputTokens > 0);
  });

  it("replace what the start said, though the last report be lower", () => {
    const guess = { input_tokens: 4_000, output_tokens: 8 };
    const last = { input_tokens: 900, cache_read_input_tokens: 3_000, output_tokens: 5 };
    const { reading } = stream(start(guess), text("Hi"), delta(last), stop);
    const { usage, basis } = reading;
    assert.deepEqual([usage.inputTokens, usage.cachedInputTokens, usage.outputTokens], [3_900, 3_000, 5]);
    assert.equal(basis, "reported");
    const silent = stream(start(), delta({ input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 9 }), stop);
    assert.deepEqual([silent.reading.usage.inputTokens, silent.reading.usage.cachedInputTokens], [8_100, 5_000]);
  });

  it("count searches", () => {
    const { reading } = stream(start(), delta({ output_tokens: 9, server_tool_use: { web_search_requests: 2 } }), stop);
    assert.equal(reading.usage.webSearches, 2);
  });

  it("that break off keep the input as reported and estimate the output", () => {
    const { reading, complete } = stream(start(), text("x".repeat(300)), text("y".repeat(30)));
    assert.deepEqual([reading.usage.inputTokens, reading.usage.outputTokens], [8_100, 110]);
    assert.deepEqual([reading.basis, complete, reading.trouble === null], ["estimated", false, false]);
  });

  it("estimate thoughts that come only encrypted, and no results of tools", () => {
    const signature = { type: "signature_delta", signature: "A".repeat(400) };
    const hidden = { type: "content_block_delta", index: 0, delta: signature };
    assert.equal(stream(start(), hidden).reading.usage.outputTokens, 100);
    const result = { type: "web_search_tool_result", content: [{ encrypted_content: "A".repeat(9_000) }] };
    const found = { type: "content_block_start", index: 1, content_block: result };
    assert.equal(stream(start(), found).reading.usage.outputTokens, 1);
  });

  it("pass every byte, and name the error they end in", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "…" } };
    const wire = named(start(), text("Hi"), error);
    const { client, reading } = pass(anthropicMessages, facts, [utf8(wire)]);
    assert.equal(client.toString(), wire);
    assert.equal(reading.errorType, "overloaded_error");
  });
});
