import assert from "node:assert/strict";
import { BadRequestError } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { LineSplitter } from "../../../src/domain/protocols/ndjson.ts";
import { ollamaChat, ollamaEmbed, ollamaGenerate } from "../../../src/domain/protocols/ollama.ts";
import { bodyOf, pass, utf8 } from "./streams.ts";

const messages = [{ role: "user", content: "What is the capital of Mexico?" }];
const request = { model: "qwen3:0.6b", messages };
const read = (more: object = {}) => ollamaChat.read(bodyOf({ ...request, ...more }));
const facts = read();

const lines = (...parts: object[]) => parts.map((part) => `${JSON.stringify(part)}\n`).join("");
const said = (content: string) => ({ model: "qwen3:0.6b", message: { role: "assistant", content }, done: false });
const done = (more: object = { prompt_eval_count: 26, eval_count: 9 }) => ({
  model: "qwen3:0.6b",
  message: { role: "assistant", content: "" },
  done: true,
  done_reason: "stop",
  total_duration: 5_000_000_000,
  ...more,
});
const stream = (...parts: object[]) => pass(ollamaChat, facts, [utf8(lines(...parts))]);
const json = (answer: object, status = 200) => ollamaChat.readJson(status, bodyOf(answer), facts);

describe("ollama requests", () => {
  it("stream unless they say no, and have no limit where the client's means none", () => {
    assert.deepEqual(
      [read().stream, read({ stream: null }).stream, read({ stream: false }).stream],
      [true, true, false],
    );
    const limit = (options: unknown) => read({ options }).outputLimitTokens;
    assert.deepEqual([null, {}, { num_predict: -1 }, { num_predict: -2 }, { num_predict: 0 }].map(limit), [
      null,
      null,
      null,
      null,
      null,
    ]);
    assert.deepEqual([limit({ num_predict: 300 }), limit({ num_predict: 300.7 })], [300, 300]);
    for (const odd of [{ options: [] }, { options: { num_predict: "9" } }, { stream: "yes" }, { model: 3 }]) {
      assert.throws(() => read(odd), BadRequestError);
    }
  });

  it("whose members are spelt so that only Ollama finds them are refused", () => {
    for (const name of ["Options", "STREAM", "option\u017f"]) {
      assert.throws(() => read({ [name]: { num_predict: 100_000 } }), /must be written/);
    }
    assert.doesNotThrow(() => read({ Unknown: 1 }));
  });

  it("are bounded with images by their tokens, and an earlier conversation by its numbers", () => {
    const image = "A".repeat(900_000);
    const inputBound = read({ messages: [{ role: "user", content: "?", images: [image] }] }).inputBoundTokens;
    assert.ok(inputBound > 16_384 && inputBound < 20_000, String(inputBound));
    const earlier = ollamaGenerate.read(bodyOf({ model: "m", prompt: "x", context: Array(5_000).fill(100_000) }));
    assert.ok(earlier.inputBoundTokens > 5_000 && earlier.inputBoundTokens < 8_000);
    assert.equal(ollamaGenerate.read(bodyOf({ model: "m", prompt: "x", template: "{{ .Prompt }}" })).hiddenInput, true);
  });

  it("get a lower num_predict where it stands, and one where there is none; every other byte stays", () => {
    const rewritten = (text: string, limit: number) =>
      ollamaChat.rewrite(utf8(text), ollamaChat.read(utf8(text)), { outputLimitTokens: limit }).toString();
    assert.equal(
      rewritten('{ "model":"m", "options" : {"seed" : 1, "num_predict" : 900 , "x":[]},"messages":[] }', 300),
      '{ "model":"m", "options" : {"seed" : 1, "num_predict" : 300 , "x":[]},"messages":[] }',
    );
    assert.equal(rewritten('{"options":{"num_predict":-1}}', 300), '{"options":{"num_predict":300}}');
    assert.equal(rewritten('{"options":null,"z":1}', 300), '{"options":{"num_predict":300},"z":1}');
    assert.equal(rewritten('{"z":1}', 300), '{"options":{"num_predict":300},"z":1}');
    const low = '{"options":{"num_predict":100}}';
    assert.equal(rewritten(low, 300), low);
  });
});

describe("ollama answers", () => {
  it("are read from the object that says done; a cached prompt is not for nothing", () => {
    const whole = json({ ...said("Mexico City"), ...done() });
    assert.deepEqual([whole.usage.inputTokens, whole.usage.outputTokens, whole.basis], [26, 9, "reported"]);
    const cached = json({ ...said("Mexico City"), ...done({ eval_count: 9 }) });
    assert.deepEqual([cached.usage.outputTokens, cached.basis], [9, "estimated"]);
    assert.ok(cached.usage.inputTokens > 7 && cached.usage.inputTokens <= facts.inputBoundTokens);
  });

  it("without a count of output wrote nothing, unless there is text", () => {
    const silent = json(done({ prompt_eval_count: 26 }));
    assert.deepEqual([silent.usage.outputTokens, silent.basis], [0, "reported"]);
    const called = { function: { name: "get_weather", arguments: { city: "Tokyo" } } };
    const call = json({ ...done({ prompt_eval_count: 26 }), message: { content: "", tool_calls: [called] } });
    assert.ok(call.usage.outputTokens >= 10 && call.basis === "estimated");
  });

  it("for which no model ran cost nothing", () => {
    for (const done_reason of ["load", "unload"]) {
      const { usage, basis } = json(done({ done_reason }));
      assert.deepEqual([usage.inputTokens, usage.outputTokens, basis], [0, 0, "reported"]);
    }
  });

  it("that are errors, or no JSON, are told apart", () => {
    assert.deepEqual(
      [json({ error: "model 'x' not found" }, 404).errorType, json({ error: "x" }).errorType],
      ["http_404", "error"],
    );
    assert.match(ollamaChat.readJson(200, utf8("<html>"), facts).trouble ?? "", /not a JSON object/);
  });
});

