import assert from "node:assert/strict";
import { type ApiError, type GenerateContentResponse, GoogleGenAI } from "@google/genai";
import { startGoogleUpstream } from "./googleUpstream.ts";
import { countTokens } from "./tokens.ts";
import type { Upstream } from "./upstreamServer.ts";

const question = { model: "gemini-2.5-flash", contents: "How do I sum a list of amounts?" };

describe("simulated Google", () => {
  let upstream: Upstream;
  let client: GoogleGenAI;

  before(async () => {
    upstream = await startGoogleUpstream();
    client = new GoogleGenAI({ apiKey: "right", httpOptions: { baseUrl: upstream.url } });
  });
  beforeEach(() => upstream.reset());
  after(() => upstream.stop());

  const streamed = async (asked: Parameters<typeof client.models.generateContentStream>[0]) => {
    const chunks: GenerateContentResponse[] = [];
    for await (const chunk of await client.models.generateContentStream(asked)) chunks.push(chunk);
    return chunks;
  };

  it("answers, and counts tokens the same way beforehand", async () => {
    const answer = await client.models.generateContent(question);
    const count = await client.models.countTokens(question);
    assert.equal(answer.usageMetadata?.promptTokenCount, count.totalTokens);
    assert.equal(answer.usageMetadata?.candidatesTokenCount, countTokens(answer.text ?? ""));
    assert.equal(answer.candidates?.[0]?.finishReason, "STOP");
    assert.equal(answer.modelVersion, "gemini-2.5-flash");
  });

  it("streams the same answer, and repeats the usage in every chunk", async () => {
    const whole = await client.models.generateContent(question);
    const chunks = await streamed(question);
    assert.equal(chunks.map((chunk) => chunk.text ?? "").join(""), whole.text);
    const said = chunks.map((chunk) => chunk.usageMetadata?.candidatesTokenCount ?? 0);
    assert.deepEqual(
      said,
      said.toSorted((a, b) => a - b),
    );
    assert.equal(said.at(-1), whole.usageMetadata?.candidatesTokenCount);
    assert.deepEqual(
      chunks.map((chunk) => chunk.candidates?.[0]?.finishReason !== undefined),
      chunks.map((_, index) => index === chunks.length - 1),
    );
  });

  it("streams an array where nobody asked for events", async () => {
    upstream.script.next({ splitBytes: 5 });
    const answer = await fetch(`${upstream.url}/v1beta/models/gemini-2.5-flash:streamGenerateContent?key=right`, {
      method: "POST",
      body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Why?" }] }] }),
    });
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
    const chunks = (await answer.json()) as GenerateContentResponse[];
    assert.ok(chunks.length > 3);
    assert.equal(chunks.at(-1)?.candidates?.[0]?.finishReason, "STOP");
  });

  it("stops at maxOutputTokens, thoughts counted first, shown where asked for", async () => {
    const config = { maxOutputTokens: 50, thinkingConfig: { includeThoughts: true } };
    upstream.script.next({ answerTokens: 100, reasoningTokens: 30 });
    const chunks = await streamed({ ...question, config });
    const last = chunks.at(-1);
    assert.deepEqual([last?.usageMetadata?.thoughtsTokenCount, last?.usageMetadata?.candidatesTokenCount], [30, 20]);
    assert.equal(last?.candidates?.[0]?.finishReason, "MAX_TOKENS");
    assert.equal(chunks[0]?.candidates?.[0]?.content?.parts?.[0]?.thought, true);
    assert.equal(chunks[0]?.usageMetadata?.candidatesTokenCount, undefined);
  });

  it("finds the beginning of a prompt again, as cached", async () => {
    const contents = "The same beginning. ".repeat(400);
    await client.models.generateContent({ ...question, contents });
    const again = await client.models.generateContent({ ...question, contents: `${contents} And?` });
    assert.ok((again.usageMetadata?.cachedContentTokenCount ?? 0) >= 1_024);
  });

  it("refuses wrong keys, models, limits and budgets", async () => {
    const failed = (asked: object, options: object = {}) =>
      new GoogleGenAI({ apiKey: "right", httpOptions: { baseUrl: upstream.url }, ...options }).models
        .generateContent({ ...question, ...asked })
        .then(
          () => assert.fail("nothing was refused"),
          (error: ApiError) => error,
        );
    assert.match((await failed({}, { apiKey: "wrong" })).message, /API key not valid/);
    assert.equal((await failed({ model: "gemini-0" })).status, 404);
    assert.match((await failed({ config: { maxOutputTokens: 70_000 } })).message, /maxOutputTokens value of 70000/);
    const budget = (thinkingBudget: number, model: string) =>
      failed({ model, config: { thinkingConfig: { thinkingBudget } } });
    assert.match((await budget(100, "gemini-2.5-flash-lite")).message, /between 512 and 24576/);
    assert.match((await budget(0, "gemini-2.5-pro")).message, /only works in thinking mode/);
  });

  it("fails as scripted, before and amid an answer", async () => {
    upstream.script.next({ error: { status: 429, retryAfterSeconds: 7 } }, { errorAfter: 2 });
    await assert.rejects(client.models.generateContent(question), (error: ApiError) => {
      assert.equal(error.status, 429);
      assert.match(error.message, /RESOURCE_EXHAUSTED.*"retryDelay":"7s"/);
      return true;
    });
    await assert.rejects(streamed(question), /INTERNAL/);
  });

  it("embeds without a word on tokens, as AI Studio does", async () => {
    const answer = await client.models.embedContent({ model: "gemini-embedding-001", contents: ["One", "Two"] });
    assert.equal(answer.embeddings?.length, 2);
  });
});
