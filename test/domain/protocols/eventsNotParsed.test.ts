import assert from "node:assert/strict";
import fc from "fast-check";
import type { Protocol, RequestFacts, StreamReader } from "../../../src/domain/protocol.ts";
import { anthropicMessages } from "../../../src/domain/protocols/anthropicMessages.ts";
import { bedrockConverse } from "../../../src/domain/protocols/bedrockConverse.ts";
import { bedrockInvoke } from "../../../src/domain/protocols/bedrockInvoke.ts";
import { cohereChat } from "../../../src/domain/protocols/cohere.ts";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { ollamaChat } from "../../../src/domain/protocols/ollama.ts";
import { openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { frame } from "./frames.ts";
import { oddJson, oddWords } from "./oddEvents.ts";
import { bodyOf, cutAt, pass, utf8 } from "./streams.ts";

/** Makes an event of a text and a number. */
type Kind = (text: string, count: number) => Readonly<Record<string, unknown>>;

interface Streamed {
  readonly what: string;
  readonly protocol: Protocol;
  readonly facts: RequestFacts;
  /** The first is the plainest, whose text is all that the model says in it; the others come in any order. */
  readonly kinds: readonly [Kind, ...Kind[]];
  readonly wire: (json: string, event: Readonly<Record<string, unknown>>) => Buffer;
  /** Where events wait unparsed for a report, `outputAtLeast` and what is said of broken ones depend on which were parsed. */
  readonly waits?: true;
}

const messages = [{ role: "user", content: "Hello" }];
const contents = [{ parts: [{ text: "Hello" }] }];
const at = (path: string) => ({ path, search: "", contentType: null });
const data = (json: string) => utf8(`data: ${json}\n\n`);
const named = (json: string, { type }: Readonly<Record<string, unknown>>) =>
  utf8(`event: ${type}\r\ndata:${json}\r\n\r\n`);
const event = (type: string, payload: string) => frame({ ":event-type": type, ":message-type": "event" }, payload);
const sealed = (json: string) => event("chunk", `{"bytes":"${Buffer.from(json).toString("base64")}","p":"abc"}`);

const google = (parts: unknown[], candidate: object, usage: object | undefined) => ({
  candidates: [{ content: { parts, role: "model" }, index: 0, ...candidate }],
  ...(usage === undefined ? {} : { usageMetadata: usage }),
  modelVersion: "gemini-2.5-flash",
});
const googleKinds: Streamed["kinds"] = [
  (text) => google([{ text }], {}, undefined),
  (text, n) => google([{ text }], {}, { promptTokenCount: 7, candidatesTokenCount: n, totalTokenCount: 7 + n }),
  (text, n) => google([{ text, thought: true }], {}, { promptTokenCount: 7, thoughtsTokenCount: n }),
  (text, n) => google([{ text, thought: true, thoughtSignature: "c2VhbGVk" }], {}, { promptTokenCount: n }),
  (text) => google([{ text }, { text, thought: true }, { text }], {}, undefined),
  (text, n) =>
    google(
      [{ text }],
      { finishReason: n % 2 === 0 ? "STOP" : null },
      {
        ...{ promptTokenCount: 9, candidatesTokenCount: n, totalTokenCount: 99, trafficType: "ON_DEMAND_FLEX" },
        promptTokensDetails: [{ modality: "AUDIO", tokenCount: n }],
      },
    ),
  (text, n) => google([{ functionCall: { name: "f", args: { text, n } } }], {}, { candidatesTokenCount: n }),
  (text, n) => google([{ text }], { groundingMetadata: { webSearchQueries: [text, `${n}`] } }, undefined),
  (text) => ({ promptFeedback: { blockReason: text } }),
  (text, n) => ({ error: { code: n, message: text, status: "INTERNAL" } }),
  (text) => ({ ...google([{ text }], { index: 1 }, undefined), modelVersion: "other" }),
];
const claude = (delta: object) => ({ type: "content_block_delta", index: 0, delta });
const claudeKinds: Streamed["kinds"] = [
  (text) => claude({ type: "text_delta", text }),
  (partial_json) => claude({ type: "input_json_delta", partial_json }),
  (thinking) => claude({ type: "thinking_delta", thinking }),
  (signature) => claude({ type: "signature_delta", signature }),
  (text) => ({ type: "content_block_start", index: 1, content_block: { type: "text", text } }),
  (_, n) => ({
    type: "message_start",
    message: { model: "claude-haiku-4-5", usage: { input_tokens: n, output_tokens: 1 } },
  }),
  (_, n) => ({ type: "message_delta", delta: {}, usage: { output_tokens: n } }),
  (message) => ({ type: "error", error: { type: "overloaded_error", message } }),
  () => ({ type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 5, outputTokenCount: 6 } }),
];
const said = (text: string, n: number) => ({
  id: "msg_1",
  type: "message",
  content: [{ type: "output_text", text: text.repeat(n % 5) }],
});