describe("ollama streams", () => {
  it("are told by their content type", () => {
    assert.ok(ollamaChat.isStream("application/x-ndjson", facts));
    assert.ok(!ollamaChat.isStream("application/json; charset=utf-8", facts));
  });

  it("end in their counts, also without a last line end", () => {
    const text = lines(said("Mexico"), said(" City"), done());
    for (const wire of [text, text.trimEnd()]) {
      const { reading, complete, client } = pass(ollamaChat, facts, [utf8(wire)]);
      assert.deepEqual(
        [reading.usage.inputTokens, reading.usage.outputTokens, reading.basis, reading.trouble, complete],
        [26, 9, "reported", null, true],
      );
      assert.equal(client.toString(), wire);
    }
  });

  it("that break off count their thoughts and text", () => {
    const thought = { model: "m", message: { content: "", thinking: "x".repeat(60) }, done: false };
    const { reading, complete } = stream(thought, said("y".repeat(30)));
    assert.deepEqual([reading.usage.outputTokens, reading.basis, complete], [30, "estimated", false]);
    assert.match(reading.trouble ?? "", /broke off/);
    const generated = pass(ollamaGenerate, facts, [utf8(lines({ response: "z".repeat(30), done: false }))]);
    assert.equal(generated.reading.usage.outputTokens, 10);
  });

  it("name the error they end in, which costs nothing where nothing was written", () => {
    const late = stream(said("Mexico"), { error: "out of memory" }).reading;
    assert.deepEqual([late.errorType, late.basis], ["error", "estimated"]);
    const atOnce = stream({ error: "out of memory" }).reading;
    assert.deepEqual([atOnce.errorType, atOnce.basis, atOnce.usage.inputTokens], ["error", "none", 0]);
  });

  it("tell early how much must have been written, and never too much", () => {
    const reader = ollamaChat.readStream(facts);
    for (let count = 1; count <= 100; count += 1) {
      reader.push(utf8(lines(said(" word"), said(""))));
      assert.ok(reader.outputAtLeast <= count);
    }
    assert.ok(reader.outputAtLeast > 60);
  });
});

describe("lines", () => {
  it("larger than what is kept are skipped, wherever chunks end", () => {
    const stream = utf8(`one\n\n${"x".repeat(500)}\ntwo\nthree`);
    for (const size of [1, 7, 100, 1_000]) {
      const seen: string[] = [];
      const sink = { line: (line: Buffer) => void seen.push(line.toString()), unread: () => void seen.push("…") };
      const splitter = new LineSplitter(sink, 100);
      for (let at = 0; at < stream.length; at += size) {
        splitter.push(stream.subarray(at, at + size));
        assert.ok(splitter.held <= 100);
      }
      splitter.end();
      assert.deepEqual(seen, ["one", "…", "two", "three"], `chunks of ${size}`);
    }
  });
});

describe("ollama embeddings", () => {
  it("have no output, and are read or estimated", () => {
    const body = bodyOf({ model: "m", input: ["some text", "more"] });
    const asked = ollamaEmbed.read(body);
    assert.deepEqual([asked.outputLimitTokens, asked.clampable, asked.stream], [0, false, false]);
    assert.equal(ollamaEmbed.rewrite(body, asked, { outputLimitTokens: 5 }), body);
    const { usage, basis } = ollamaEmbed.readJson(200, bodyOf({ embeddings: [[1]], prompt_eval_count: 5 }), asked);
    assert.deepEqual([usage.inputTokens, usage.outputTokens, basis], [5, 0, "reported"]);
    const older = ollamaEmbed.readJson(200, bodyOf({ embedding: [1] }), asked);
    assert.ok(older.basis === "estimated" && older.usage.inputTokens > 0 && older.usage.outputTokens === 0);
  });
});

describe("ollama routes", () => {
  it("are metered or free below a base with /api or without, and the others are unknown", () => {
    const route = (method: string, path: string) => {
      const found = protocolFor("ollama", method, path);
      return found?.protocol?.name ?? found?.kind ?? "unknown";
    };
    for (const base of ["", "/api"]) {
      assert.equal(route("POST", `${base}/chat`), "ollama-chat");
      assert.equal(route("POST", `${base}/generate`), "ollama-generate");
      assert.equal(route("POST", `${base}/embed`), "ollama-embed");
      for (const free of ["show", "pull", "push", "create", "copy", "blobs/sha256:1"]) {
        assert.equal(route("POST", `${base}/${free}`), "free");
      }
      assert.equal(route("GET", `${base}/tags`), "free");
      assert.equal(route("DELETE", `${base}/delete`), "free");
    }
    assert.equal(route("POST", "/api/embeddings"), "ollama-embed");
    assert.equal(route("POST", "/embeddings"), "openai-embeddings");
    assert.equal(route("POST", "/v1/chat/completions"), "openai-chat");
    assert.equal(route("POST", "/v1/messages"), "anthropic-messages");
    assert.equal(route("POST", "/api/web_search"), "unknown");
    assert.equal(route("GET", "/api/chat"), "unknown");
  });
});
