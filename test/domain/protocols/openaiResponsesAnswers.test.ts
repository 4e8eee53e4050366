import assert from "node:assert/strict";
import { openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { costOf, FREE_RATES } from "../../../src/domain/rates.ts";
import { facts, message, read, response, search, usage } from "./sampleResponses.ts";
import { bodyOf, utf8 } from "./streams.ts";

describe("openai-responses answers", () => {
  const answered = (more: object, status = 200) => openaiResponses.readJson(status, bodyOf(response(more)), facts);

  it("charge cached reads and cache writes once, each at its own rate", () => {
    const reading = answered({ service_tier: "priority" });
    assert.deepEqual(
      [reading.basis, reading.model, reading.serviceTier],
      ["reported", "gpt-5.4-2026-03-05", "priority"],
    );
    const { inputTokens, cachedInputTokens, cacheWrite5mTokens, outputTokens, reasoningTokens } = reading.usage;
    assert.deepEqual(
      [inputTokens, cachedInputTokens, cacheWrite5mTokens, outputTokens, reasoningTokens],
      [1_000, 600, 300, 50, 20],
    );
    const rates = {
      ...FREE_RATES,
      input: 2_000_000,
      cachedInput: 200_000,
      cacheWrite5m: 2_500_000,
      output: 10_000_000,
    };
    assert.equal(costOf(reading.usage, rates), 100 * 2_000 + 600 * 200 + 300 * 2_500 + 50 * 10_000);
    assert.equal(reading.answerId, "resp_1");
  });

  it("tell long-lived cache writes apart", () => {
    const details = { cached_tokens: 0, cache_write_tokens: 300, cache_write_tokens_details: { ttl_12h_tokens: 200 } };
    const { cacheWrite5mTokens, cacheWrite1hTokens } = answered({
      usage: { ...usage, input_tokens_details: details },
    }).usage;
    assert.deepEqual([cacheWrite5mTokens, cacheWrite1hTokens], [100, 200]);
  });

  it("count each billed search once, by its item or by the provider's own count", () => {
    const output = [search("ws_1"), search("ws_1"), search("ws_2", "open_page"), search("ws_3"), message("x")];
    assert.equal(answered({ output }).usage.webSearches, 2);
    assert.equal(answered({ output, tool_usage: { web_search: { num_requests: 5 } } }).usage.webSearches, 5);
    assert.equal(answered({ output: [{ id: "ws_1", type: "web_search_call" }] }).usage.webSearches, 1);
  });

  it("tell the fees of other tools", () => {
    const tools = [{ type: "code_interpreter", container: { type: "auto" } }];
    const output = [{ type: "file_search_call" }, { type: "file_search_call" }];
    assert.equal(answered({ tools, output }).toolFeesNanoUsd, 30_000_000 + 2 * 2_500_000);
    assert.equal(answered({}).toolFeesNanoUsd, undefined);
  });

  it("cost 25 USD a thousand searches by the preview of the tool with a model that does not reason, 10 else", () => {
    const searched = { output: [search("ws_1"), search("ws_2")], tools: [{ type: "web_search_preview" }] };
    const fees = (more: object) => answered({ ...searched, ...more }).toolFeesNanoUsd;
    assert.equal(fees({ model: "gpt-4.1-2025-04-14" }), 2 * 15_000_000);
    assert.equal(fees({ model: "gpt-5-mini-2025-08-07" }), undefined);
    assert.equal(fees({ model: "gpt-4.1", tools: [{ type: "web_search" }] }), undefined);
    const bound = (model: string) => read({ model, tools: [{ type: "web_search_preview" }], max_tool_calls: 3 });
    assert.equal(bound("gpt-4o").toolFeesBoundNanoUsd, 3 * 15_000_000);
    assert.equal(bound("o3").toolFeesBoundNanoUsd, undefined);
  });

  it("without usage, or with the zeros of a host that does not count, are estimated, not free", () => {
    const output = [message("x".repeat(300)), { type: "function_call", name: "look", arguments: "y".repeat(30) }];
    for (const nothing of [undefined, null, { input_tokens: 0, output_tokens: 0 }]) {
      const reading = answered({ usage: nothing, output });
      assert.equal(reading.basis, "estimated");
      assert.ok(reading.usage.outputTokens > 110 && reading.usage.inputTokens > 10);
    }
  });

  it("that are incomplete are no errors, failed ones are, and cost nothing where nothing was written", () => {
    assert.equal(answered({ status: "incomplete" }).errorType, null);
    const failed = answered({
      status: "failed",
      output: [],
      usage: null,
      error: { code: "server_error", message: "…" },
    });
    assert.deepEqual([failed.errorType, failed.usage.inputTokens, failed.basis], ["server_error", 0, "reported"]);
    assert.equal(answered({ status: "failed", error: { code: "server_error", message: "…" } }).basis, "reported");
    const error = { error: { message: "…", type: "invalid_request_error", code: "model_not_found" } };
    const refused = openaiResponses.readJson(400, bodyOf(error), facts);
    assert.deepEqual([refused.errorType, refused.basis], ["invalid_request_error", "none"]);
    assert.notEqual(openaiResponses.readJson(200, utf8("<html>"), facts).trouble, null);
  });

  it("of OpenRouter carry its own figure", () => {
    assert.equal(answered({ usage: { ...usage, cost: 0.0000113, is_byok: false } }).reportedCostUsd, 0.0000113);
  });
});
