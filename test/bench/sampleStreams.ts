import type { Protocol, RequestContext } from "../../src/domain/protocol.ts";
import { anthropicMessages } from "../../src/domain/protocols/anthropicMessages.ts";
import { bedrockConverse } from "../../src/domain/protocols/bedrockConverse.ts";
import { bedrockInvoke } from "../../src/domain/protocols/bedrockInvoke.ts";
import { cohereChat } from "../../src/domain/protocols/cohere.ts";
import { googleGenerate } from "../../src/domain/protocols/googleGenerate.ts";
import { ollamaChat } from "../../src/domain/protocols/ollama.ts";
import { openaiChat } from "../../src/domain/protocols/openaiChat.ts";
import { ANY_HOST } from "../../src/domain/protocols/openaiChatDialect.ts";
import { openaiCompletionsProtocol } from "../../src/domain/protocols/openaiCompletions.ts";
import { openaiResponses } from "../../src/domain/protocols/openaiResponses.ts";
import { chunk as bedrockChunk, event as bedrockEvent } from "../domain/protocols/frames.ts";

/** A stream of a provider: its request, and its chunks as they arrive, an event in each. */
export interface SampleStream {
  readonly protocol: Protocol;
  readonly request: object;
  readonly context?: RequestContext;
  readonly chunks: readonly Buffer[];
}

/** Chunks of text in each stream. */
export const CHUNKS = 50;
const WORDS = Array.from({ length: CHUNKS }, (_, index) => `word${index} `);
const TEXT = WORDS.join("");

const data = (value: unknown) => Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
const named = (value: { readonly type: string; readonly [name: string]: unknown }) =>
  Buffer.from(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);
