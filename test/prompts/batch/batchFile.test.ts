import assert from "node:assert/strict";
import fc from "fast-check";
import { type BatchPrompt, promptsOf, sendablePromptsOf } from "../../../src/prompts/batch/batchFile.ts";
import { type BatchResult, lineOf, resultsIn } from "../../../src/prompts/batch/batchResult.ts";

const only = (line: unknown): BatchPrompt => {
  const [prompt] = promptsOf(JSON.stringify(line), "x.jsonl");
  assert.ok(prompt);
  return prompt;
};

describe("a batch file", () => {
  it("gives the text of every form that a line can have", () => {
    const lines = [
      '"plain"',
      '{"text":"one"}',
      '{"input":["two","three"]}',
      '{"system":"Be short.","messages":[{"role":"user","content":[{"type":"text","text":"four"}]}]}',
      '{"custom_id":"a","params":{"model":"m","messages":[{"role":"user","content":"five"}]}}',
    ];
    const texts = promptsOf(lines.join("\n"), "x.jsonl").map(({ text }) => text);
    assert.deepEqual(texts, ["plain", "one", "two\n\nthree", "Be short.\n\nfour", "five"]);
    const plain = promptsOf("\uFEFFa\r\n\n b \n", "x.txt");
    assert.deepEqual(
      plain.map(({ line, text }) => [line, text]),
      [
        [1, "a"],
        [3, " b "],
      ],
    );
    assert.throws(() => promptsOf("\n", "x.txt"), /no prompt in x\.txt/);
  });

  it("keeps roles, model, id and limit, joins turns of one role, and names what is not sent", () => {
    const body = {
      model: "gpt-5-mini",
      temperature: 0,
      max_completion_tokens: 50,
      messages: [
        { role: "developer", content: "Be kind." },
        { role: "user", content: "Hi" },
        { role: "user", content: [{ type: "text", text: "there" }] },
        { role: "assistant", content: "Hello" },
        { role: "user", content: "?" },
      ],
    };
    const { id, model, system, messages, maxOutputTokens, unsent } = only({
      custom_id: 7,
      method: "POST",
      url: "/v1/x",
      body,
    });
    assert.deepEqual(
      [id, model, system, maxOutputTokens, unsent],
      ["7", "gpt-5-mini", "Be kind.", 50, ["temperature"]],
    );
    assert.deepEqual(
      messages.map(({ role, text }) => [role, text]),
      [
        ["user", "Hi\n\nthere"],
        ["assistant", "Hello"],
        ["user", "?"],
      ],
    );
  });

  it("names each line that is wrong, and what is wrong with it", () => {
    const lines = [
      "{",
      "3",
      '{"id":1,"text":"a"}',
      '{"id":"1","text":"b"}',
      '{"text":"a","max_tokens":0}',
      '{"system":"alone"}',
    ];
    assert.throws(() => promptsOf(lines.join("\n"), "x.jsonl"), {
      message: [
        "x.jsonl: line 1 is no JSON",
        "line 2 is neither a text nor an object",
        'line 4 has the id of line 3, "1"',
        "line 5 has a max_tokens that is no whole number of at least 1",
        "line 6 holds no prompt",
      ].join("; "),
    });
    assert.throws(() => promptsOf("{\n".repeat(13), "x.jsonl"), /line 10 is no JSON; and 3 lines more$/);
  });

  it("counts the texts of what holds more, and does not send it", () => {
    const user = '{"role":"user","content":"Hi"}';
    const picture =
      '{"role":"user","content":[{"type":"text","text":"See"},{"type":"image_url","image_url":{"url":"u"}}]}';
    const lines = [
      '"fine"',
      `{"messages":[${user},{"role":"tool","content":"20 °C"}]}`,
      `{"messages":[${picture}]}`,
      `{"messages":[${user},{"role":"assistant","content":null,"tool_calls":[{}]}]}`,
    ].join("\n");
    assert.deepEqual(
      promptsOf(lines, "x.jsonl").map(({ text }) => text.trim()),
      ["fine", "Hi\n\n20 °C", "See", "Hi"],
    );
    assert.throws(() => sendablePromptsOf(lines, "x.jsonl"), {
      message: [
        'x.jsonl: line 2 has a message of the role "tool": only texts of user, assistant and system are sent',
        "line 3 holds more than text (image_url): only texts are sent",
        "line 4 has a message with calls of tools: only texts are sent",
      ].join("; "),
    });
  });

  it("never throws anything else, whatever stands in it", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string())), (lines) => {
        try {
          promptsOf(lines.join("\n"), "x.jsonl");
        } catch (error) {
          assert.equal((error as Error).name, "BatchFileError");
        }
      }),
    );
  });

  it("knows a prompt again by what would be sent", () => {
    assert.equal(only({ id: "a", text: "x" }).hash, only({ id: "b", prompt: "x", temperature: 1 }).hash);
    for (const other of [
      { text: "y" },
      { text: "x", model: "m" },
      { text: "x", system: "s" },
      { text: "x", max_tokens: 5 },
    ]) {
      assert.notEqual(only(other).hash, only({ text: "x" }).hash);
    }
  });
});

describe("results of a batch", () => {
  const result: BatchResult = {
    line: 1,
    id: null,
    status: "ok",
    text: "a",
    error: null,
    backend: { provider: "openai", model: "m" },
    model: "m",
    standsInFor: null,
    stopReason: "stop",
    attempts: 1,
    inputTokens: 1,
    outputTokens: 1,
    costNanoUsd: 5,
    costUsd: 0.000_000_005,
    callId: "c",
    prompt: "h",
  };

  it("are read as they were written, without a last line that was torn", () => {
    const text = `${lineOf(result)}\n${lineOf({ ...result, line: 2 })}\n`;
    assert.deepEqual(resultsIn(text), [result, { ...result, line: 2 }]);
    assert.deepEqual(resultsIn(text.slice(0, -4)), [result]);
    assert.throws(() => resultsIn(`{}\n${text}`), /line 1 is no result of a batch/);
  });
});
