import assert from "node:assert/strict";
import { BadRequestError, type Collected } from "../../../src/domain/protocol.ts";
import { anthropicBatches } from "../../../src/domain/protocols/anthropicBatches.ts";
import { anthropicMessages } from "../../../src/domain/protocols/anthropicMessages.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { bodyOf, utf8 } from "./streams.ts";

const ask = (content: string, more: object = {}) => ({
  model: "claude-haiku-4-5",
  max_tokens: 500,
  messages: [{ role: "user", content }],
  ...more,
});
const batchOf = (...params: unknown[]) =>
  bodyOf({ requests: params.map((one, index) => ({ custom_id: `r${index}`, params: one })) });

const RESULTS = "/v1/messages/batches/msgbatch_1/results";
const jsonl = (...lines: unknown[]) => utf8(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
const succeeded = (id: string, usage: object, model = "claude-haiku-4-5-20251001") => ({
  custom_id: id,
  result: { type: "succeeded", message: { type: "message", model, content: [], usage } },
});
const without = (id: string, type: string) => ({ custom_id: id, result: { type } });

/** Read whole, and line by line as a gateway does: both must tell the same. */
function collect(path: string, body: Buffer, status = 200): Collected | null {
  const whole = anthropicBatches.readCollected?.(path, status, body) ?? null;
  const lines = anthropicBatches.collectLines?.(path, status) ?? null;
  if (lines !== null) {
    for (const line of body.toString().split("\n")) {
      lines.line(utf8(line));
    }
    assert.deepEqual(lines.collected(), whole);
  }
  return whole;
}

describe("Anthropic's batches of messages", () => {
  it("are bounded by what each of their requests would be bounded by alone, in the tier of batches", () => {
    const params = [
      ask("Hello"),
      ask("And you?", { model: "claude-opus-5", max_tokens: 9_000, inference_geo: "us" }),
      ask("What is new?", { tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 3 }] }),
    ];
    const alone = params.map((one) => anthropicMessages.read(bodyOf(one)));
    const facts = anthropicBatches.read(batchOf(...params));
    const { parts = [] } = facts;
    assert.deepEqual(
      parts.map(({ model, inputBoundTokens, outputLimitTokens, webSearchBound }) => [
        ...[model, inputBoundTokens, outputLimitTokens, webSearchBound],
      ]),
      alone.map((one) => [one.model, one.inputBoundTokens, one.outputLimitTokens, one.webSearchBound]),
    );
    assert.deepEqual(
      parts.map(({ serviceTier, tierIsSure }) => [serviceTier, tierIsSure]),
      [
        ["batch", true],
        ["batch+us", true],
        ["batch", true],
      ],
    );
    assert.deepEqual([facts.model, facts.outputLimitTokens, facts.clampable], ["claude-haiku-4-5", 10_000, false]);
    const body = batchOf(...params);
    assert.equal(anthropicBatches.rewrite(body, facts, { outputLimitTokens: 1 }), body);
  });

  it("count what stands in them twice, and are refused where a request is missing", () => {
    const one = JSON.stringify(ask("x".repeat(1_000)));
    const twice = utf8(`{"requests":[{"custom_id":"a","params":${one},"p\\u0061rams":${one}}],"requests":[]}`);
    assert.equal(anthropicBatches.read(twice).parts?.length, 2);
    assert.deepEqual(anthropicBatches.read(bodyOf({ requests: [] })).parts, []);
    for (const wrong of [{}, { requests: {} }, { requests: [{ custom_id: "a" }] }, { requests: [7] }]) {
      assert.throws(() => anthropicBatches.read(bodyOf(wrong)), BadRequestError);
    }
    assert.throws(() => anthropicBatches.read(batchOf({ model: "claude-haiku-4-5" })), /"messages" must be a list/);
  });

  it("hold no more input together than all their text has tokens, unless it is read more than once", () => {
    const context = { path: "", search: "", contentType: null, textTokens: 300 };
    const params = [ask("word ".repeat(200)), ask("word ".repeat(300))];
    const frames = params.reduce(
      (sum, one) => sum + anthropicMessages.read(bodyOf(one), { ...context, textTokens: 0 }).inputBoundTokens,
      0,
    );
    assert.equal(anthropicBatches.read(batchOf(...params), context).inputBoundTokens, frames + 300);
    const tools = [{ type: "web_search_20250305", name: "web_search" }];
    const searching = batchOf(params[0], ask("word ".repeat(200), { tools }));
    const byBytes = anthropicBatches.read(searching).inputBoundTokens;
    assert.equal(anthropicBatches.read(searching, context).inputBoundTokens, byBytes);
    const mixed = batchOf(params[0], ask("word ".repeat(200), { model: "glm-5" }));
    assert.equal(anthropicBatches.read(mixed, context).inputBoundTokens, anthropicBatches.read(mixed).inputBoundTokens);
  });

  it("go on under their id, which their answer tells; one that is refused does not", () => {
    const facts = anthropicBatches.read(batchOf(ask("Hello")));
    assert.equal(facts.goesOn, true);
    const made = { id: "msgbatch_1", type: "message_batch", processing_status: "in_progress" };
    const reading = anthropicBatches.readJson(200, bodyOf(made), facts);
    assert.deepEqual([reading.deferredId, reading.basis, reading.errorType], ["msgbatch_1", "none", null]);
    const error = { type: "error", error: { type: "invalid_request_error", message: "…" }, id: "x" };
    const refused = anthropicBatches.readJson(400, bodyOf(error), facts);
    assert.deepEqual([refused.deferredId, refused.errorType], [null, "invalid_request_error"]);
  });

  it("tell in their results what each answer cost; failed, expired and cancelled ones are not billed", () => {
    const cached = {
      input_tokens: 10,
      cache_read_input_tokens: 1_000,
      cache_creation_input_tokens: 700,
      cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 600 },
      output_tokens: 40,
      server_tool_use: { web_search_requests: 2 },
      service_tier: "batch",
    };
    const lines = [
      succeeded("a", cached),
      { custom_id: "b", result: { type: "errored", error: { type: "error", error: { type: "api_error" } } } },
      without("c", "expired"),
      succeeded("d", { input_tokens: 5, output_tokens: 6, inference_geo: "us" }, "claude-opus-5"),
      without("e", "canceled"),
    ];
    const collected = collect(RESULTS, jsonl(...lines));
    assert.equal(collected?.deferredId, "msgbatch_1");
    const [first, second, ...more] = collected.readings;
    assert.deepEqual(more, []);
    assert.deepEqual(first?.usage, {
      inputTokens: 1_710,
      cachedInputTokens: 1_000,
      cacheWrite5mTokens: 100,
      cacheWrite1hTokens: 600,
      outputTokens: 40,
      reasoningTokens: 0,
      audioInputTokens: 0,
      audioOutputTokens: 0,
      webSearches: 2,
    });
    assert.deepEqual([first.model, first.serviceTier, first.basis], ["claude-haiku-4-5-20251001", "batch", "reported"]);
    assert.deepEqual([second?.model, second?.serviceTier], ["claude-opus-5", "batch+us"]);
  });

  it("cost nothing where none of their requests succeeded", () => {
    const nothing = collect(RESULTS, jsonl(without("a", "expired"), without("b", "canceled")));
    assert.deepEqual(
      nothing?.readings.map(({ basis, usage }) => [basis, usage.inputTokens, usage.outputTokens]),
      [["reported", 0, 0]],
    );
    const told = (batch: object) => collect("/v1/messages/batches/msgbatch_1", bodyOf(batch))?.readings.length;
    const counts = { processing: 0, succeeded: 0, errored: 3, canceled: 0, expired: 0 };
    assert.equal(told({ processing_status: "ended", request_counts: counts }), 1);
    assert.equal(told({ processing_status: "ended", request_counts: { ...counts, succeeded: 1 } }), 0);
    assert.equal(told({ processing_status: "canceling", request_counts: counts }), 0);
    assert.equal(told({ processing_status: "ended" }), 0);
  });

  it("are not read from part of their results, nor from anything else", () => {
    const usage = { input_tokens: 5, output_tokens: 6 };
    const whole = jsonl(succeeded("a", usage), succeeded("b", usage));
    assert.equal(collect(RESULTS, whole.subarray(0, whole.length - 9)), null);
    assert.equal(collect(RESULTS, jsonl(succeeded("a", usage), { hello: "world" })), null);
    assert.equal(collect(RESULTS, jsonl(succeeded("a", {}))), null);
    assert.equal(collect(RESULTS, whole, 404), null);
    assert.deepEqual(collect(RESULTS, utf8(""))?.readings, []);
  });

  it("name their results' address at the gateway, and nothing else is changed in them", () => {
    const base = "http://127.0.0.1:7453/p/pass/anthropic";
    const edit = (path: string, text: string) => anthropicBatches.readdress?.(path, base)?.(utf8(text)).toString();
    const batch = (url: string) => `{ "id":"msgbatch_1","note":"ä €", "results_url" : ${url} }`;
    const theirs = '"https://api.anthropic.com/v1/messages/batches/msgbatch_1/results"';
    const ours = `"${base}/v1/messages/batches/msgbatch_1/results"`;
    assert.equal(edit("/v1/messages/batches/msgbatch_1", batch(theirs)), batch(ours));
    const list = (url: string) => `{"data":[${batch(url)},${batch(url)}],"has_more":false}`;
    assert.equal(edit("/v1/messages/batches", list(theirs)), list(ours));
    // A base that ends in the version has it once.
    assert.equal(
      edit("/messages/batches/msgbatch_1/cancel", batch(theirs)),
      batch(ours.replace("/v1/messages", "/messages")),
    );
    const signed = batch('"https://files.example/v1/messages/batches/msgbatch_1/results?signature=x"');
    for (const other of [batch("null"), batch('"https://files.example/x.jsonl"'), signed]) {
      assert.equal(edit("/v1/messages/batches/msgbatch_1", other), other);
    }
    assert.equal(anthropicBatches.readdress?.(RESULTS, base), null);
  });

  it("are ordered, looked after and collected at Anthropic's own routes, where its files are free", () => {
    const kind = (method: string, path: string) => protocolFor("anthropic", method, path)?.kind;
    const one = "/v1/messages/batches/msgbatch_1";
    assert.equal(kind("POST", "/v1/messages/batches"), "metered");
    assert.equal(kind("GET", "/v1/messages/batches"), "collect");
    assert.equal(kind("GET", one), "collect");
    assert.equal(kind("GET", `${one}/results`), "collect");
    assert.equal(kind("POST", `${one}/cancel`), "collect");
    assert.equal(kind("DELETE", one), "free");
    assert.equal(kind("POST", one), undefined);
    for (const [method, path] of [
      ["POST", "/v1/files"],
      ["GET", "/v1/files"],
      ["GET", "/v1/files/file_1"],
      ["GET", "/v1/files/file_1/content"],
      ["DELETE", "/v1/files/file_1"],
    ] as const) {
      assert.equal(kind(method, path), "free", path);
    }
  });
});
