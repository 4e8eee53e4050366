import assert from "node:assert/strict";
import fc from "fast-check";
import type { Protocol, RequestFacts } from "../../../src/domain/protocol.ts";
import { openaiImages } from "../../../src/domain/protocols/openaiImages.ts";
import { openaiSpeech } from "../../../src/domain/protocols/openaiSpeech.ts";
import { openaiTranscriptionsProtocol } from "../../../src/domain/protocols/openaiTranscriptions.ts";
import { formOf } from "./forms.ts";
import { wavOf } from "./sounds.ts";
import { bodyOf, cutAt, named, pass, sse, utf8 } from "./streams.ts";

const usage = { input_tokens: 40, output_tokens: 272, total_tokens: 312 };
const transcriptions = openaiTranscriptionsProtocol(undefined);
const sound = formOf([
  ["model", "gpt-4o-transcribe"],
  ["stream", "true"],
  ["file", { file: "a.wav", bytes: wavOf(3) }],
]);
const picture = { b64_json: "A".repeat(3_000) };
const event = (type: string, more: object) => ({ type, ...more });

const streams: ReadonlyArray<readonly [Protocol, RequestFacts, string]> = [
  [
    openaiImages,
    openaiImages.read(bodyOf({ model: "gpt-image-1", prompt: "A gate", quality: "low", size: "1024x1024" })),
    named(event("image_generation.partial_image", picture), event("image_generation.completed", { ...picture, usage })),
  ],
  [
    openaiSpeech,
    openaiSpeech.read(bodyOf({ model: "gpt-4o-mini-tts", input: "The gate is open.", stream_format: "sse" })),
    sse({ type: "speech.audio.delta", audio: "A".repeat(900) }, { type: "speech.audio.done", usage }),
  ],
  [
    transcriptions,
    transcriptions.read(sound.body, sound.context),
    named(
      event("transcript.text.delta", { delta: "The gate " }),
      event("transcript.text.delta", { delta: "is öpen. 開いた" }),
      event("transcript.text.done", { text: "The gate is öpen. 開いた", usage }),
    ),
  ],
];

describe("streams that report with their last event", () => {
  it("give the same reading and the same bytes however they are cut into chunks", () => {
    for (const [protocol, facts, wire] of streams) {
      const bytes = utf8(wire);
      const once = pass(protocol, facts, [bytes]);
      assert.deepEqual([once.reading.basis, once.reading.usage.outputTokens], ["reported", 272], protocol.name);
      assert.ok(once.client.equals(bytes));
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 60 }), (places) => {
          assert.deepEqual(pass(protocol, facts, cutAt(bytes, places)), once);
        }),
        { seed: 10, numRuns: 100 },
      );
    }
  });

  it("are never free, and never less than they have reported, wherever they break off", () => {
    for (const [protocol, facts, wire] of streams) {
      const bytes = utf8(wire);
      for (let end = 0; end < bytes.length - 2; end += 1) {
        const { usage: read, basis } = pass(protocol, facts, [bytes.subarray(0, end)]).reading;
        assert.ok(read.inputTokens > 0, `${protocol.name} at ${end}`);
        assert.equal(basis, "estimated", `${protocol.name} at ${end}`);
        assert.ok(read.outputTokens <= (facts.outputLimitTokens ?? 0), `${protocol.name} at ${end}`);
      }
      assert.equal(pass(protocol, facts, [bytes.subarray(0, bytes.length - 1)]).reading.usage.outputTokens, 272);
    }
  });
});
