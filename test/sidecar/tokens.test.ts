import assert from "node:assert/strict";
import fc from "fast-check";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { NO_CONTEXT, type Protocol } from "../../src/domain/protocol.ts";
import { anthropicMessages } from "../../src/domain/protocols/anthropicMessages.ts";
import { openaiChat } from "../../src/domain/protocols/openaiChat.ts";
import { TokenMargin } from "../../src/domain/tokenMargin.ts";
import { countText } from "../../src/sidecar/tokens/countText.ts";
import { TokenCounter } from "../../src/sidecar/tokens/tokenCounter.ts";
import { RECORDINGS_MISSING, recordedAt } from "../domain/protocols/recorded.ts";

describe("the token bound", () => {
  const counter = new TokenCounter();
  after(() => counter.close());

  it("is never below what providers billed in recorded exchanges, nor above the bytes", async function () {
    if (RECORDINGS_MISSING !== null) {
      this.skip();
    }
    this.timeout(30_000);
    const margin = new TokenMargin();
    const checked = { openai: 0, anthropic: 0 };
    const all: Array<[Protocol, ReturnType<typeof recordedAt>]> = [
      [openaiChat, recordedAt("/chat/completions")],
      [anthropicMessages, recordedAt("/messages")],
    ];
    for (const [protocol, exchanges] of all) {
      for (const { request, response, status, contentType } of exchanges) {
        const body = Buffer.from(request);
        const byBytes = protocol.read(body);
        if (byBytes.hasMedia || status !== 200 || !/json/.test(contentType)) {
          continue;
        }
        const counted = (await counter.count(body)) ?? 0;
        assert.ok(counted > 0);
        const bound = protocol.read(body, {
          ...NO_CONTEXT,
          textTokens: margin.atMost(byBytes.model, counted),
        }).inputBoundTokens;
        const { usage } = protocol.readJson(status, Buffer.from(response), byBytes);
        assert.ok(usage.inputTokens <= bound, `${byBytes.model}: ${usage.inputTokens} of ${bound}, counted ${counted}`);
        assert.ok(bound <= byBytes.inputBoundTokens);
        checked[protocol === openaiChat ? "openai" : "anthropic"] += 1;
      }
    }
    assert.ok(checked.openai > 10 && checked.anthropic > 3, JSON.stringify(checked));
  });

  it("counts no less than the tokenizer does for the whole text, control tokens and long runs included", () => {
    const asText = { disallowedSpecial: new Set<string>() };
    const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 2_000 }), fc.constant("<|endoftext|>"));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
        const counted = countText({ messages: texts }, (piece) => countTokens(piece, asText));
        const whole = texts.reduce((sum, one) => sum + countTokens(one, asText), 0);
        // A cut may fall where two tokens would have met, so pieces give more, hardly ever less.
        assert.ok(counted >= whole * 0.999, `${counted} of ${whole}`);
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it("learns its margin from what is billed", () => {
    const margin = new TokenMargin();
    assert.equal(margin.atMost("claude-next", 1_000), 2_000);
    for (let call = 0; call < 20; call += 1) {
      margin.observe("claude-next", 1_000, 1_250 + call);
    }
    assert.equal(margin.atMost("claude-other", 1_000), Math.ceil(1_269 * 1.1));
    assert.equal(margin.atMost("gpt-5-mini", 1_000), 1_100);
  });
});