const STREAMS: readonly Streamed[] = [
  ...[{}, { tools: [{ googleSearch: {} }] }].map(
    (extra): Streamed => ({
      what: `Google's${"tools" in extra ? ", with tools" : ""}`,
      protocol: googleGenerate,
      facts: googleGenerate.read(
        bodyOf({ contents, ...extra }),
        at("/v1beta/models/gemini-2.5-flash:streamGenerateContent"),
      ),
      kinds: googleKinds,
      wire: data,
    }),
  ),
  {
    what: "Cohere's",
    protocol: cohereChat,
    facts: cohereChat.read(bodyOf({ model: "command-r", messages, stream: true })),
    kinds: [
      (text) => ({ type: "content-delta", index: 0, delta: { message: { content: { text } } } }),
      (thinking) => ({ type: "content-delta", index: 0, delta: { message: { content: { thinking } } } }),
      (tool_plan) => ({ type: "tool-plan-delta", delta: { message: { tool_plan } } }),
      (text) => ({ type: "tool-call-delta", delta: { message: { tool_calls: { function: { arguments: text } } } } }),
      (name) => ({
        type: "tool-call-start",
        delta: { message: { tool_calls: { function: { name, arguments: "x" } } } },
      }),
      (text, n) => ({ type: "other", delta: { message: { content: { text } }, n } }),
      (_, n) => ({ type: "message-end", delta: { usage: { billed_units: { input_tokens: 3, output_tokens: n } } } }),
      (error) => ({ type: "message-end", delta: { finish_reason: "ERROR", error } }),
    ],
    wire: named,
  },
  {
    what: "Ollama's",
    protocol: ollamaChat,
    facts: ollamaChat.read(bodyOf({ model: "m", messages })),
    kinds: [
      (content, n) => ({ model: "m", created_at: `${n}`, message: { role: "assistant", content }, done: false }),
      (thinking) => ({ model: "m", message: { content: "", thinking }, done: false }),
      (response, n) => ({ model: "other", response, done: false, n }),
      (name, n) => ({ model: "m", message: { tool_calls: [{ function: { name, arguments: { n } } }] }, done: false }),
      (error) => ({ error }),
      (content, n) => ({ model: "m", message: { content }, done: true, prompt_eval_count: n, eval_count: 4 }),
    ],
    wire: (json) => utf8(`${json}\n`),
  },
  {
    what: "Converse's",
    protocol: bedrockConverse,
    facts: bedrockConverse.read(
      bodyOf({ messages: [{ role: "user", content: [{ text: "Hello" }] }] }),
      at("/model/amazon.nova-lite-v1:0/converse-stream"),
    ),
    kinds: [
      (text, n) => ({ contentBlockIndex: 0, delta: { text }, p: "a".repeat(n % 9) }),
      (text) => ({ contentBlockIndex: 0, delta: { reasoningContent: { text } } }),
      (input) => ({ contentBlockIndex: 1, delta: { toolUse: { input } } }),
      (text) => ({ contentBlockIndex: 1, delta: { reasoningContent: { redactedContent: text } } }),
      (name) => ({ type: "contentBlockStart", start: { toolUse: { name } } }),
      (_, n) => ({ type: "metadata", usage: { inputTokens: 20, outputTokens: n } }),
    ],
    wire: (json, { type }) => event(typeof type === "string" ? type : "contentBlockDelta", json),
  },
  {
    what: "Anthropic's",
    protocol: anthropicMessages,
    facts: anthropicMessages.read(bodyOf({ model: "m", max_tokens: 9, messages })),
    kinds: claudeKinds,
    wire: named,
    waits: true,
  },
  {
    what: "Claude's at Bedrock",
    protocol: bedrockInvoke,
    facts: bedrockInvoke.read(
      bodyOf({ anthropic_version: "bedrock-2023-05-31", max_tokens: 9, messages }),
      at("/model/anthropic.claude-haiku-4-5/invoke-with-response-stream"),
    ),
    kinds: claudeKinds,
    wire: sealed,
    waits: true,
  },
  {
    what: "another maker's at Bedrock",
    protocol: bedrockInvoke,
    facts: bedrockInvoke.read(
      bodyOf({ prompt: "Hello" }),
      at("/model/meta.llama3-8b-v1:0/invoke-with-response-stream"),
    ),
    kinds: [
      (generation) => ({ generation }),
      (generation, n) => ({ generation, prompt_token_count: 3, generation_token_count: n }),
      () => ({ generation: "", "amazon-bedrock-invocationMetrics": { inputTokenCount: 5, outputTokenCount: 6 } }),
    ],
    wire: sealed,
  },
  {
    what: "OpenAI's Responses",
    protocol: openaiResponses,
    facts: openaiResponses.read(bodyOf({ model: "m", input: "Hello", stream: true })),
    kinds: [
      (delta, n) => ({
        type: "response.output_text.delta",
        output_index: 0,
        delta,
        sequence_number: n,
        obfuscation: "aa",
      }),
      (delta, n) => ({ type: "response.reasoning_summary_text.delta", output_index: 1, delta, sequence_number: n }),
      (delta) => ({ type: "response.function_call_arguments.delta", item_id: "call_1", delta }),
      (delta) => ({ type: "response.audio.delta", delta }),
      (text, n) => ({ type: "response.output_item.done", output_index: 0, item: said(text, n) }),
      (text, n) => ({
        type: "response.output_item.added",
        output_index: n % 3,
        item: { type: "web_search_call", id: text },
      }),
      () => ({ type: "response.created", response: { id: "resp_1", model: "m", status: "in_progress" } }),
      (text, n) => ({
        type: "response.completed",
        response: {
          id: "resp_1",
          model: "m",
          status: "completed",
          output: [said(text, n)],
          usage: { input_tokens: n, output_tokens: 4 },
        },
      }),
      (message) => ({ type: "error", code: "server_error", message }),
    ],
    wire: named,
    waits: true,
  },
];

