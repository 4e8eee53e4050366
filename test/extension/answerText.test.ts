import assert from "node:assert/strict";
import type { Call } from "../../src/domain/call.ts";
import { NO_USAGE } from "../../src/domain/usage.ts";
import { answerFoot, answerHead, costInWords } from "../../src/extension/ask/answerText.ts";
import { inEnglish } from "../../src/extension/translate.ts";

function call(more: Partial<Call> = {}): Call {
  return {
    id: "c1",
    startedAt: "2026-11-21T12:00:00Z",
    endedAt: "2026-11-21T12:00:02Z",
    provider: "openai",
    protocol: "openai-chat",
    model: "gpt-5-mini-2025-08-07",
    requestedModel: "gpt-5-mini",
    project: null,
    tool: "vscode",
    user: null,
    tags: [],
    requestType: "ask",
    traceId: null,
    sessionId: null,
    branch: null,
    status: "ok",
    httpStatus: 200,
    errorType: null,
    stream: true,
    latencyMs: 2_400,
    firstTokenMs: 420,
    usage: { ...NO_USAGE, inputTokens: 1_204, cachedInputTokens: 1_024, outputTokens: 312, reasoningTokens: 128 },
    usageBasis: "reported",
    costNanoUsd: 2_100_000,
    costBasis: "catalog",
    rates: null,
    priceVersion: null,
    holdNanoUsd: 0,
    attempt: 1,
    ...more,
  };
}

describe("what stands with an answer", () => {
  it("tells tokens by class, dollars, seconds, the first token and the model as served", () => {
    const foot = answerFoot({ call: call(), clamped: null, trouble: null }, inEnglish);
    for (const part of [
      "**$0.0021** · 2.4 s, first token after 420 ms",
      "1,204 in (1,024 cached) · 312 out (128 reasoning)",
      "gpt-5-mini-2025-08-07 (openai), asked for as gpt-5-mini",
    ]) {
      assert.ok(foot.includes(part), `"${part}" is not in ${foot}`);
    }
    assert.doesNotMatch(foot, /limit/);
  });

  it("tells that the output limit was lowered, and why an answer is not whole", () => {
    const foot = answerFoot({ call: call(), clamped: { from: 4_096, to: 812 }, trouble: "It broke off." }, inEnglish);
    assert.match(foot, /lowered from 4,096 to 812 tokens/);
    assert.match(foot, /It broke off\./);
  });

  it("never takes what is not known for nothing", () => {
    assert.match(costInWords(call({ costBasis: "unpriced", costNanoUsd: 0 }), inEnglish), /unknown/);
    assert.match(costInWords(call({ usageBasis: "estimated" }), inEnglish), /^about \$0\.0021$/);
    assert.match(costInWords(call({ usageBasis: "none" }), inEnglish), /no usage/);
    assert.match(answerFoot({ call: null, clamped: null, trouble: null }, inEnglish), /not known yet/);
  });

  it("quotes every line of the prompt", () => {
    const head = { provider: "openai", model: "gpt-5", prompt: "one\n\ntwo\n" };
    assert.equal(answerHead({ ...head, takeOver: null }), "# gpt-5 (openai)\n\n> one\n>\n> two\n\n");
    assert.match(answerHead({ ...head, takeOver: "It stands in." }), /> two\n\n\*\*It stands in\.\*\*\n\n$/);
  });
});
