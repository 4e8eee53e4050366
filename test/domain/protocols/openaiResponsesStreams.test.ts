import assert from "node:assert/strict";
import OpenAI from "openai";
import { openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { beginning, delta, facts, message, read, readingOf, request, response, search } from "./sampleResponses.ts";
import { named, pass, sse, utf8 } from "./streams.ts";

describe("openai-responses streams", () => {
  const ended = { type: "response.completed", response: response() };

  it("are charged by the report at their end, by the tier and model that were served", () => {
    const { reading, client, complete } = pass(openaiResponses, facts, [
      utf8(named(...beginning, delta("Mexico"), delta(" City"), ended)),
    ]);
    assert.equal(client.toString(), named(...beginning, delta("Mexico"), delta(" City"), ended));
    assert.deepEqual([reading.usage.inputTokens, reading.usage.outputTokens, reading.basis], [1_000, 50, "reported"]);
    assert.deepEqual([reading.serviceTier, reading.answerId, reading.deferredId], ["default", "resp_1", null]);
    assert.equal(complete, true);
  });

  it("are charged by their report also where they end incomplete or in a failure", () => {
    const cutByLimit = readingOf(...beginning, { ...ended, type: "response.incomplete" });
    assert.deepEqual([cutByLimit.basis, cutByLimit.errorType], ["reported", null]);
    const error = { code: "server_error", message: "…" };
    const failure = { type: "response.failed", response: response({ status: "failed", error }) };
    const failed = readingOf(...beginning, delta("x"), failure);
    assert.deepEqual([failed.basis, failed.errorType, failed.usage.outputTokens], ["reported", "server_error", 50]);
  });

  it("are known without names of events, and with the mark that some hosts put behind the end", () => {
    const wire = `: keep-alive\n\n${sse(...beginning, delta("Mexico"), ended, "[DONE]")}`;
    assert.equal(pass(openaiResponses, facts, [utf8(wire)]).reading.basis, "reported");
  });

  it("that break off are estimated from what the model wrote, each piece once, never from padding", () => {
    const text = "word ".repeat(60);
    const item = { ...message(text), status: "completed" };
    const whole = readingOf(
      ...beginning,
      delta(text),
      { type: "response.output_text.done", text } as { type: string },
      { type: "response.content_part.done", part: { type: "output_text", text } } as { type: string },
      { type: "response.output_item.done", output_index: 0, item } as { type: string },
    );
    assert.deepEqual([whole.basis, whole.usage.outputTokens], ["estimated", 100]);
    assert.ok(whole.usage.inputTokens > 0 && whole.usage.inputTokens <= facts.inputBoundTokens);
    assert.equal(whole.trouble, "The stream broke off before its end");
  });

  it("count thoughts, calls, refusals and what comes as a whole item only", () => {
    const of = (type: string, text = "x".repeat(300)) =>
      readingOf(...beginning, { ...delta(text), type: `response.${type}.delta` }).usage.outputTokens;
    for (const type of ["refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments"]) {
      assert.equal(of(type), 100, type);
    }
    assert.equal(of("audio"), 0);
    const item = (more: object) =>
      readingOf(...beginning, { type: "response.output_item.done", output_index: 1, item: more } as { type: string })
        .usage.outputTokens;
    assert.ok(item({ type: "tool_search_call", arguments: { queries: ["x".repeat(300)] } }) >= 100);
    // Sealed thoughts: 384 tokens came as 3,512 characters.
    const sealed = item({ type: "reasoning", summary: [], encrypted_content: "A".repeat(3_512) });
    assert.ok(sealed >= 384 && sealed < 1_000, String(sealed));
  });

  it("that break off amid searches count those, and each reading of the prompt", () => {
    const asked = read({ stream: true, tools: [{ type: "web_search" }], input: "x".repeat(60_000) });
    const readingFor = (...events: Array<{ type: string }>) =>
      pass(openaiResponses, asked, [utf8(named(...beginning, ...events))]).reading.usage;
    const once = readingFor(delta("x"));
    const found = (id: string, index: number) => ({
      type: "response.output_item.done",
      output_index: index,
      item: search(id),
    });
    const searched = readingFor(found("ws_1", 1), found("ws_2", 2), delta("x"));
    assert.equal(searched.webSearches, 2);
    assert.ok(searched.inputTokens >= 3 * once.inputTokens);
  });

  it("tell how many tokens have passed at least, summaries of thoughts left out", () => {
    const reader = openaiResponses.readStream(facts);
    reader.push(utf8(named(...beginning)));
    assert.equal(reader.answering, false);
    const summary = { ...delta("x"), type: "response.reasoning_summary_text.delta" };
    reader.push(utf8(named(...Array.from({ length: 300 }, () => summary))));
    assert.equal(reader.outputAtLeast, 0);
    reader.push(utf8(named(...Array.from({ length: 300 }, () => delta("x")))));
    assert.ok(reader.outputAtLeast >= 280 && reader.outputAtLeast <= 300);
    assert.equal(reader.answering, true);
  });

  it("that end in an error name it, and cost nothing where nothing was written", () => {
    const error = { type: "error", code: "rate_limit_exceeded", message: "…", param: null };
    const failed = readingOf(...beginning, error);
    assert.deepEqual([failed.errorType, failed.basis], ["rate_limit_exceeded", "none"]);
    const midway = readingOf(...beginning, delta("x"), error);
    assert.deepEqual([midway.errorType, midway.basis], ["rate_limit_exceeded", "estimated"]);
    assert.equal(
      readingOf({ type: "error", error: { type: "server_error" } } as { type: string }).errorType,
      "server_error",
    );
  });

  it("that are broken off end OpenAI's own client with the reason", async () => {
    const wire =
      named(...beginning, delta("Mexico")) + openaiResponses.breakOff("budget_cut", "Tollgate cut this answer");
    const client = new OpenAI({
      apiKey: "k",
      maxRetries: 0,
      fetch: async () => new Response(wire, { headers: { "content-type": "text/event-stream" } }),
    });
    const seen: string[] = [];
    const whole = async () => {
      for await (const event of await client.responses.create({ ...request, stream: true })) {
        seen.push(event.type);
      }
    };
    await assert.rejects(whole(), (thrown: InstanceType<typeof OpenAI.APIError>) => {
      assert.equal(thrown.code, "budget_cut");
      assert.match(thrown.message, /Tollgate cut this answer/);
      return true;
    });
    assert.equal(seen.at(-1), "response.output_text.delta");
    const last = JSON.parse(wire.slice(wire.lastIndexOf("data: ") + 6));
    assert.deepEqual([last.type, last.response.error.code], ["response.failed", "invalid_prompt"]);
  });
});
