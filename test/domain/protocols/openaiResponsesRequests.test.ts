import assert from "node:assert/strict";
import { openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { read, request } from "./sampleResponses.ts";
import { bodyOf, utf8 } from "./streams.ts";

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
