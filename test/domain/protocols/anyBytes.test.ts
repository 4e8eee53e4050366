import assert from "node:assert/strict";
import fc from "fast-check";
import { BadRequestError, type Protocol, type RequestFacts } from "../../../src/domain/protocol.ts";
import { anthropicBatches } from "../../../src/domain/protocols/anthropicBatches.ts";
import { anthropicMessages } from "../../../src/domain/protocols/anthropicMessages.ts";
import { bedrockConverse } from "../../../src/domain/protocols/bedrockConverse.ts";
import { bedrockInvoke } from "../../../src/domain/protocols/bedrockInvoke.ts";
import { cohereChat, cohereEmbed } from "../../../src/domain/protocols/cohere.ts";
import { googleEmbed } from "../../../src/domain/protocols/googleEmbed.ts";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { ollamaChat, ollamaEmbed, ollamaGenerate } from "../../../src/domain/protocols/ollama.ts";
import { openaiBatches } from "../../../src/domain/protocols/openaiBatches.ts";
import { openaiChat } from "../../../src/domain/protocols/openaiChat.ts";
import { ANY_HOST } from "../../../src/domain/protocols/openaiChatDialect.ts";
import { openaiCompletionsProtocol } from "../../../src/domain/protocols/openaiCompletions.ts";
import { openaiEmbeddings } from "../../../src/domain/protocols/openaiEmbeddings.ts";
import { openaiImages } from "../../../src/domain/protocols/openaiImages.ts";
import { openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { openaiSpeech } from "../../../src/domain/protocols/openaiSpeech.ts";
import { openaiTranscriptionsProtocol } from "../../../src/domain/protocols/openaiTranscriptions.ts";
import { usageSchema } from "../../../src/domain/usage.ts";
import { chunk, event } from "./frames.ts";
import { DEEP_ANSWERS, DEEP_VALUES, oddText, oddTexts } from "./oddTexts.ts";
import { bodyOf, cutAt, pass, sse, utf8 } from "./streams.ts";

const NAMES = [
  ..."model stream messages max_tokens max_completion_tokens n tools stream_options content type text usage error choices".split(
    " ",
  ),
  ..."delta message prompt_tokens completion_tokens prompt_tokens_details cached_tokens total_tokens input_tokens".split(
    " ",
  ),
  ..."output_tokens cache_creation cache_creation_input_tokens iterations server_tool_use source image_url url".split(
    " ",
  ),
  ..."thinking budget_tokens service_tier cost index finish_reason content_block tool_calls function arguments".split(
    " ",
  ),
  ..."input output instructions max_output_tokens max_tool_calls previous_response_id conversation prompt response item".split(
    " ",
  ),
  ..."output_index status background id action summary encrypted_content tool_usage web_search image_gen container".split(
    " ",
  ),
];
const OPENAI_NAMES = [
  ...NAMES,
  ..."best_of echo suffix encoding_format size quality partial_images output_format frame_count input_fidelity".split(
    " ",
  ),
  ..."images mask image voice speed stream_format delta data seconds duration prompt_audio_seconds svg_usage".split(
    " ",
  ),
  ..."input_audio file input_token_details audio_tokens cost_in_usd_ticks timings prompt_n cache_n predicted_n".split(
    " ",
  ),
];
const GOOGLE_NAMES = [
  ..."contents parts text inlineData inline_data mimeType data fileData videoMetadata fps functionResponse tools".split(
    " ",
  ),
  ..."generationConfig generation_config maxOutputTokens max_output_tokens candidateCount thinkingConfig".split(" "),
  ..."thinkingBudget cachedContent googleSearch codeExecution candidates finishReason usageMetadata".split(" "),
  ..."promptTokenCount candidatesTokenCount thoughtsTokenCount toolUsePromptTokenCount totalTokenCount".split(" "),
  ..."promptTokensDetails modality tokenCount groundingMetadata webSearchQueries promptFeedback error status".split(
    " ",
  ),
  ..."instances predictions embeddings statistics token_count metadata billableCharacterCount requests".split(" "),
];
const HOST_NAMES = [
  ...NAMES,
  ..."options num_predict images context done done_reason prompt_eval_count eval_count response billed_units tokens".split(
    " ",
  ),
  ..."max_gen_len n system toolConfig systemTool inferenceConfig maxTokens additionalModelRequestFields".split(" "),
  ..."reasoningConfig toolResult toolUse document bytes contentBlockDelta contentBlockStart metadata start".split(" "),
  ..."reasoningContent inputTokens outputTokens cacheReadInputTokens cacheDetails ttl trace serviceTier".split(" "),
  ..."amazon-bedrock-invocationMetrics inputTokenCount outputTokenCount generation results meta texts".split(" "),
];
const TYPES = [
  ...["message_start", "message_delta", "message_stop", "content_block_delta", "image", "document", "enabled"],
  ...["response.completed", "response.failed", "response.output_text.delta", "response.output_item.done", "error"],
  ...["web_search", "web_search_call", "file_search", "file_search_call", "code_interpreter", "image_generation_call"],
  ...["input_image", "input_file", "message", "reasoning", "failed", "queued"],
  ...["message-end", "content-delta", "tool-call-start", "ERROR", "image_url", "1h", "contentBlockDelta", "metadata"],
  ...["image_generation.completed", "speech.audio.done", "transcript.text.done", "tokens", "gif", "svg"],
];

/** JSON of the names that matter, with values that no provider should send. */
const oddJsonOf = (names: readonly string[]) =>
  fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(null, true, "", "x", -1, 1.5, 1e308, 2 ** 60, 0, 7, ...TYPES),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 6 }),
    ),
  })).value;

