import assert from "node:assert/strict";
import { BadRequestError, type Protocol } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { soundLength } from "../../../src/domain/protocols/soundLength.ts";
import { type Field, formOf } from "./forms.ts";
import { mp3Of, wavOf } from "./sounds.ts";
import { bodyOf, pass, sse, utf8 } from "./streams.ts";

const at = (baseUrl: string) => protocolFor("openai", "POST", "/audio/transcriptions", baseUrl)?.protocol as Protocol;
const openai = at("https://api.openai.com/v1");
const groq = at("https://api.groq.com/openai/v1");
const file = (bytes: Buffer) => ({ file: "speech.wav", bytes });
const read = (fields: Readonly<Record<string, Field>>, protocol = openai) => {
  const { body, context } = formOf(Object.entries(fields));
  return protocol.read(body, context);
};
const tenSeconds = { model: "gpt-4o-transcribe", file: file(wavOf(10)) };
const facts = read(tenSeconds);
const timed = read({ ...tenSeconds, model: "whisper-1" });
const usage = {
  type: "tokens",
  input_tokens: 114,
  input_token_details: { text_tokens: 14, audio_tokens: 100 },
  output_tokens: 31,
  total_tokens: 145,
};
const sound = ({ basis, usage: u }: ReturnType<Protocol["readJson"]>) => [
  ...[basis, u.inputTokens, u.audioInputTokens, u.outputTokens],
];

describe("the length of a sound", () => {
  it("is told by a WAV file's rate and an MP3 file's frames, and else bounded by bytes", () => {
    assert.deepEqual(soundLength(wavOf(60)), { most: 62, usual: 61 });
    assert.deepEqual(soundLength(wavOf(60, 48_000)), { most: 62, usual: 61 });
    // 1,000 frames of 1,152 samples at 44.1 kHz: 26.1 seconds.
    assert.deepEqual(soundLength(mp3Of(1_000)), { most: 28, usual: 27 });
    const unknown = soundLength(Buffer.alloc(512_000));
    assert.ok(unknown.most >= 1_000 && unknown.usual < unknown.most);
  });

  it("is not shorter for what stands behind the sound, nor for a rate that a file only claims", () => {
    assert.ok(soundLength(Buffer.concat([mp3Of(10), Buffer.alloc(51_200)])).most >= 100);
    const claimed = wavOf(60);
    claimed.writeUInt32LE(0xffffffff, 28);
    assert.ok(soundLength(claimed).most >= 60);
    for (const bytes of [Buffer.alloc(0), utf8("RIFF"), utf8("RIFF0000WAVEfmt "), utf8("ID3"), Buffer.of(0xff, 0xfb)]) {
      assert.ok(soundLength(bytes).most >= 1);
    }
  });
});

describe("openai-transcriptions", () => {
  it("bounds sound and what may be written by its length", () => {
    const { model, stream, inputBoundTokens, outputLimitTokens, clampable } = facts;
    assert.deepEqual([model, stream, clampable], ["gpt-4o-transcribe", false, false]);
    assert.ok(inputBoundTokens >= 114 && inputBoundTokens < 800, String(inputBoundTokens));
    assert.ok(outputLimitTokens !== null && outputLimitTokens >= 150 && outputLimitTokens < 1_500);
    assert.equal(read({ ...tenSeconds, stream: "true" }).stream, true);
    const guided = read({ ...tenSeconds, prompt: "x".repeat(3_000) });
    assert.ok(guided.inputBoundTokens >= inputBoundTokens + 3_000);
  });

  it("counts seconds for models that are billed by time, as many as the host bills at least", () => {
    assert.ok(timed.inputBoundTokens >= 10 && timed.inputBoundTokens <= 12);
    assert.equal(timed.outputLimitTokens, 0);
    const short = { model: "whisper-large-v3", file: file(wavOf(1)) };
    assert.ok(read(short, groq).inputBoundTokens >= 10);
    const { usage: billed } = groq.readJson(200, bodyOf({ text: "Hi", duration: 1.2 }), read(short, groq));
    assert.equal(billed.audioInputTokens, 10);
  });

  it("takes JSON too, and bounds sound that stands elsewhere by the longest that is fetched", () => {
    const data = wavOf(10).toString("base64");
    const json = openai.read(bodyOf({ model: "whisper-1", input_audio: { data, format: "wav" } }));
    assert.ok(json.inputBoundTokens >= 10 && json.inputBoundTokens <= 12);
    assert.ok(read({ model: "whisper-1", file_url: "https://example.com/a.mp3" }).inputBoundTokens >= 3_600);
  });

  it("refuses in words what makes no sense", () => {
    const twoFiles = formOf([
      ["model", "whisper-1"],
      ["file", file(wavOf(1))],
      ["file", file(wavOf(1))],
    ]);
    assert.throws(() => openai.read(twoFiles.body, twoFiles.context), BadRequestError);
    assert.throws(() => read({ ...tenSeconds, stream: "maybe" }), BadRequestError);
    assert.throws(() => openai.read(utf8("RIFF"), formOf([]).context), BadRequestError);
  });

  it("reads tokens of sound and text, each class once", () => {
    assert.deepEqual(sound(openai.readJson(200, bodyOf({ text: "Hello", usage }), facts)), ["reported", 114, 100, 31]);
    const { input_token_details: _, ...whole } = usage;
    assert.deepEqual(sound(openai.readJson(200, bodyOf({ text: "", usage: whole }), facts)), [
      "reported",
      114,
      114,
      31,
    ]);
    const mistral = { prompt_audio_seconds: 203, prompt_tokens: 4, completion_tokens: 635, total_tokens: 3_264 };
    const voxtral = openai.readJson(200, bodyOf({ model: "voxtral-mini-2507", text: "", usage: mistral }), facts);
    assert.deepEqual(sound(voxtral), ["reported", 2_629, 2_629, 635]);
  });

  it("reads the length that was billed, rounded up to seconds", () => {
    for (const answer of [
      { text: "Hi", usage: { type: "duration", seconds: 9.2 } },
      { text: "Hi", duration: 9.2 },
    ]) {
      assert.deepEqual(sound(openai.readJson(200, bodyOf(answer), timed)), ["reported", 10, 10, 0]);
    }
  });

  it("estimates text and subtitles, which report nothing, from the sound and what was written", () => {
    const subtitles = utf8("1\n00:00:00,000 --> 00:00:09,000\nHello there, how are you today?\n");
    const [basis, input = 0, audio, output = 0] = sound(openai.readJson(200, subtitles, facts));
    assert.deepEqual([basis, audio], ["estimated", input]);
    assert.ok(Number(input) >= 100 && Number(input) < 200 && Number(output) > 10, `${input} ${output}`);
    assert.deepEqual(sound(openai.readJson(200, subtitles, timed)), ["estimated", 11, 11, 0]);
  });

  it("reads the usage with which a stream ends, and estimates one that breaks off", () => {
    const delta = { type: "transcript.text.delta", delta: "x".repeat(30) };
    const wire = utf8(sse(delta, delta, { type: "transcript.text.done", text: "x".repeat(60), usage }));
    const { reading, client } = pass(openai, facts, [wire]);
    assert.ok(client.equals(wire));
    assert.deepEqual(sound(reading), ["reported", 114, 100, 31]);
    const cut = pass(openai, facts, [utf8(sse(delta, delta))]).reading;
    assert.deepEqual([cut.basis, cut.usage.outputTokens, cut.usage.inputTokens > 0], ["estimated", 20, true]);
  });
});
