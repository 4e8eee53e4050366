import assert from "node:assert/strict";
import type OpenAI from "openai";
import { toFile } from "openai";
import { wavOf } from "../domain/protocols/sounds.ts";
import { editedTokens, heardText, heardTokens, soundBytes, spokenTokens } from "../upstreams/openaiMediaRoutes.ts";
import { countTokens } from "../upstreams/tokens.ts";
import { clientOf } from "./openaiClient.ts";
import { hard, OpenaiWorld } from "./openaiWorld.ts";

describe("OpenAI's other routes, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new OpenaiWorld();

  it("embeddings cost their input, to the nano-dollar", async () => {
    const input = ["The quick brown fox", "jumped over the lazy dog"];
    const { data, response } = await world.client.embeddings
      .create({ model: "text-embedding-3-small", input })
      .withResponse();
    assert.equal(data.data.length, 2);
    assert.ok(Math.abs((data.data[0]?.embedding[0] ?? 0) - Math.sin(countTokens(input[0] as string))) < 1e-6);
    const call = await world.booked(response);
    const tokens = countTokens(input[0] as string) + countTokens(input[1] as string);
    assert.deepEqual(
      [call.protocol, call.usageBasis, call.usage.inputTokens, call.usage.outputTokens, call.costBasis],
      ["openai-embeddings", "reported", tokens, 0, "catalog"],
    );
    // text-embedding-3-small: 0.02 USD for a million tokens.
    assert.equal(call.costNanoUsd, tokens * 20);
  });

  it("the older completions are asked for their usage, which the client does not see unasked", async () => {
    const prompt = "Write a short line about gates";
    const { data, response } = await world.client.completions
      .create({ model: "gpt-3.5-turbo-instruct", prompt, max_tokens: 40, stream: true })
      .withResponse();
    let text = "";
    for await (const chunk of data) {
      assert.ok(chunk.choices.length > 0);
      text += chunk.choices[0]?.text ?? "";
    }
    const call = await world.booked(response);
    assert.deepEqual(
      [call.protocol, call.usageBasis, call.usage.inputTokens, call.usage.outputTokens, call.stream],
      ["openai-completions", "reported", countTokens(prompt), countTokens(text), true],
    );
    assert.equal(call.costNanoUsd, countTokens(prompt) * 1_500 + countTokens(text) * 2_000);
  });

  it("images are booked by their tokens, whole and streamed, generated and edited", async () => {
    const request = { model: "gpt-image-1-mini", prompt: "A tollgate at dawn", quality: "low" as const };
    const whole = await world.client.images.generate({ ...request, n: 2 }).withResponse();
    const made = await world.booked(whole.response);
    assert.deepEqual([made.protocol, made.usageBasis, made.usage.outputTokens], ["openai-images", "reported", 544]);
    // gpt-image-1-mini: 8 USD out for a million tokens; input is 2 for text and 2.50 for pictures, which are not told apart.
    const { inputTokens } = made.usage;
    const least = 544 * 8_000 + inputTokens * 2_000;
    assert.ok(made.costNanoUsd >= least && made.costNanoUsd <= least + inputTokens * 500, String(made.costNanoUsd));
    const streamed = await world.client.images.generate({ ...request, stream: true, partial_images: 2 }).withResponse();
    const types: string[] = [];
    for await (const event of streamed.data) {
      types.push(event.type);
    }
    assert.equal(types.at(-1), "image_generation.completed");
    assert.equal((await world.booked(streamed.response)).usage.outputTokens, 472);
    const image = await toFile(soundBytes, "gate.png", { type: "image/png" });
    const edited = await world.client.images.edit({ ...request, image: [image, image] }).withResponse();
    const { usage } = await world.booked(edited.response);
    assert.equal(usage.inputTokens, countTokens(request.prompt) + 2 * editedTokens);
    assert.ok(world.openai.requests.at(-1)?.bytes.includes(soundBytes), "a form reaches the provider as it was sent");
  });

  it("speech reaches the client byte for byte, and is never taken for free", async () => {
    const request = { model: "gpt-4o-mini-tts", input: "The gate opens at dawn.", voice: "ash" };
    const { data, response } = await world.client.audio.speech.create(request).withResponse();
    assert.ok(Buffer.from(await data.arrayBuffer()).equals(soundBytes));
    const plain = await world.booked(response);
    assert.equal(plain.usageBasis, "estimated");
    assert.ok(plain.costNanoUsd > 0 && plain.usage.audioOutputTokens > 0);
    const events = await world.client.audio.speech.create({ ...request, stream_format: "sse" }).withResponse();
    assert.match(await events.data.text(), /speech\.audio\.done/);
    const call = await world.booked(events.response);
    const spoken = request.input.length * spokenTokens;
    assert.deepEqual([call.usageBasis, call.usage.outputTokens], ["reported", spoken]);
    // gpt-4o-mini-tts: 0.60 USD in, 12 USD out for a million tokens.
    assert.equal(call.costNanoUsd, countTokens(request.input) * 600 + spoken * 12_000);
  });

  it("transcriptions are booked by tokens of sound and text, or by the length of the sound", async () => {
    const sound = wavOf(10);
    const request = { file: await toFile(sound, "speech.wav"), model: "gpt-4o-mini-transcribe", prompt: "Gates" };
    const audio = Math.ceil(sound.length / 1_000) * heardTokens;
    const cost = audio * 3_000 + countTokens("Gates") * 1_250 + countTokens(heardText) * 5_000;
    const whole = await world.client.audio.transcriptions.create(request).withResponse();
    const streamed = await world.client.audio.transcriptions.create({ ...request, stream: true }).withResponse();
    let text = "";
    for await (const event of streamed.data) {
      text += event.type === "transcript.text.delta" ? event.delta : "";
    }
    assert.equal(text, heardText);
    for (const response of [whole.response, streamed.response]) {
      const call = await world.booked(response);
      assert.deepEqual([call.usageBasis, call.usage.audioInputTokens], ["reported", audio]);
      assert.equal(call.costNanoUsd, cost);
    }
    const timed = await world.client.audio.transcriptions.create({ ...request, model: "whisper-1" }).withResponse();
    const call = await world.booked(timed.response);
    // whisper-1: 0.36 USD an hour, so 100,000 nano-USD for each of the 12 seconds that were reported.
    assert.deepEqual([call.usageBasis, call.usage.audioInputTokens, call.costNanoUsd], ["reported", 12, 1_200_000]);
  });

  it("moderations and files pass for nothing", async () => {
    await world.client.moderations.create({ input: "hello" });
    const file = await world.client.files.create({
      file: await toFile(Buffer.from("{}\n"), "a.jsonl"),
      purpose: "batch",
    });
    assert.equal(await (await world.client.files.content(file.id)).text(), "{}\n");
    assert.equal((await world.client.files.delete(file.id)).deleted, true);
    const { calls } = await world.sidecar.api.calls({ limit: 1 });
    assert.notEqual(calls[0]?.protocol, "unknown");
  });

  it("models without a price pass where no hard budget is, and are refused where one is", async () => {
    const { response } = await world.client.images.generate({ model: "dall-e-3", prompt: "A gate" }).withResponse();
    const call = await world.booked(response);
    assert.deepEqual([call.costBasis, call.costNanoUsd], ["unpriced", 0]);
    const strict = await clientOf(await world.start(hard(5)));
    const refused = strict.images.generate({ model: "dall-e-3", prompt: "A gate" });
    await assert.rejects(refused, (error: InstanceType<typeof OpenAI.APIError>) => {
      assert.deepEqual([error.status, error.code], [402, "price_unknown"]);
      return true;
    });
  });

  it("what a hard budget holds for them is enough, and what does not fit is refused", async () => {
    const strict = await world.start(hard(1));
    const strictClient = await clientOf(strict);
    const request = { model: "gpt-image-1-mini", prompt: "A gate", quality: "high" as const };
    const { response } = await strictClient.images.generate(request).withResponse();
    const call = await world.booked(response, strict);
    assert.ok(call.holdNanoUsd >= call.costNanoUsd && call.costNanoUsd > 0, `${call.holdNanoUsd} ${call.costNanoUsd}`);
    const dear = strictClient.images.generate({ ...request, n: 30 });
    await assert.rejects(dear, (error: InstanceType<typeof OpenAI.APIError>) => {
      assert.deepEqual([error.status, error.code], [402, "budget_exceeded"]);
      return true;
    });
    const file = await toFile(wavOf(60), "speech.wav");
    const heard = await strictClient.audio.transcriptions.create({ file, model: "whisper-1" }).withResponse();
    const timed = await world.booked(heard.response, strict);
    assert.ok(timed.holdNanoUsd >= timed.costNanoUsd && timed.holdNanoUsd < 7_000_000, String(timed.holdNanoUsd));
  });
});