const messages = [{ role: "user", content: "Hello" }];
const request = { model: "m", max_tokens: 10, messages, input: messages, stream: true };
const asked = { model: "m", contents: [{ parts: [{ text: "Hello" }] }], content: { parts: [{ text: "Hello" }] } };

/** A protocol, a request that it takes, where odd values stand in it best, and the names that matter to it. */
interface Taken {
  readonly protocol: Protocol;
  readonly request: object;
  readonly placed: (odd: unknown) => object;
  readonly names: readonly string[];
  /** How values are put into a stream; server-sent events where absent. */
  readonly wire?: (...values: unknown[]) => Buffer;
}

const inMessages = { request, placed: (odd: unknown) => ({ messages: [odd], input: [odd] }), names: NAMES };
const inBatches = {
  request: { requests: [{ custom_id: "a", params: request }] },
  placed: (odd: unknown) => ({ requests: [{ custom_id: "a", params: { ...request, messages: [odd], tools: [odd] } }] }),
  names: [...NAMES, ..."requests params custom_id result processing_status request_counts succeeded".split(" ")],
};
const inContents = {
  request: asked,
  placed: (odd: unknown) => ({ contents: [{ parts: [odd] }], content: { parts: [odd] } }),
  names: GOOGLE_NAMES,
};
const others = {
  request: { model: "m", prompt: "Hello", input: "Hello", max_tokens: 10, stream: true, input_audio: { data: "UklG" } },
  placed: (odd: unknown) => ({ images: [odd], prompt: [odd] }),
  names: OPENAI_NAMES,
};
const othersOfOpenai: readonly Protocol[] = [
  ...[openaiCompletionsProtocol(ANY_HOST), openaiEmbeddings, openaiImages, openaiSpeech],
  ...[openaiTranscriptionsProtocol(undefined), openaiBatches],
];
const inHosts = { ...inMessages, names: HOST_NAMES };
const events = (...values: unknown[]) => utf8(sse(...values));
const lines = (...values: unknown[]) => utf8(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
const frames = (...values: unknown[]) =>
  Buffer.concat(values.map((value, at) => event(at % 2 === 0 ? "contentBlockDelta" : "metadata", value)));
const chunks = (...values: unknown[]) => Buffer.concat(values.map(chunk));
/** Bedrock's protocols find the model in the path. */
const calling = (protocol: Protocol, path: string): Protocol => ({
  ...protocol,
  read: (body) => protocol.read(body, { path, search: "", contentType: null }),
});
const novas = calling(bedrockInvoke, "/model/us.amazon.nova-pro-v1:0/invoke");
const claudes = { ...request, anthropic_version: "bedrock-2023-05-31" };
const taken: readonly Taken[] = [
  ...[ollamaChat, ollamaGenerate, ollamaEmbed].map((protocol) => ({ protocol, ...inHosts, wire: lines })),
  ...[cohereChat, cohereEmbed].map((protocol) => ({ protocol, ...inHosts })),
  { protocol: calling(bedrockConverse, "/model/anthropic.claude/converse"), ...inHosts, wire: frames },
  { protocol: { ...novas, name: "bedrock-invoke of Nova" }, ...inHosts, wire: chunks },
  { protocol: { ...novas, name: "bedrock-invoke of Claude" }, ...inHosts, request: claudes, wire: chunks },
  ...[openaiChat, anthropicMessages, openaiResponses].map((protocol) => ({ protocol, ...inMessages })),
  { protocol: anthropicBatches, ...inBatches },
  ...othersOfOpenai.map((protocol) => ({ protocol, ...others })),
  ...[googleGenerate, googleEmbed].map((protocol) => ({ protocol, ...inContents })),
];

function checkFacts(facts: RequestFacts): void {
  const { toolCalls = 0, toolFeesBoundNanoUsd = 0 } = facts;
  const tools = [facts.webSearchBound, toolCalls, toolFeesBoundNanoUsd];
  for (const count of [facts.inputBoundTokens, facts.promptBytes, facts.choices, ...tools]) {
    assert.ok(Number.isSafeInteger(count) && count >= 0);
  }
  assert.ok(
    facts.outputLimitTokens === null || (Number.isSafeInteger(facts.outputLimitTokens) && facts.outputLimitTokens >= 0),
  );
}

const TELLING = [
  "/batches/b",
  "/files/f/content",
  "/responses/r",
  "/messages/batches/b",
  "/messages/batches/b/results",
];

function checkCollected(protocol: Protocol, answer: Buffer): void {
  for (const path of TELLING) {
    const { readings = [] } = protocol.readCollected?.(path, 200, answer) ?? {};
    readings.map(({ usage }) => usageSchema.parse(usage));
  }
}

describe("whatever the bytes are", () => {
  for (const { protocol, request, placed, names, wire = events } of taken) {
    const oddJson = oddJsonOf(names);
    it(`${protocol.name} reads a request or refuses it, and rewrites what it has read`, () => {
      const body = fc.oneof(
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        oddJson.map(bodyOf),
        fc.dictionary(fc.constantFrom(...names), oddJson).map((odd) => bodyOf({ ...request, ...odd, ...placed(odd) })),
      );
      let read = 0;
      fc.assert(
        fc.property(body, fc.integer({ min: 1, max: 100_000 }), (bytes, limit) => {
          let facts: RequestFacts;
          try {
            facts = protocol.read(bytes);
          } catch (error) {
            assert.ok(error instanceof BadRequestError);
            return;
          }
          read += 1;
          checkFacts(facts);
          const rewritten = protocol.rewrite(bytes, facts, { outputLimitTokens: limit });
          if (facts.clampable === false) {
            assert.equal(rewritten, bytes);
            return;
          }
          const sent = protocol.read(rewritten);
          assert.ok(sent.outputLimitTokens !== null && sent.outputLimitTokens <= limit * sent.choices);
          assert.equal(sent.model, facts.model);
        }),
        { seed: 4, numRuns: 2_000 },
      );
      assert.ok(read > 100);
    });

    it(`${protocol.name} reads any answer without a throw, and any count is whole and safe`, () => {
      const facts = protocol.read(bodyOf(request));
      const answers = fc.array(fc.dictionary(fc.constantFrom("type", ...names), oddJson), { maxLength: 6 });
      const places = fc.array(fc.nat());
      fc.assert(
        fc.property(answers, fc.uint8Array(), places, fc.boolean(), (values, noise, cuts, usageAsked) => {
          const stream = Buffer.concat([wire(...values), Buffer.from(noise)]);
          const { reading } = pass(protocol, { ...facts, usageAsked }, cutAt(stream, cuts));
          usageSchema.parse(reading.usage);
          assert.ok(Number.isSafeInteger(reading.toolFeesNanoUsd ?? 0));
          for (const value of [...values.map(bodyOf), Buffer.from(noise)]) {
            usageSchema.parse(protocol.readJson(200, value, facts).usage);
            usageSchema.parse(protocol.readJson(500, value, facts).usage);
            checkCollected(protocol, value);
          }
        }),
        { seed: 5, numRuns: 1_000 },
      );
    });

    it(`${protocol.name} takes JSON that no encoder writes, as a request and as an answer`, () => {
      const facts = protocol.read(bodyOf(request));
      const take = (asked: Buffer, answered: Buffer) => {
        try {
          const odd = protocol.read(asked);
          checkFacts(odd);
          checkFacts(protocol.read(protocol.rewrite(asked, odd, { outputLimitTokens: 7 })));
        } catch (error) {
          assert.ok(error instanceof BadRequestError, String(error));
        }
        usageSchema.parse(protocol.readJson(200, answered, facts).usage);
        checkCollected(protocol, answered);
        const stream = Buffer.concat([Buffer.from("data: "), answered, Buffer.from("\n\n")]);
        usageSchema.parse(pass(protocol, facts, [wire === lines ? answered : stream]).reading.usage);
      };
      for (const name of names) {
        for (const deep of DEEP_VALUES) {
          take(oddText(request, name, [], deep, "after"), oddText({}, name, [], deep, "alone"));
        }
      }
      for (const answer of DEEP_ANSWERS) {
        take(bodyOf(request), utf8(answer));
      }
      fc.assert(fc.property(oddTexts(names, request), oddTexts(names, {}), take), { seed: 6, numRuns: 150 });
    });
  }
});
