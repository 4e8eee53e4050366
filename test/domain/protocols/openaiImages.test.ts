import assert from "node:assert/strict";
import { BadRequestError } from "../../../src/domain/protocol.ts";
import { pictureTokens } from "../../../src/domain/protocols/imageTokens.ts";
import { openaiImages } from "../../../src/domain/protocols/openaiImages.ts";
import { formOf } from "./forms.ts";
import { bodyOf, named, pass, utf8 } from "./streams.ts";

const request = { model: "gpt-image-1-mini", prompt: "A tollgate at dawn", size: "1024x1024", quality: "low" };
const read = (more: object = {}) => openaiImages.read(bodyOf({ ...request, ...more }));
const facts = read();
const usage = {
  input_tokens: 50,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
  output_tokens: 272,
  total_tokens: 322,
};

describe("openai-images requests", () => {
  it("are bounded by the published tokens of each size and quality, for every picture", () => {
    const output = (more: object) => read(more).outputLimitTokens;
    assert.equal(output({}), 272);
    assert.equal(output({ quality: "medium", size: "1024x1536" }), 1_584);
    assert.equal(output({ quality: "high", size: "1536x1024", n: 3 }), 3 * 6_208);
    // What the request leaves open is the dearest that the model may choose.
    for (const more of [
      { quality: "auto", size: "auto" },
      { quality: null, size: null },
      { quality: "odd", size: "1x1" },
    ]) {
      assert.equal(output(more), 6_240);
    }
    assert.equal(output({ stream: true, partial_images: 3, n: 2 }), 2 * (272 + 300));
    assert.equal(read({ n: 4 }).choices, 4);
    assert.equal(facts.clampable, false);
  });

  it("of models that draw any size are bounded by OpenAI's calculator", () => {
    // Counts that the calculator in OpenAI's guide was seen to give.
    const seen: Array<[quality: string, size: string, tokens: number]> = [
      ["high", "1024x1024", 7_024],
      ["high", "1536x1024", 5_488],
      ["high", "1792x1024", 5_063],
      ["high", "3584x2048", 12_329],
    ];
    for (const [quality, size, tokens] of seen) {
      const most = pictureTokens("gpt-image-2", { quality, size });
      assert.ok(most >= tokens && most < tokens + 2_500, `${size}: ${most}`);
    }
    const least = pictureTokens("gpt-image-2", { quality: "low", size: "1024x1024" });
    assert.ok(least < pictureTokens("gpt-image-2", { quality: "auto", size: "1024x1024" }));
    assert.ok(pictureTokens("gpt-image-2.5-flare", { quality: "max", size: "1024x1024" }) > 4 * 7_024);
    for (const size of ["0x0", "99999x99999", "16x", null]) {
      assert.ok(pictureTokens("gpt-image-2", { quality: "high", size }) >= 23_718, String(size));
    }
  });

  it("to edit pictures count those by a rule, from a form and from JSON", () => {
    const picture = { file: "a.png", bytes: Buffer.alloc(300_000) };
    const small = [...Object.entries({ ...request, n: "2", stream: "true" })] as Array<[string, string]>;
    const { body, context } = formOf([...small, ["image[]", picture], ["image[]", picture], ["mask", picture]]);
    const form = openaiImages.read(body, { ...context, path: "/images/edits" });
    assert.deepEqual([form.model, form.choices, form.stream, form.hasMedia], ["gpt-image-1-mini", 2, true, true]);
    // Two pictures and a mask of at most 581 tokens each, a prompt, and all of it for each of two results.
    assert.ok(form.inputBoundTokens > 2 * 3 * 581 && form.inputBoundTokens < 10_000, String(form.inputBoundTokens));
    const url = `data:image/png;base64,${"A".repeat(400_000)}`;
    const json = read({ images: [{ image_url: url }, { file_id: "file-1" }], input_fidelity: "high" });
    assert.ok(json.inputBoundTokens > 2 * 6_821 && json.inputBoundTokens < 15_000, String(json.inputBoundTokens));
  });

  it("for an SVG order work of which nobody can tell how much it is", () => {
    assert.equal(read({ output_format: "svg" }).boundless, true);
    assert.equal(read({ output_format: "webp" }).boundless, undefined);
    assert.equal(read({ output_format: "gif", frame_count: 4 }).outputLimitTokens, 4 * 272);
  });

  it("refuse in words what makes no sense", () => {
    for (const more of [{ n: "2" }, { n: 1_000_000 }, { stream: "yes" }, { model: 5 }, { partial_images: 1e9 }]) {
      assert.throws(() => read(more), BadRequestError);
    }
    const { body, context } = formOf([
      ["model", "gpt-image-1"],
      ["n", "many"],
    ]);
    assert.throws(() => openaiImages.read(body, context), BadRequestError);
  });
});