/** What can be asked of a reader at any time. */
const known = (reader: StreamReader, waits = false) => ({
  reading: reader.reading(),
  answering: reader.answering,
  complete: reader.complete,
  last: reader.lastEventPassed,
  ...(waits ? {} : { atLeast: reader.outputAtLeast }),
});

/** Runs of events of one kind. */
const runs = (kinds: number) =>
  fc.array(
    fc.record({
      kind: fc.oneof(fc.constant(0), fc.nat(kinds - 1)),
      items: fc.array(fc.tuple(oddWords, fc.oneof(fc.nat(20), fc.nat())), { minLength: 1, maxLength: 6 }),
      twice: fc.boolean(),
      after: fc.constantFrom("", "", "", "", " ", "x", "{}").map((isTwice) => isTwice),
    }),
    { maxLength: 6 },
  );

/** A name that stands twice in the event: only the second counts. */
const twice = (json: string) => json.replace(/\{[^"]*("[^"]*")/, (begin, name) => `{${name}:[{}],${begin.slice(1)}`);

for (const { what, protocol, facts, kinds, wire, waits } of STREAMS) {
  describe(`a stream of ${what} events, which are mostly not parsed`, () => {
    it("is read as if each were, whatever stands in them, at any moment and in any chunks", () => {
      fc.assert(
        fc.property(runs(kinds.length), oddJson, fc.array(fc.nat(), { maxLength: 20 }), (all, write, places) => {
          const events = all.flatMap(({ kind, items, twice: isTwice, after }) =>
            items.map(([text, count]) => {
              const value = (kinds[kind] as Kind)(text, count);
              const json = write(value);
              return {
                value,
                json: (isTwice && kind !== 0 ? twice(json) : json) + (count % 5 === 0 && waits !== true ? after : ""),
              };
            }),
          );
          const plain = protocol.readStream(facts);
          // Spaces before the JSON, their number never the same, mean nothing, but make each event unlike all others.
          const parsed = protocol.readStream(facts);
          for (const [index, { value, json }] of events.entries()) {
            plain.push(wire(json, value));
            parsed.push(wire(" ".repeat(index + 1) + json, value));
            assert.deepEqual(known(plain, waits), known(parsed, waits), `after ${index}: ${json}`);
          }
          parsed.end();
          const bytes = Buffer.concat(events.map(({ value, json }) => wire(json, value)));
          const { client, ...end } = pass(protocol, facts, cutAt(bytes, places));
          assert.deepEqual(client, bytes);
          assert.deepEqual(end, {
            reading: parsed.reading(),
            complete: parsed.complete,
            answering: parsed.answering,
          });
        }),
        { seed: 41, numRuns: 150 },
      );
    });

    it("says no more and no less than its texts have", () => {
      fc.assert(
        fc.property(fc.array(oddWords, { minLength: 1, maxLength: 40 }), oddJson, (words, write) => {
          const chunks = words.map((text, index) => {
            const value = kinds[0](text, index);
            return wire(write(value), value);
          });
          const { reading } = pass(protocol, facts, chunks);
          const bytes = words.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
          assert.deepEqual([reading.usage.outputTokens, reading.basis], [Math.ceil(bytes / 3), "estimated"]);
        }),
        { seed: 42, numRuns: 60 },
      );
    });
  });
}

describe("an event that is like one before", () => {
  it("is not taken for one where another has begun, whose end it is", () => {
    const delta = (text: string) =>
      data(JSON.stringify({ type: "content-delta", delta: { message: { content: { text } } } }));
    const facts = cohereChat.read(bodyOf({ model: "command-r", messages, stream: true }));
    const { reading } = pass(cohereChat, facts, [
      delta("four"),
      utf8(": a comment, "),
      delta("comment"),
      delta("five"),
    ]);
    assert.equal(reading.usage.outputTokens, Math.ceil("fourfive".length / 3));
  });
});
