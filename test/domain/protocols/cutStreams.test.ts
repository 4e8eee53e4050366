import assert from "node:assert/strict";
import fc from "fast-check";
import type { Protocol, RequestFacts } from "../../../src/domain/protocol.ts";
import { bedrockConverse } from "../../../src/domain/protocols/bedrockConverse.ts";
import { bedrockInvoke } from "../../../src/domain/protocols/bedrockInvoke.ts";
import { cohereChat } from "../../../src/domain/protocols/cohere.ts";
import { ollamaChat } from "../../../src/domain/protocols/ollama.ts";
import { chunk, event } from "./frames.ts";
import { bodyOf, cutAt, named, pass, utf8 } from "./streams.ts";

/** A piece of a stream, and the input and output that it reports for the whole, where it does. */
interface Piece {
  readonly bytes: Buffer;
  readonly report?: readonly [input: number, output: number];
}

interface Streamed {
  readonly what: string;
  readonly protocol: Protocol;
  readonly facts: RequestFacts;
  readonly pieces: readonly Piece[];
}

const WORDS = ["¡Hola! ", "Ciudad de México ", "🌮", " es la capital.", "\n\n"];
const messages = [{ role: "user", content: "What is the capital of Mexico?" }];
const blocks = [{ role: "user", content: [{ text: "What is the capital of Mexico?" }] }];
const at = (model: string, route: string) => ({ path: `/model/${model}/${route}`, search: "", contentType: null });
const piece = (bytes: Buffer, report?: Piece["report"]): Piece =>
  report === undefined ? { bytes } : { bytes, report };

const line = (value: object) => utf8(`${JSON.stringify(value)}\n`);
const cohere = (type: string, delta: object) => {
  const value = { type, delta };
  return utf8(named(value));
};
const claude = { input_tokens: 20, cache_read_input_tokens: 500, cache_creation_input_tokens: 80 };
const lastUsage = { "amazon-bedrock-invocationMetrics": { inputTokenCount: 20, outputTokenCount: 34 } };

const STREAMS: readonly Streamed[] = [
  {
    what: "Ollama's chat",
    protocol: ollamaChat,
    facts: ollamaChat.read(bodyOf({ model: "m", messages })),
    pieces: [
      ...WORDS.map((content) => piece(line({ model: "m", message: { content }, done: false }))),
      piece(line({ model: "m", done: true, prompt_eval_count: 26, eval_count: 34 }), [26, 34]),
    ],
  },
  {
    what: "Cohere's chat",
    protocol: cohereChat,
    facts: cohereChat.read(bodyOf({ model: "command-r", messages, stream: true })),
    pieces: [
      ...WORDS.map((text) => piece(cohere("content-delta", { message: { content: { text } } }))),
      piece(cohere("message-end", { usage: { billed_units: { input_tokens: 8, output_tokens: 34 } } }), [8, 34]),
      piece(utf8("data: [DONE]\n\n")),
    ],
  },
  {
    what: "Converse",
    protocol: bedrockConverse,
    facts: bedrockConverse.read(bodyOf({ messages: blocks }), at("amazon.nova-micro-v1:0", "converse-stream")),
    pieces: [
      piece(event("messageStart", { role: "assistant" })),
      ...WORDS.map((text) => piece(event("contentBlockDelta", { contentBlockIndex: 0, delta: { text } }))),
      piece(event("metadata", { usage: { inputTokens: 20, outputTokens: 34, cacheReadInputTokens: 500 } }), [520, 34]),
    ],
  },
  {
    what: "Claude's own stream at Bedrock",
    protocol: bedrockInvoke,
    facts: bedrockInvoke.read(
      bodyOf({ anthropic_version: "bedrock-2023-05-31", max_tokens: 100, messages }),
      at("us.anthropic.claude-haiku-4-5-20251001-v1:0", "invoke-with-response-stream"),
    ),
    pieces: [
      piece(chunk({ type: "message_start", message: { usage: { ...claude, output_tokens: 1 } } }), [600, 1]),
      ...WORDS.map((text) =>
        piece(chunk({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
      ),
      piece(chunk({ type: "message_delta", delta: {}, usage: { output_tokens: 34 } }), [600, 34]),
      piece(chunk({ type: "message_stop", ...lastUsage })),
    ],
  },
  {
    what: "another maker's stream at Bedrock",
    protocol: bedrockInvoke,
    facts: bedrockInvoke.read(bodyOf({ prompt: "Hello" }), at("meta.llama3-8b-v1:0", "invoke-with-response-stream")),
    pieces: [
      piece(chunk({ generation: "¡Hola!", prompt_token_count: 20, generation_token_count: 1 }), [20, 1]),
      piece(chunk({ generation: " Ciudad", prompt_token_count: null, generation_token_count: 3 }), [20, 3]),
      piece(chunk({ generation: "", stop_reason: "stop", ...lastUsage }), [20, 34]),
    ],
  },
];

for (const { what, protocol, facts, pieces } of STREAMS) {
  const bytes = Buffer.concat(pieces.map((one) => one.bytes));

  describe(what, () => {
    it("is read alike however it is cut into chunks, and every byte goes on", () => {
      const once = pass(protocol, facts, [bytes]);
      assert.deepEqual([once.reading.basis, once.reading.usage.outputTokens, once.complete], ["reported", 34, true]);
      assert.deepEqual(once.client, bytes);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 100 }), (places) => {
          assert.deepEqual(pass(protocol, facts, cutAt(bytes, places)), once);
        }),
        { seed: 21, numRuns: 50 },
      );
      assert.deepEqual(
        pass(
          protocol,
          facts,
          [...bytes].map((byte) => Buffer.of(byte)),
        ),
        once,
      );
    });

    it("is broken off between two events, wherever its chunks end", () => {
      const ends = new Set(
        pieces.map((_, index) => Buffer.concat(pieces.slice(0, index).map((one) => one.bytes)).length),
      );
      const cut = Buffer.from(protocol.breakOff("budget_cut", "Tollgate cut this answer"));
      for (let end = 1; end < bytes.length; end += 1) {
        const reader = protocol.readStream(facts);
        const middle = Math.floor(end / 2);
        const sent = [bytes.subarray(0, middle), bytes.subarray(middle, end)].map((part) => reader.push(part));
        const client = Buffer.concat(sent);
        assert.ok(ends.has(client.length), `${client.length} of ${end}`);
        const { errorType, trouble } = pass(protocol, facts, [client, cut]).reading;
        assert.ok(errorType !== null && !/JSON|frames/.test(trouble ?? ""), `at ${end}: ${trouble}`);
      }
    });

    it("counts no less than it last reported, wherever it breaks off, and never nothing", () => {
      let start = 0;
      let [input, output] = [0, 0];
      for (const one of pieces) {
        for (let end = start; end < start + one.bytes.length; end += 1) {
          const { usage, basis } = pass(protocol, facts, [bytes.subarray(0, end)]).reading;
          assert.ok(usage.inputTokens >= Math.max(1, input) && usage.outputTokens >= output, `at ${end}`);
          assert.ok(basis !== "none", `at ${end}`);
        }
        start += one.bytes.length;
        [input, output] = one.report ?? [input, output];
      }
      assert.equal(start, bytes.length);
    });
  });
}
