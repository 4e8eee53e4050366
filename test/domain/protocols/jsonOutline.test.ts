import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { ASSEMBLED, assembledOutline } from "../../../scripts/assembleOutline.ts";
import { BadRequestError, NO_CONTEXT, type RequestContext } from "../../../src/domain/protocol.ts";
import { readMessagesRequest } from "../../../src/domain/protocols/anthropicRequest.ts";
import { readInvoke } from "../../../src/domain/protocols/bedrockInvokeRequest.ts";
import { readConverse } from "../../../src/domain/protocols/bedrockRequest.ts";
import { readGenerateRequest } from "../../../src/domain/protocols/googleRequest.ts";
import { outlineOf, parseOutline } from "../../../src/domain/protocols/jsonOutline.ts";
import { ANY_HOST } from "../../../src/domain/protocols/openaiChatDialect.ts";
import { readChatRequest } from "../../../src/domain/protocols/openaiChatRequest.ts";
import { readResponsesRequest } from "../../../src/domain/protocols/openaiResponsesRequest.ts";
import { oddJson } from "./oddEvents.ts";
import { utf8 } from "./streams.ts";

/** So long that it is left out, and with all that a search for quotes and brackets can stumble over. */
const longText = fc
  .array(fc.constantFrom("word ", '"', "\\", '\\"', "\n", "{", "}", "[", "]", ":", ",", "é", "→", "😀", '","text":"'))
  .map((parts) => parts.join("") + "x".repeat(60));
const shortText = fc.constantFrom("", "a", '"', "\\", '\\"', "{[", "]}", '":"', "é😀", "text");
const names = fc.constantFrom(
  "content",
  "text",
  "input",
  "parameters",
  "tool_calls",
  "role",
  "data",
  "my_text",
  'a"text',
);

const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium" },
    fc.oneof(shortText, longText, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 5 }),
  ),
}));

/** What is to be left of a value, as jsonOutline.ts says it, slowly. */
function outlined(value: unknown, name = ""): unknown {
  const has = (...some: string[]) => some.includes(name);
  if (typeof value === "string") {
    return value.length >= 60 && has("content", "text", "input") ? "." : value;
  }
  if (Array.isArray(value)) {
    return has("tool_calls") ? [] : value.map((item) => outlined(item));
  }
  if (typeof value === "object" && value !== null) {
    return has("input", "parameters")
      ? {}
      : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, outlined(inner, key)]));
  }
  return value;
}

describe("the outline of a request", () => {
  it("is the request without its long texts and what tools take, however it is written", () => {
    fc.assert(
      fc.property(anyJson, oddJson, (value, write) => {
        const text = write({ value });
        assert.deepEqual(JSON.parse(String(outlineOf(utf8(text)))), outlined(JSON.parse(text)));
      }),
      { seed: 41, numRuns: 1_000 },
    );
  });

  it("is refused, as the request is, where it is no JSON, and never reads beyond it", () => {
    const pieces = fc.constantFrom(
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      " ",
      '"text":"',
      '"input":{',
      "x".repeat(50),
    );
    const filler = `{"text":"${"z".repeat(8_192)}",`;
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const body = utf8(filler + parts.join(""));
        let outline: unknown;
        try {
          outline = parseOutline(body);
        } catch (error) {
          assert.ok(error instanceof BadRequestError);
          return;
        }
        assert.equal(typeof outline, "object");
      }),
      { seed: 42, numRuns: 2_000 },
    );
    assert.throws(() => parseOutline(utf8(`{"text":"${"z".repeat(9_000)}`)), BadRequestError);
    assert.throws(() => parseOutline(utf8(`["${"z".repeat(9_000)}"]`)), BadRequestError);
  });

  it("tells every reader of requests what the whole request tells", () => {
    fc.assert(
      fc.property(request, fc.constantFrom(...READERS), (value, read) => {
        const json = JSON.stringify(value);
        // Spaces at the end make the same request one that is read in outline, and one too long for that.
        const inOutline = factsOf(read, json + " ".repeat(8_192));
        const whole = factsOf(read, json + " ".repeat(1_048_576));
        assert.deepEqual(inOutline, whole);
      }),
      { seed: 43, numRuns: 700 },
    );
  });

  it("is made by what its source says", async () => {
    assert.equal(readFileSync(ASSEMBLED, "utf8"), await assembledOutline());
  });
});

type Reader = (body: Buffer, context: RequestContext) => object;

const READERS: readonly Reader[] = [
  (body, context) => readChatRequest(body, ANY_HOST, context),
  readResponsesRequest,
  readMessagesRequest,
  readGenerateRequest,
  (body, context) => readConverse(body, { ...context, path: "/model/anthropic.claude-sonnet-4/converse" }),
  (body, context) => readInvoke(body, { ...context, path: "/model/anthropic.claude-sonnet-4/invoke" }),
  (body, context) => readInvoke(body, { ...context, path: "/model/meta.llama3-70b/invoke" }),
];

