import assert from "node:assert/strict";
import fc from "fast-check";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { at, chunk, contents, end, facts, read } from "./sampleGenerate.ts";
import { bodyOf, cutAt, pass, sse, utf8 } from "./streams.ts";

const stream = (...chunks: object[]) => pass(googleGenerate, facts, [utf8(sse(...chunks))]);
/** As Google sends an array over time. */
const overTime = (...chunks: object[]) => `[${chunks.map((one) => JSON.stringify(one, null, 1)).join("\n,\r\n")}\n]\n`;

describe("google-generate streams", () => {
  const counts = (candidates: number | undefined, thoughts?: number) => ({
    promptTokenCount: 10,
    candidatesTokenCount: candidates,
    thoughtsTokenCount: thoughts,
    totalTokenCount: 10 + (candidates ?? 0) + (thoughts ?? 0),
  });

  it("take the last report, and never add reports up", () => {
    const { reading, complete } = stream(
      chunk("One", counts(3, 20)),
      chunk(" two", counts(5, 20)),
      chunk("", counts(7, 22), end),
    );
    const { inputTokens, outputTokens, reasoningTokens } = reading.usage;
    assert.deepEqual([inputTokens, outputTokens, reasoningTokens, reading.basis], [10, 29, 22, "reported"]);
    assert.deepEqual([complete, reading.trouble], [true, null]);
  });

  it("count thoughts before anything is said, and what is said before it is counted", () => {
    const thinking = stream(chunk("", counts(undefined, 400)));
    assert.deepEqual([thinking.reading.usage.outputTokens, thinking.answering], [400, false]);
    const said = stream(chunk("x".repeat(30), counts(undefined, 400)));
    assert.deepEqual([said.reading.usage.outputTokens, said.reading.basis, said.answering], [410, "estimated", true]);
    assert.equal(said.reading.trouble, "The stream broke off before its end");
  });

  it("sum rounds up where tools of Google's own begin the counts anew, until the last report does", () => {
    const rounds = [chunk("a", counts(20, 419)), chunk("", counts(undefined)), chunk("b", counts(16, 28))];
    const tools = [{ codeExecution: {} }];
    const withTools = googleGenerate.read(bodyOf({ contents, tools }), at("streamGenerateContent"));
    const stream = (...chunks: object[]) => pass(googleGenerate, withTools, [utf8(sse(...chunks))]);
    const cut = stream(...rounds).reading;
    assert.deepEqual([cut.usage.outputTokens, cut.usage.reasoningTokens, cut.basis], [483, 447, "estimated"]);
    const last = {
      promptTokenCount: 427,
      toolUsePromptTokenCount: 771,
      candidatesTokenCount: 36,
      thoughtsTokenCount: 447,
    };
    const { usage, basis } = stream(...rounds, chunk("", last, end)).reading;
    assert.deepEqual(
      [usage.inputTokens, usage.outputTokens, usage.reasoningTokens, basis],
      [1_198, 483, 447, "reported"],
    );
  });

  it("take the last report where no tool is offered, though it be lower", () => {
    const { usage, basis } = stream(chunk("a", counts(20, 419)), chunk("b", counts(16, 28), end)).reading;
    assert.deepEqual([usage.outputTokens, usage.reasoningTokens, basis], [44, 28, "reported"]);
  });

  it("without any report are estimated from what was said, thought and called", () => {
    const parts = [{ text: "x".repeat(30), thought: true }, { functionCall: { name: "look", args: { q: "weather" } } }];
    const { reading } = stream({ candidates: [{ content: { parts } }] });
    assert.deepEqual([reading.basis, reading.usage.reasoningTokens], ["estimated", 10]);
    assert.ok(reading.usage.outputTokens > 16 && reading.usage.inputTokens > 0);
    const hidden = stream({ candidates: [{ content: { parts: [{ thoughtSignature: "A".repeat(400) }] } }] });
    assert.equal(hidden.reading.usage.outputTokens, 100);
  });

  it("tell while they pass that more came than the limit", () => {
    const reader = googleGenerate.readStream(facts);
    reader.push(utf8(sse(chunk("x", counts(90, 30)))));
    assert.deepEqual([reader.outputAtLeast, reader.lastEventPassed], [120, false]);
    reader.push(utf8(sse(chunk("x", counts(95, 30), end))));
    assert.equal(reader.lastEventPassed, true);
  });

  it("come as an array over time too: read alike in any chunking, and every byte passes", () => {
    const chunks = [chunk('"quoted\\" ] } ,', counts(3, 9)), chunk("ü[{", counts(6, 9)), chunk("", counts(8, 9), end)];
    const array = utf8(overTime(...chunks));
    const once = pass(googleGenerate, facts, [array]);
    assert.deepEqual([once.reading.usage.outputTokens, once.reading.basis, once.complete], [17, "reported", true]);
    assert.deepEqual(once.reading, stream(...chunks).reading);
    assert.deepEqual(googleGenerate.readJson(200, array, facts), once.reading);
    fc.assert(
      fc.property(fc.array(fc.nat(array.length)), (places) => {
        const cut = pass(googleGenerate, facts, cutAt(array, places));
        assert.deepEqual(cut, once);
        assert.deepEqual(cut.client, array);
      }),
      { seed: 6, numRuns: 300 },
    );
    for (let place = 0; place <= array.length; place += 1) {
      assert.deepEqual(pass(googleGenerate, facts, cutAt(array, [place])), once);
    }
    assert.equal(googleGenerate.isStream("application/json; charset=UTF-8", facts), true);
    assert.equal(googleGenerate.isStream("application/json", read({})), false);
  });

  it("are broken off with an error that a parser reads, wherever the bytes were cut", () => {
    const chunks = [chunk("one", counts(3)), chunk("two", counts(6)), chunk("three", counts(9))];
    const array = utf8(overTime(...chunks));
    const events = utf8(sse(...chunks));
    const first = overTime(chunks[0] as object).trimEnd().length;
    for (let cut = first; cut < array.length - 2; cut += 1) {
      const sent = googleGenerate.readStream(facts).push(array.subarray(0, cut)).toString();
      const whole = JSON.parse(`${sent}${googleGenerate.breakOff("budget_cut", "Cut", "application/json")}`);
      assert.deepEqual(whole.at(-1).error.message, "Cut");
    }
    for (let cut = 0; cut < events.length; cut += 1) {
      const sent = googleGenerate.readStream(facts).push(events.subarray(0, cut)).toString();
      const broken = `${sent}${googleGenerate.breakOff("budget_cut", "Cut", "text/event-stream")}`;
      const last = broken
        .split("\n\n")
        .filter((event) => event !== "")
        .at(-1);
      assert.equal(JSON.parse(last?.replace(/^data: /, "") ?? "").error.message, "Cut");
    }
  });

  it("name the error they end in, which may come as bare JSON", () => {
    const error = { error: { code: 503, message: "…", status: "UNAVAILABLE" } };
    assert.deepEqual([stream(error).reading.errorType, stream(error).reading.basis], ["UNAVAILABLE", "none"]);
    const midway = pass(googleGenerate, facts, [utf8(sse(chunk("Hi", counts(3)))), bodyOf(error)]).reading;
    assert.deepEqual([midway.errorType, midway.usage.outputTokens], ["UNAVAILABLE", 3]);
    const refused = pass(googleGenerate, facts, [bodyOf(error)]).reading;
    assert.deepEqual([refused.errorType, refused.basis, refused.trouble], ["UNAVAILABLE", "none", null]);
  });
});