const line = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`);
const messages = [{ role: "user", content: "How much does it cost?" }];

const chatChunk = (choices: unknown[], usage: object | null) =>
  data({
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1_795_000_000,
    model: "gpt-4o-mini",
    choices,
    usage,
  });
const chatUsage = { prompt_tokens: 20, completion_tokens: CHUNKS, total_tokens: 20 + CHUNKS };

const chat: SampleStream = {
  protocol: openaiChat,
  request: { model: "gpt-4o-mini", max_tokens: 200, stream: true, messages },
  chunks: [
    ...WORDS.map((content) => chatChunk([{ index: 0, delta: { content }, finish_reason: null }], null)),
    chatChunk([{ index: 0, delta: {}, finish_reason: "stop" }], null),
    chatChunk([], chatUsage),
    Buffer.from("data: [DONE]\n\n"),
  ],
};

const completions: SampleStream = {
  protocol: openaiCompletionsProtocol(ANY_HOST),
  request: { model: "gpt-3.5-turbo-instruct", max_tokens: 200, stream: true, prompt: "How much?" },
  chunks: [
    ...WORDS.map((text) => chatChunk([{ index: 0, text, finish_reason: null }], null)),
    chatChunk([], chatUsage),
    Buffer.from("data: [DONE]\n\n"),
  ],
};

const response = { id: "resp_bench", object: "response", model: "gpt-4o-mini", output: [] as unknown[] };
const item = { id: "msg_bench", type: "message", role: "assistant", content: [{ type: "output_text", text: TEXT }] };
const responses: SampleStream = {
  protocol: openaiResponses,
  request: { model: "gpt-4o-mini", max_output_tokens: 200, stream: true, input: "How much does it cost?" },
  chunks: [
    named({ type: "response.created", response: { ...response, status: "in_progress", usage: null } }),
    ...WORDS.map((delta, index) =>
      named({
        type: "response.output_text.delta",
        ...{ content_index: 0, delta, item_id: "msg_bench", logprobs: [], obfuscation: "a".repeat(index % 7) },
        ...{ output_index: 0, sequence_number: index },
      }),
    ),
    named({ type: "response.output_item.done", output_index: 0, item }),
    named({
      type: "response.completed",
      response: {
        ...response,
        status: "completed",
        output: [item],
        usage: { input_tokens: 20, output_tokens: CHUNKS, total_tokens: 20 + CHUNKS },
      },
    }),
  ],
};

const claudeEvents = [
  {
    type: "message_start",
    message: {
      id: "msg_bench",
      type: "message",
      model: "claude-haiku-4-5",
      content: [],
      usage: { input_tokens: 20, output_tokens: 1 },
    },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  ...WORDS.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn" },
    usage: { input_tokens: 20, output_tokens: CHUNKS },
  },
  { type: "message_stop" },
];
const claudeRequest = { model: "claude-haiku-4-5", max_tokens: 200, messages };
const claude: SampleStream = {
  protocol: anthropicMessages,
  request: { ...claudeRequest, stream: true },
  chunks: claudeEvents.map(named),
};

const google: SampleStream = {
  protocol: googleGenerate,
  request: { contents: [{ role: "user", parts: [{ text: "How much does it cost?" }] }] },
  context: { path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent", search: "?alt=sse", contentType: null },
  chunks: WORDS.map((text, index) =>
    data({
      candidates: [
        {
          content: { parts: [{ text }], role: "model" },
          index: 0,
          ...(index === CHUNKS - 1 ? { finishReason: "STOP" } : {}),
        },
      ],
      usageMetadata: {
        ...{ promptTokenCount: 20, candidatesTokenCount: index + 1, totalTokenCount: 21 + index },
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 20 }],
      },
      modelVersion: "gemini-2.5-flash",
      responseId: "6hkqaYC5BbGEz7IPwb3ggA8",
    }),
  ),
};

const madeAt = (index: number) => ({ created_at: new Date(1_795_000_000_000 + index * 37).toISOString() });
const ollama: SampleStream = {
  protocol: ollamaChat,
  request: { model: "llama3.2", messages },
  chunks: [
    ...WORDS.map((content, index) =>
      line({ model: "llama3.2", ...madeAt(index), message: { role: "assistant", content }, done: false }),
    ),
    line({
      model: "llama3.2",
      ...madeAt(CHUNKS),
      message: { role: "assistant", content: "" },
      done: true,
      done_reason: "stop",
      prompt_eval_count: 20,
      eval_count: CHUNKS,
    }),
  ],
};

const cohere: SampleStream = {
  protocol: cohereChat,
  request: { model: "command-a-03-2025", stream: true, messages },
  chunks: [
    named({ type: "message-start", id: "bench", delta: { message: { role: "assistant" } } }),
    ...WORDS.map((text) => named({ type: "content-delta", index: 0, delta: { message: { content: { text } } } })),
    named({
      type: "message-end",
      delta: {
        finish_reason: "COMPLETE",
        usage: {
          billed_units: { input_tokens: 20, output_tokens: CHUNKS },
          tokens: { input_tokens: 20, output_tokens: CHUNKS },
        },
      },
    }),
  ],
};

const converse: SampleStream = {
  protocol: bedrockConverse,
  request: { messages: [{ role: "user", content: [{ text: "How much does it cost?" }] }] },
  context: { path: "/model/amazon.nova-lite-v1:0/converse-stream", search: "", contentType: null },
  chunks: [
    bedrockEvent("messageStart", { role: "assistant" }),
    ...WORDS.map((text) => bedrockEvent("contentBlockDelta", { contentBlockIndex: 0, delta: { text }, p: "abcdefgh" })),
    bedrockEvent("messageStop", { stopReason: "end_turn" }),
    bedrockEvent("metadata", { usage: { inputTokens: 20, outputTokens: CHUNKS, totalTokens: 20 + CHUNKS } }),
  ],
};

const invoke: SampleStream = {
  protocol: bedrockInvoke,
  request: { anthropic_version: "bedrock-2023-05-31", max_tokens: 200, messages },
  context: {
    path: "/model/anthropic.claude-haiku-4-5/invoke-with-response-stream",
    search: "",
    contentType: null,
  },
  chunks: claudeEvents.map((event) =>
    bedrockChunk(
      event.type === "message_stop"
        ? { ...event, "amazon-bedrock-invocationMetrics": { inputTokenCount: 20, outputTokenCount: CHUNKS } }
        : event,
    ),
  ),
};

/** One stream for each reader that calls of text go through; each has a protocol of its own. */
export const SAMPLE_STREAMS: readonly SampleStream[] = [
  chat,
  responses,
  claude,
  google,
  completions,
  ollama,
  cohere,
  converse,
  invoke,
];
