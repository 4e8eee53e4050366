import assert from "node:assert/strict";
import { BadRequestError } from "../../../src/domain/protocol.ts";
import { openaiSpeech } from "../../../src/domain/protocols/openaiSpeech.ts";
import { bodyOf, pass, sse, utf8 } from "./streams.ts";

const request = { model: "gpt-4o-mini-tts", input: "The quick brown fox jumped over the lazy dog.", voice: "ash" };
const read = (more: object = {}) => openaiSpeech.read(bodyOf({ ...request, ...more }));
const facts = read({ stream_format: "sse" });
const usage = { input_tokens: 12, output_tokens: 62, total_tokens: 74 };
const delta = { type: "speech.audio.delta", audio: "A".repeat(4_000) };

describe("openai-speech", () => {
  it("bounds the sound by the text, more for slow speech, and cannot lower it", () => {
    const { outputLimitTokens, clampable, inputBoundTokens, stream } = read();
    assert.ok(outputLimitTokens !== null && outputLimitTokens >= 1_450 && outputLimitTokens < 2_000);
    assert.ok(inputBoundTokens >= 45);
    assert.deepEqual([clampable, stream, facts.stream], [false, false, true]);
    const slow = read({ speed: 0.25 }).outputLimitTokens as number;
    assert.ok(slow >= 4 * 450 && read({ speed: 4 }).outputLimitTokens === outputLimitTokens, String(slow));
    for (const more of [{ input: 5 }, { model: 5 }]) {
      assert.throws(() => read(more), BadRequestError);
    }
  });

  it("reads the usage with which a stream ends, all of its output as sound", () => {
    const wire = utf8(sse(delta, delta, { type: "speech.audio.done", usage }));
    const { reading, client, complete } = pass(openaiSpeech, facts, [wire]);
    assert.ok(client.equals(wire));
    const { inputTokens, outputTokens, audioOutputTokens } = reading.usage;
    assert.deepEqual([reading.basis, inputTokens, outputTokens, audioOutputTokens], ["reported", 12, 62, 62]);
    assert.equal(complete, true);
  });

  it("estimates sound that comes as it is, or breaks off, from the text: neither is free", () => {
    const whole = openaiSpeech.readJson(200, Buffer.from([0xff, 0xfb, 0x90, 0x64, 0, 0x7b, 0x7d]), read());
    const cut = pass(openaiSpeech, facts, [utf8(sse(delta))]).reading;
    for (const { basis, usage: tokens } of [whole, cut]) {
      assert.equal(basis, "estimated");
      // The sentence takes 2.7 seconds, which is about 60 tokens.
      assert.ok(tokens.outputTokens >= 60 && tokens.outputTokens < 200, String(tokens.outputTokens));
      assert.equal(tokens.audioOutputTokens, tokens.outputTokens);
      assert.ok(tokens.inputTokens > 0);
    }
    assert.deepEqual([whole.trouble, whole.errorType], [null, null]);
  });

  it("counts nothing for an error", () => {
    const failed = openaiSpeech.readJson(400, bodyOf({ error: { type: "invalid_request_error" } }), read());
    assert.deepEqual([failed.basis, failed.errorType], ["none", "invalid_request_error"]);
    assert.equal(openaiSpeech.readJson(502, utf8("<html>"), read()).errorType, "http_502");
  });
});
