import assert from "node:assert/strict";
import OpenAI from "openai";
import { NO_CONTEXT, type RequestFacts } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { openaiCompaction, openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { costOf, FREE_RATES } from "../../../src/domain/rates.ts";
import { bodyOf, named, pass, sse, utf8 } from "./streams.ts";

const request = { model: "gpt-5.4", input: "What is the capital of Mexico?" };
const read = (more: object = {}, context: object = {}): RequestFacts =>
  openaiResponses.read(bodyOf({ ...request, ...more }), { ...NO_CONTEXT, ...context });
const facts = read({ stream: true });

const usage = {
  input_tokens: 1_000,
  input_tokens_details: { cached_tokens: 600, cache_write_tokens: 300 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 1_050,
};
const message = (text: string) => ({ id: "msg_1", type: "message", content: [{ type: "output_text", text }] });
const response = (more: object = {}) => ({
  id: "resp_1",
  object: "response",
  status: "completed",
  background: false,
  error: null,
  model: "gpt-5.4-2026-03-05",
  service_tier: "default",
  output: [message("Mexico City")],
  usage,
  ...more,
});
const search = (id: string, type = "search") => ({ id, type: "web_search_call", action: { type, query: "x" } });

const started = response({ status: "in_progress", service_tier: "auto", output: [], usage: null });
const delta = (text: string, more: object = {}) => ({
  type: "response.output_text.delta",
  output_index: 0,
  item_id: "msg_1",
  delta: text,
  obfuscation: "p".repeat(500),
  ...more,
});
const beginning = [
  { type: "response.created", response: started },
  { type: "response.in_progress", response: started },
  { type: "response.output_item.added", output_index: 0, item: { ...message(""), content: [] } },
];
const readingOf = (...events: Array<{ type: string }>) =>
  pass(openaiResponses, facts, [utf8(named(...events))]).reading;

describe("openai-responses requests", () => {
  it("are read: model, stream, limit, tier", () => {
    const { model, stream, outputLimitTokens, serviceTier } = read({
      stream: true,
      max_output_tokens: 400,
      service_tier: "flex",
    });
    assert.deepEqual([model, stream, outputLimitTokens, serviceTier], ["gpt-5.4", true, 400, "flex"]);
    assert.equal(read().outputLimitTokens, null);
    assert.equal(read({ max_output_tokens: null }).outputLimitTokens, null);
    for (const odd of [{ input: 5 }, { max_output_tokens: "inf" }, { model: [] }]) {
      assert.throws(() => read(odd), { name: "BadRequestError" });
    }
  });

  it("are bounded by their bytes, and media in messages and in results of tools by a rule", () => {
    assert.ok(read({ input: "x".repeat(10_000) }).inputBoundTokens >= 10_000);
    const image = { type: "input_image", image_url: `data:image/png;base64,${"A".repeat(400_000)}`, detail: "low" };
    const file = { type: "input_file", file_id: "file-1" };
    const shown = (content: unknown) => read({ input: [{ role: "user", content }] }).inputBoundTokens;
    const given = (output: unknown) => read({ input: [{ type: "function_call_output", output }] }).inputBoundTokens;
    for (const bound of [shown, given]) {
      assert.ok(bound([image]) > 6_000 && bound([image]) < 8_000, String(bound([image])));
      assert.ok(bound([file]) >= 1_000_000);
    }
    const sound = { type: "input_audio", input_audio: { data: "A".repeat(160_000), format: "mp3" } };
    assert.ok(shown([sound]) > 7_500 && shown([sound]) < 8_500);
  });

  it("that go on from what the provider keeps are bounded by the model's context, or by what is known of it", () => {
    const kept: object[] = [
      { previous_response_id: "resp_0" },
      { conversation: "conv_1" },
      { conversation: { id: "conv_1" } },
      { prompt: { id: "pmpt_1" } },
      { input: [{ type: "item_reference", id: "msg_0" }] },
      { input: [{ id: "msg_0" }] },
    ];
    for (const more of kept) {
      assert.equal(read(more).hiddenInput, true, JSON.stringify(more));
    }
    assert.equal(read().hiddenInput, undefined);
    const known = read({ previous_response_id: "resp_0" }, { earlierTokens: 5_000 });
    const { inputBoundTokens, hiddenInput, continues } = known;
    assert.deepEqual([hiddenInput, continues], [undefined, "resp_0"]);
    assert.ok(inputBoundTokens >= 5_000 && inputBoundTokens < 6_000);
    assert.ok(known.promptBytes > 20_000);
    // A conversation can grow by other hands, so no answer in it says how long it is.
    assert.equal(read({ conversation: "conv_1" }).continues, undefined);
    const input = [{ type: "item_reference", id: "msg_0" }];
    assert.equal(read({ previous_response_id: "resp_0", input }).continues, undefined);
  });

  it("read the prompt again for each call of a tool that the provider runs, with the results so far", () => {
    const tools = [{ type: "web_search" }];
    const calls = (toolCalls: number) => read({ tools }, { toolCalls });
    assert.equal(calls(1).webSearchBound, 1);
    assert.equal(calls(4).toolCalls, 4);
    const [one, two, three] = [1, 2, 3].map((n) => calls(n).inputBoundTokens) as [number, number, number];
    assert.ok(one > 2 * read().inputBoundTokens && three - two > two - one);
    const long = read({ tools, input: "x".repeat(10_000) }, { toolCalls: 3 }).inputBoundTokens;
    assert.ok(long - three > 4 * 9_900);
    const own = read({ tools, max_tool_calls: 3 });
    assert.ok(own.toolCalls === 3 && own.inputBoundTokens >= three && own.inputBoundTokens < three + 500);
    // As was billed: 13 searches over a prompt of 5,000 tokens.
    assert.ok(read({ tools, max_tool_calls: 13, input: "x".repeat(5_000) }).inputBoundTokens > 243_551);
    const hidden = read({ tools, max_tool_calls: 3, previous_response_id: "resp_0" });
    assert.equal(hidden.hiddenReads, 4);
  });

  it("that only offer tools which the client runs are read once", () => {
    const tools = [
      { type: "function", name: "look", parameters: {} },
      { type: "custom", name: "apply" },
      { type: "tool_search", execution: "client" },
      { type: "shell", environment: { type: "local" } },
    ];
    const { toolCalls, webSearchBound, inputBoundTokens } = read({ tools });
    assert.deepEqual([toolCalls, webSearchBound], [undefined, 0]);
    assert.ok(inputBoundTokens < 2_000);
    assert.equal(read({ tools: [{ type: "web_search" }], tool_choice: "none" }).toolCalls, undefined);
  });

  it("hold the fees of tools beside tokens", () => {
    const fees = (...tools: object[]) => read({ tools, max_tool_calls: 4 }).toolFeesBoundNanoUsd;
    assert.equal(fees({ type: "web_search" }), undefined);
    assert.equal(fees({ type: "file_search", vector_store_ids: ["vs_1"] }), 4 * 2_500_000);
    assert.equal(fees({ type: "code_interpreter", container: { type: "auto", memory_limit: "4g" } }), 120_000_000);
    assert.equal(fees({ type: "shell", environment: { type: "container_auto" } }), 30_000_000);
  });
});

describe("openai-responses rewrites", () => {
  const rewritten = (more: object, changes: object) => {
    const body = bodyOf({ ...request, ...more });
    return openaiResponses.rewrite(body, openaiResponses.read(body), changes);
  };

  it("change nothing where nothing is to be changed: usage comes unasked", () => {
    const body = utf8('{ "model":"gpt-5.4",\n "stream" : true, "input":"hi" }');
    assert.equal(openaiResponses.rewrite(body, openaiResponses.read(body), {}), body);
  });

  it("lower the limits, never raise them, add them where there are none, and leave the thinking", () => {
    const limits = (more: object, changes: object) => {
      const sent = JSON.parse(rewritten(more, changes).toString());
      return [sent.max_output_tokens, sent.max_tool_calls, sent.reasoning];
    };
    const reasoning = { effort: "high" };
    assert.deepEqual(limits({ reasoning }, { outputLimitTokens: 300 }), [300, undefined, reasoning]);
    assert.deepEqual(limits({ max_output_tokens: 4_000 }, { outputLimitTokens: 300 }), [300, undefined, undefined]);
    assert.deepEqual(limits({ max_output_tokens: 100 }, { outputLimitTokens: 300 }), [100, undefined, undefined]);
    assert.deepEqual(limits({ max_output_tokens: null }, { outputLimitTokens: 300 }), [300, undefined, undefined]);
    assert.deepEqual(limits({ max_tool_calls: 9 }, { toolCalls: 4 }), [undefined, 4, undefined]);
    assert.deepEqual(limits({ max_tool_calls: 2 }, { toolCalls: 4 }), [undefined, 2, undefined]);
  });
});

describe("openai-responses answers", () => {
  const answered = (more: object, status = 200) => openaiResponses.readJson(status, bodyOf(response(more)), facts);

  it("charge cached reads and cache writes once, each at its own rate", () => {
    const reading = answered({ service_tier: "priority" });
    assert.deepEqual(
      [reading.basis, reading.model, reading.serviceTier],
      ["reported", "gpt-5.4-2026-03-05", "priority"],
    );
    const { inputTokens, cachedInputTokens, cacheWrite5mTokens, outputTokens, reasoningTokens } = reading.usage;
    assert.deepEqual(
      [inputTokens, cachedInputTokens, cacheWrite5mTokens, outputTokens, reasoningTokens],
      [1_000, 600, 300, 50, 20],
    );
    const rates = {
      ...FREE_RATES,
      input: 2_000_000,
      cachedInput: 200_000,
      cacheWrite5m: 2_500_000,
      output: 10_000_000,
    };
    assert.equal(costOf(reading.usage, rates), 100 * 2_000 + 600 * 200 + 300 * 2_500 + 50 * 10_000);
    assert.equal(reading.answerId, "resp_1");
  });

  it("tell long-lived cache writes apart", () => {
    const details = { cached_tokens: 0, cache_write_tokens: 300, cache_write_tokens_details: { ttl_12h_tokens: 200 } };
    const { cacheWrite5mTokens, cacheWrite1hTokens } = answered({
      usage: { ...usage, input_tokens_details: details },
    }).usage;
    assert.deepEqual([cacheWrite5mTokens, cacheWrite1hTokens], [100, 200]);
  });

  it("count each billed search once, by its item or by the provider's own count", () => {
    const output = [search("ws_1"), search("ws_1"), search("ws_2", "open_page"), search("ws_3"), message("x")];
    assert.equal(answered({ output }).usage.webSearches, 2);
    assert.equal(answered({ output, tool_usage: { web_search: { num_requests: 5 } } }).usage.webSearches, 5);
    assert.equal(answered({ output: [{ id: "ws_1", type: "web_search_call" }] }).usage.webSearches, 1);
  });

  it("tell the fees of other tools", () => {
    const tools = [{ type: "code_interpreter", container: { type: "auto" } }];
    const output = [{ type: "file_search_call" }, { type: "file_search_call" }];
    assert.equal(answered({ tools, output }).toolFeesNanoUsd, 30_000_000 + 2 * 2_500_000);
    assert.equal(answered({}).toolFeesNanoUsd, undefined);
  });

  it("cost 25 USD a thousand searches by the preview of the tool with a model that does not reason, 10 else", () => {
    const searched = { output: [search("ws_1"), search("ws_2")], tools: [{ type: "web_search_preview" }] };
    const fees = (more: object) => answered({ ...searched, ...more }).toolFeesNanoUsd;
    assert.equal(fees({ model: "gpt-4.1-2025-04-14" }), 2 * 15_000_000);
    assert.equal(fees({ model: "gpt-5-mini-2025-08-07" }), undefined);
    assert.equal(fees({ model: "gpt-4.1", tools: [{ type: "web_search" }] }), undefined);
    const bound = (model: string) => read({ model, tools: [{ type: "web_search_preview" }], max_tool_calls: 3 });
    assert.equal(bound("gpt-4o").toolFeesBoundNanoUsd, 3 * 15_000_000);
    assert.equal(bound("o3").toolFeesBoundNanoUsd, undefined);
  });

  it("without usage, or with the zeros of a host that does not count, are estimated, not free", () => {
    const output = [message("x".repeat(300)), { type: "function_call", name: "look", arguments: "y".repeat(30) }];
    for (const nothing of [undefined, null, { input_tokens: 0, output_tokens: 0 }]) {
      const reading = answered({ usage: nothing, output });
      assert.equal(reading.basis, "estimated");
      assert.ok(reading.usage.outputTokens > 110 && reading.usage.inputTokens > 10);
    }
  });

  it("that are incomplete are no errors, failed ones are, and cost nothing where nothing was written", () => {
    assert.equal(answered({ status: "incomplete" }).errorType, null);
    const failed = answered({
      status: "failed",
      output: [],
      usage: null,
      error: { code: "server_error", message: "…" },
    });
    assert.deepEqual([failed.errorType, failed.usage.inputTokens, failed.basis], ["server_error", 0, "reported"]);
    assert.equal(answered({ status: "failed", error: { code: "server_error", message: "…" } }).basis, "reported");
    const error = { error: { message: "…", type: "invalid_request_error", code: "model_not_found" } };
    const refused = openaiResponses.readJson(400, bodyOf(error), facts);
    assert.deepEqual([refused.errorType, refused.basis], ["invalid_request_error", "none"]);
    assert.notEqual(openaiResponses.readJson(200, utf8("<html>"), facts).trouble, null);
  });

  it("of OpenRouter carry its own figure", () => {
    assert.equal(answered({ usage: { ...usage, cost: 0.0000113, is_byok: false } }).reportedCostUsd, 0.0000113);
  });
});

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

describe("openai-responses in the background", () => {
  const collected = (body: unknown, path = "/v1/responses/resp_1") =>
    openaiResponses.readCollected?.(path, 200, typeof body === "string" ? utf8(body) : bodyOf(body)) ?? null;
  const queued = response({ status: "queued", background: true, output: [], usage: null });

  it("answer at once, and name the work that goes on", () => {
    const reading = openaiResponses.readJson(200, bodyOf(queued), facts);
    assert.deepEqual([reading.deferredId, reading.basis, reading.trouble], ["resp_1", "none", null]);
    const running = { ...started, background: true };
    const stream = [{ type: "response.created", response: running }, delta("x".repeat(30))];
    const cut = readingOf(...stream);
    assert.deepEqual([cut.deferredId, cut.usage.outputTokens], ["resp_1", 10]);
    const done = { type: "response.completed", response: response({ background: true }) };
    const whole = readingOf(...stream, done);
    assert.deepEqual([whole.deferredId, whole.basis], [null, "reported"]);
    assert.equal(readingOf(...beginning, delta("x")).deferredId, null);
  });

  it("are collected when they are fetched, as JSON or as a stream that is taken up again", () => {
    assert.deepEqual(collected(queued), { deferredId: "resp_1", readings: [], alsoKnownAs: [] });
    const end = { type: "response.completed", response: response() };
    for (const body of [response(), named(delta("late"), end)]) {
      const { deferredId, readings = [] } = collected(body) ?? {};
      assert.deepEqual([deferredId, readings.length, readings[0]?.basis], ["resp_1", 1, "reported"]);
      assert.equal(readings[0]?.usage.outputTokens, 50);
    }
    const incomplete = collected(response({ status: "incomplete" }));
    assert.equal(incomplete?.readings[0]?.usage.inputTokens, 1_000);
  });

  it("that failed cost nothing; what cancelled ones cost is not known unless the provider says", () => {
    const error = { code: "server_error", message: "…" };
    const failed = collected(response({ status: "failed", error, output: [], usage: null }))?.readings[0];
    assert.deepEqual([failed?.basis, failed?.usage.inputTokens], ["reported", 0]);
    const cancel = "/responses/resp_1/cancel";
    const cancelled = collected(response({ status: "cancelled", output: [], usage: null }), cancel);
    assert.deepEqual([cancelled?.deferredId, cancelled?.readings[0]?.basis], ["resp_1", "none"]);
    assert.equal(collected(response({ status: "cancelled" }), cancel)?.readings[0]?.basis, "reported");
  });

  it("tell nothing in answers that are no response", () => {
    assert.equal(openaiResponses.readCollected?.("/responses/resp_1", 404, bodyOf({ error: {} })), null);
    assert.equal(collected("<html>"), null);
    assert.equal(collected({ object: "list" }), null);
    assert.equal(collected(named(delta("x"))), null);
  });
});

describe("the routes of openai-responses", () => {
  const kind = (method: string, path: string) => protocolFor("openai", method, path)?.kind ?? null;

  it("are metered, told of, or free", () => {
    for (const path of ["/responses", "/v1/responses", "/openai/v1/responses/", "/responses/compact"]) {
      assert.equal(kind("POST", path), "metered", path);
      assert.equal(protocolFor("ollama", "POST", path)?.kind, "metered");
    }
    assert.equal(kind("GET", "/v1/responses/resp_1"), "collect");
    assert.equal(kind("POST", "/responses/resp_1/cancel"), "collect");
    assert.equal(kind("POST", "/responses/input_tokens"), "free");
    assert.equal(kind("GET", "/responses/resp_1/input_items"), "free");
    assert.equal(kind("DELETE", "/v1/responses/resp_1"), "free");
    assert.equal(kind("POST", "/conversations/conv_1/items"), "free");
    assert.equal(kind("POST", "/responses/resp_1/other"), null);
  });

  it("for compaction bound what it reads, and cannot lower what it writes", () => {
    const compacted = openaiCompaction.read(bodyOf({ ...request, previous_response_id: "resp_0" }));
    assert.deepEqual([compacted.clampable, compacted.outputLimitTokens, compacted.hiddenInput], [false, null, true]);
    const answer = { id: "resp_2", object: "response.compaction", output: [], usage };
    assert.equal(openaiCompaction.readJson(200, bodyOf(answer), compacted).usage.outputTokens, 50);
  });
});