describe("openai-images answers", () => {
  it("report tokens of text and pictures", () => {
    const answer = { created: 1, data: [{ b64_json: "A".repeat(2_000_000) }], usage };
    const { usage: tokens, basis, model } = openaiImages.readJson(200, bodyOf(answer), facts);
    assert.deepEqual([basis, tokens.inputTokens, tokens.outputTokens, model], ["reported", 50, 272, null]);
  });

  it("without a report are taken to cost every picture that was asked for", () => {
    const { usage: tokens, basis } = openaiImages.readJson(200, bodyOf({ data: [{ url: "…" }] }), read({ n: 2 }));
    assert.deepEqual([basis, tokens.outputTokens], ["estimated", 544]);
    assert.ok(tokens.inputTokens > 0);
  });

  it("with an SVG bill its author as well", () => {
    const svg_usage = { model: "gpt-6-sol", input_tokens: 1_000, output_tokens: 500, reasoning_tokens: 200 };
    const { usage: tokens } = openaiImages.readJson(200, bodyOf({ data: [], usage, svg_usage }), facts);
    assert.deepEqual([tokens.inputTokens, tokens.outputTokens], [1_050, 772]);
  });

  const partial = { type: "image_generation.partial_image", partial_image_index: 0, b64_json: "A".repeat(100_000) };
  const completed = { type: "image_generation.completed", b64_json: "B".repeat(9_000_000), usage };

  it("that stream pass untouched, and report with the finished picture, however large it is", () => {
    const wire = utf8(named(partial, partial, completed));
    const { reading, client, complete } = pass(openaiImages, facts, [wire.subarray(0, 5_000), wire.subarray(5_000)]);
    assert.ok(client.equals(wire));
    assert.deepEqual([reading.basis, reading.usage.outputTokens, complete], ["reported", 272, true]);
    assert.equal(reading.trouble, null);
  });

  it("that break off are taken to cost all that was asked for: the provider goes on drawing", () => {
    const { reading, answering } = pass(openaiImages, read({ n: 2 }), [
      utf8(named(partial)),
      utf8('data: {"type":"ima'),
    ]);
    assert.deepEqual([reading.basis, reading.usage.outputTokens, answering], ["estimated", 544, true]);
    assert.match(String(reading.trouble), /broke off/);
  });

  it("that bring several pictures add their reports up", () => {
    const { reading } = pass(openaiImages, read({ n: 2 }), [utf8(named(completed, completed))]);
    assert.deepEqual([reading.usage.inputTokens, reading.usage.outputTokens], [100, 544]);
    const again = pass(openaiImages, facts, [utf8(named(completed, completed))]).reading;
    assert.equal(again.usage.outputTokens, 272);
  });

  it("that fail before a picture cost nothing", () => {
    const failed = { type: "error", error: { type: "image_generation_user_error", code: "moderation_blocked" } };
    const { reading } = pass(openaiImages, facts, [utf8(named(failed))]);
    assert.deepEqual([reading.basis, reading.errorType], ["none", "image_generation_user_error"]);
  });
});