/** What a reader says of a request, but for its bytes: they are counted as this many tokens. */
function factsOf(read: Reader, text: string): object {
  try {
    const { promptBytes, ...facts } = read(utf8(text), { ...NO_CONTEXT, textTokens: 5 }) as { promptBytes: number };
    return { ...facts, promptBytes: promptBytes - text.length };
  } catch (error) {
    assert.ok(error instanceof BadRequestError);
    return { refused: error.message };
  }
}

const media = fc.constantFrom<unknown>(
  { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(400)}` } },
  { type: "input_audio", input_audio: { data: "A".repeat(300), format: "wav" } },
  { type: "file", file: { file_data: `data:application/pdf;base64,${"A".repeat(500)}` } },
  { type: "input_image", image_url: `data:image/png;base64,${"A".repeat(400)}`, detail: "high" },
  { type: "input_file", file_data: "A".repeat(200) },
  { type: "image", source: { type: "base64", media_type: "image/png", data: "A".repeat(400) } },
  { type: "document", source: { type: "text", data: "long text ".repeat(20) } },
  { type: "container_upload", file_id: "file_1" },
  { type: "item_reference", id: "item_1" },
  { inlineData: { mimeType: "audio/mp3", data: "A".repeat(600) } },
  { image: { format: "png", source: { bytes: "A".repeat(400) } } },
  { document: { format: "pdf", name: "d", source: { bytes: "A".repeat(400) } } },
);
const shown = fc.constant({
  type: "computer_call_output",
  output: { type: "computer_screenshot", image_url: `data:image/png;base64,${"A".repeat(99)}` },
});
const said = longText.map((text) => ({ type: "text", text }));
const called = longText.map((text) => ({ type: "tool_use", id: "t", name: "edit", input: { path: "a", text } }));
const part = fc.oneof(media, said, called);
const content = fc.oneof(
  longText,
  fc.array(fc.oneof(part, fc.record({ type: fc.constant("tool_result"), content: fc.array(part, { maxLength: 3 }) })), {
    maxLength: 4,
  }),
);
const message = fc.record(
  {
    role: fc.constantFrom("user", "assistant", "tool"),
    content,
    output: fc.oneof(longText, fc.array(part, { maxLength: 2 }), part),
    parts: fc.array(part, { maxLength: 3 }),
    tool_calls: fc.constant([{ id: "c", type: "function", function: { name: "f", arguments: '{"a":1}' } }]),
    reasoning_content: longText,
    id: fc.constant("item_1"),
  },
  { requiredKeys: [] },
);
const schema = { type: "object", properties: { path: { type: "string", description: "where it stands" } } };
const tool = fc.constantFrom<unknown>(
  { type: "function", function: { name: "f", description: "what it does ".repeat(9), parameters: schema } },
  { type: "function", name: "f", parameters: schema },
  { name: "f", description: "what it does ".repeat(9), input_schema: schema },
  { type: "web_search_20250305", name: "web_search", max_uses: 3 },
  { type: "web_search" },
  { type: "code_interpreter", container: { type: "auto" } },
  { functionDeclarations: [{ name: "f", parameters: schema }], googleSearch: {} },
  { type: "advisor_20260301", model: "claude-opus-4-6", max_uses: 2 },
);
const request = fc.record(
  {
    model: fc.constantFrom("gpt-4o", "claude-sonnet-4-5", "gpt-5"),
    messages: fc.array(message, { maxLength: 4 }),
    contents: fc.array(message, { maxLength: 4 }),
    input: fc.oneof(
      longText,
      fc.array(fc.oneof(message, part, shown), { minLength: 1, maxLength: 4 }),
      fc.constant({ a: 1 }),
    ),
    system: fc.oneof(longText, fc.array(part, { maxLength: 2 })),
    instructions: longText,
    tools: fc.array(tool, { maxLength: 4 }),
    prediction: longText.map((text) => ({ type: "content", content: text })),
    prompt: fc.record({
      id: fc.constant("p"),
      variables: fc.record({ input: media, parameters: media, text: longText }),
    }),
    additionalModelRequestFields: fc.constantFrom({ parameters: { max_new_tokens: 7 } }, { thinking: { budget: 9 } }),
    parameters: fc.constant({ max_new_tokens: 9 }),
    max_tokens: fc.constantFrom(100, -1, "many"),
    max_gen_len: fc.constant(30),
    anthropic_version: fc.constant("bedrock-2023-05-31"),
    stream: fc.boolean(),
  },
  { requiredKeys: ["model"] },
);
