import assert from "node:assert/strict";
import type { Protocol } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { openaiBatches } from "../../../src/domain/protocols/openaiBatches.ts";
import { bodyOf, utf8 } from "./streams.ts";

const collect = (path: string, body: Buffer, status = 200) => openaiBatches.readCollected?.(path, status, body) ?? null;
const batch = { id: "batch_1", object: "batch", status: "in_progress", input_file_id: "file-in", output_file_id: null };
const ended = { ...batch, status: "completed", output_file_id: "file-out", error_file_id: "file-err" };
const usage = {
  input_tokens: 1_000,
  input_tokens_details: { cached_tokens: 200 },
  output_tokens: 300,
  output_tokens_details: { reasoning_tokens: 50 },
  total_tokens: 1_300,
};
const line = (id: string, body: unknown, status_code = 200) => ({
  id: `batch_req_${id}`,
  custom_id: id,
  response: { status_code, request_id: id, body },
  error: null,
});
const jsonl = (...lines: unknown[]) => utf8(lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
const chat = {
  object: "chat.completion",
  model: "gpt-4o-mini-2024-07-18",
  choices: [],
  usage: { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 60 } },
};

describe("openai-batches", () => {
  it("order work that no amount can be held for, under an id that its results will be known by", () => {
    const facts = openaiBatches.read(bodyOf({ input_file_id: "file-in", endpoint: "/v1/chat/completions" }));
    assert.deepEqual([facts.boundless, facts.model, facts.inputBoundTokens], [true, "", 0]);
    const { deferredId, basis } = openaiBatches.readJson(200, bodyOf(batch), facts);
    assert.deepEqual([deferredId, basis], ["batch_1", "none"]);
    const failed = openaiBatches.readJson(400, bodyOf({ error: { type: "invalid_request_error" } }), facts);
    assert.deepEqual([failed.deferredId, failed.errorType], [null, "invalid_request_error"]);
  });

  it("that have ended tell their usage, or by which files their results will be fetched", () => {
    const told = collect("/v1/batches/batch_1", bodyOf({ ...ended, model: "gpt-4o-mini", usage }));
    const [reading] = told?.readings ?? [];
    assert.deepEqual(
      [told?.deferredId, told?.readings.length, reading?.model, reading?.serviceTier, reading?.basis],
      ["batch_1", 1, "gpt-4o-mini", "batch", "reported"],
    );
    const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = reading?.usage ?? {};
    assert.deepEqual([inputTokens, cachedInputTokens, outputTokens, reasoningTokens], [1_000, 200, 300, 50]);
    for (const silent of [ended, { ...ended, usage }]) {
      const { deferredId, readings, alsoKnownAs } = collect("/batches/batch_1", bodyOf(silent)) ?? {};
      assert.deepEqual([deferredId, readings, alsoKnownAs], ["batch_1", [], ["file-out", "file-err"]]);
    }
  });

  it("that go on tell nothing yet, though they count already", () => {
    const started = collect("/batches/batch_1", bodyOf({ ...batch, model: "gpt-4o-mini", usage }));
    assert.deepEqual(started, { deferredId: "batch_1", readings: [], alsoKnownAs: [] });
  });

  it("are read from their results, each line by its own route and model", () => {
    const response = {
      object: "response",
      id: "resp_1",
      model: "gpt-5-mini-2025-08-07",
      status: "completed",
      output: [],
      usage: { input_tokens: 40, output_tokens: 7 },
    };
    const vectors = { object: "list", data: [], model: "text-embedding-3-small", usage: { prompt_tokens: 9 } };
    const refused = line("d", { error: { message: "…", type: "invalid_request_error" } }, 400);
    const collected = collect(
      "/v1/files/file-out/content",
      jsonl(line("a", chat), line("b", response), line("c", vectors), refused),
    );
    assert.equal(collected?.deferredId, "file-out");
    const rows = collected?.readings.map(({ model, serviceTier, basis, usage: u }) => [
      ...[model, serviceTier, basis],
      ...[u.inputTokens, u.cachedInputTokens, u.outputTokens],
    ]);
    assert.deepEqual(rows, [
      ["gpt-4o-mini-2024-07-18", "batch", "reported", 100, 60, 20],
      ["gpt-5-mini-2025-08-07", "batch", "reported", 40, 0, 7],
      ["text-embedding-3-small", "batch", "reported", 9, 0, 0],
    ]);
  });

  it("are not read from part of their results, nor from any other file", () => {
    const whole = jsonl(line("a", chat), line("b", chat));
    const at = "/files/file-out/content";
    assert.equal(collect(at, whole.subarray(0, whole.length - 20)), null);
    assert.equal(collect(at, jsonl({ custom_id: "a", method: "POST", url: "/v1/chat/completions", body: {} })), null);
    assert.equal(collect(at, jsonl({ messages: [] })), null);
    assert.equal(collect(at, utf8("date,amount\n")), null);
    assert.equal(collect(at, whole, 404), null);
    // Pictures do not name their model: the batch itself does.
    assert.equal(
      collect(at, jsonl(line("a", { created: 1, data: [], usage: { input_tokens: 5, output_tokens: 9 } }))),
      null,
    );
    assert.deepEqual(collect(at, jsonl(line("a", { error: {} }, 500)))?.readings, []);
  });

  it("are collected from the provider's own routes, and listed and cancelled for nothing", () => {
    const kind = (method: string, path: string) => protocolFor("openai", method, path)?.kind;
    assert.equal(kind("POST", "/v1/batches"), "metered");
    assert.equal(kind("GET", "/batches/batch_1"), "collect");
    assert.equal(kind("GET", "/openai/v1/files/file-1/content"), "collect");
    assert.equal(kind("POST", "/batches/batch_1/cancel"), "free");
    assert.equal(kind("GET", "/batches"), undefined);
    for (const [method, path] of [
      ["POST", "/files"],
      ["DELETE", "/v1/files/file-1"],
      ["POST", "/uploads/u/parts"],
    ] as const) {
      assert.equal(kind(method, path), "free", path);
    }
    const anthropic = protocolFor("anthropic", "POST", "/v1/messages/batches") as {
      readonly protocol: Protocol;
    } | null;
    assert.notEqual(anthropic?.protocol?.name, "openai-batches");
  });
});
