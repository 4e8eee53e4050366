import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiError, type GenerateContentResponse, GoogleGenAI } from "@google/genai";
import type { Call } from "../../src/domain/call.ts";
import { startGoogleUpstream } from "../upstreams/googleUpstream.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { RunningSidecar } from "./runSidecar.ts";

const KEY = "AIza-planted-secret";
const MODEL = "gemini-2.5-flash";
/** gemini-2.5-flash: 0.30 USD in, 0.03 cached, 2.50 out for a million tokens, as nano-USD a token. */
const [INPUT, CACHED, OUTPUT] = [300, 30, 2_500];
const costOf = ({ usage: { inputTokens, cachedInputTokens, outputTokens } }: Call) =>
  (inputTokens - cachedInputTokens) * INPUT + cachedInputTokens * CACHED + outputTokens * OUTPUT;

describe("Google's API, through the real sidecar process", function () {
  this.timeout(60_000);
  let upstream: Upstream;
  let sidecar: RunningSidecar;

  before(async () => {
    upstream = await startGoogleUpstream();
    sidecar = await RunningSidecar.start({
      providers: {
        google: { protocol: "google", baseUrl: upstream.url },
        // A base that holds the version, as some documents give it.
        gemini: { protocol: "google", baseUrl: `${upstream.url}/v1beta`, pricing: { kind: "free" } },
      },
      budgets: [
        { name: "tight", limitUsd: 0.01, window: "total", scope: { project: "tight" } },
        { name: "empty", limitUsd: 0.000_001, window: "total", scope: { project: "empty" } },
        { name: "cache", limitUsd: 0.1, window: "total", scope: { project: "cache" } },
      ],
      gate: { waitMs: 0 },
      timeZone: "UTC",
    });
  });
  beforeEach(() => upstream.reset());
  after(async () => {
    await sidecar?.remove();
    await upstream?.stop();
  });

  /** Google's own client, which tries again where an answer invites it to. */
  const clientOf = async (project?: string) => {
    const { google } = await sidecar.urls(project === undefined ? {} : { project });
    const retryOptions = { attempts: 3, initialDelay: 0.01 };
    return new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: google as string, retryOptions } });
  };
  const bookedAs = (id: string | null | undefined) => {
    assert.ok(id, "the answer names its call");
    return sidecar.api.call(id, 10_000);
  };
  const booked = ({ sdkHttpResponse }: GenerateContentResponse) =>
    bookedAs(sdkHttpResponse?.headers?.["x-tollgate-call-id"]);
  const post = async (project: string, rest: string, body: object) => {
    const { google } = await sidecar.urls({ project });
    return fetch(`${google}${rest}`, { method: "POST", body: JSON.stringify(body) });
  };

  it("books an answer with all its tokens, thoughts among the output, at the catalogue's price", async () => {
    upstream.script.next({ reasoningTokens: 40 });
    const answer = await (await clientOf()).models.generateContent({ model: MODEL, contents: "What is a gate?" });
    const call = await booked(answer);
    const { promptTokenCount, candidatesTokenCount = 0 } = answer.usageMetadata ?? {};
    assert.deepEqual(
      [call.usage.inputTokens, call.usage.outputTokens, call.usage.reasoningTokens],
      [promptTokenCount, candidatesTokenCount + 40, 40],
    );
    assert.equal(call.costNanoUsd, costOf(call));
    // The prompt holds no sound, so nothing is held at the rate for it: bytes at 300 nano-USD, and the longest answer.
    const body = upstream.requests.at(-1)?.rawBody.length ?? 0;
    assert.equal(call.holdNanoUsd, (body + 200) * INPUT + 65_536 * OUTPUT);
    assert.deepEqual(
      [call.protocol, call.model, call.requestedModel, call.usageBasis, call.costBasis, call.stream],
      ["google-generate", MODEL, MODEL, "reported", "catalog", false],
    );
  });

  it("books a stream by its last report, and cached input at its own rate", async () => {
    const client = await clientOf();
    const contents = "The same beginning of a long prompt. ".repeat(200);
    await client.models.generateContent({ model: MODEL, contents });
    const chunks: GenerateContentResponse[] = [];
    for await (const chunk of await client.models.generateContentStream({
      model: MODEL,
      contents: `${contents} Why?`,
    })) {
      chunks.push(chunk);
    }
    const last = chunks.at(-1);
    assert.ok(last !== undefined && chunks.length > 3);
    const call = await booked(last);
    assert.equal(call.usage.outputTokens, last.usageMetadata?.candidatesTokenCount);
    assert.equal(call.usage.cachedInputTokens, last.usageMetadata?.cachedContentTokenCount);
    assert.ok(call.usage.cachedInputTokens >= 1_024);
    assert.deepEqual([call.costNanoUsd, call.stream, call.usageBasis], [costOf(call), true, "reported"]);
    assert.ok(call.firstTokenMs !== null);
  });

  it("meters an array over time, cut anywhere, and never writes down a key that stands in the query", async () => {
    upstream.script.next({ splitBytes: 11 });
    const rest = `/v1beta/models/${MODEL}:streamGenerateContent?key=${KEY}`;
    const answer = await post("web", rest, { contents: [{ role: "user", parts: [{ text: "planted prompt" }] }] });
    const chunks = (await answer.json()) as GenerateContentResponse[];
    const call = await bookedAs(answer.headers.get("x-tollgate-call-id"));
    assert.equal(upstream.requests.at(-1)?.query.get("key"), KEY);
    assert.equal(call.usage.outputTokens, chunks.at(-1)?.usageMetadata?.candidatesTokenCount);
    assert.equal(call.costNanoUsd, costOf(call));
    const files = readdirSync(sidecar.dataDir, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    for (const file of files) {
      const content = readFileSync(join(file.parentPath, file.name), "latin1");
      assert.ok(!content.includes(KEY) && !content.includes("planted prompt"), file.name);
    }
  });

  it("passes model lists and token counts, and books nothing for them", async () => {
    const before = (await sidecar.api.calls({})).calls.length;
    const client = await clientOf("empty");
    assert.ok((await client.models.countTokens({ model: MODEL, contents: "How many?" })).totalTokens);
    assert.equal((await client.models.get({ model: MODEL })).name, `models/${MODEL}`);
    const { gemini } = await sidecar.urls();
    assert.ok((await fetch(`${gemini}/models?key=${KEY}`)).ok);
    assert.equal((await sidecar.api.calls({})).calls.length, before);
  });

  it("lowers the limit to what a budget still buys, and the budget for thinking with it", async () => {
    const config = { maxOutputTokens: 60_000, temperature: 0.5, thinkingConfig: { thinkingBudget: 20_000 } };
    const answer = await (await clientOf("tight")).models.generateContent({ model: MODEL, contents: "Why?", config });
    const sent = upstream.requests.at(-1)?.body?.generationConfig as typeof config;
    const clamped = Number(answer.sdkHttpResponse?.headers?.["x-tollgate-clamped-output"]);
    assert.ok(clamped >= 256 && clamped * OUTPUT <= 10_000_000);
    assert.equal(sent.maxOutputTokens, clamped);
    assert.equal(sent.thinkingConfig.thinkingBudget, Math.floor(clamped * 0.8));
    assert.equal(sent.temperature, 0.5);
    const call = await booked(answer);
    assert.equal(call.costNanoUsd, costOf(call));
    assert.ok(call.costNanoUsd <= call.holdNanoUsd && call.holdNanoUsd <= 10_000_000);
  });

  it("refuses what does not fit, so that Google's client shows why and does not try again", async () => {
    const client = await clientOf("empty");
    for (const ask of [
      () => client.models.generateContent({ model: MODEL, contents: "Why?" }),
      () => client.models.generateContentStream({ model: MODEL, contents: "Why?" }),
    ]) {
      const before = (await sidecar.api.calls({ status: "refused" })).calls.length;
      await assert.rejects(ask(), (error: ApiError) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.status, 402);
        assert.match(JSON.parse(error.message).error.message, /empty/);
        return true;
      });
      assert.equal((await sidecar.api.calls({ status: "refused" })).calls.length, before + 1);
    }
    assert.equal(upstream.requests.length, 0);
  });

  it("cuts a stream that goes on beyond its limit, as events and as an array", async () => {
    const runaway = { answerTokens: 6_000, ignoreOutputLimit: true };
    upstream.script.next(runaway, runaway);
    const client = await clientOf("tight");
    await assert.rejects(async () => {
      for await (const _ of await client.models.generateContentStream({ model: MODEL, contents: "Why?" }));
    }, /cut this answer/);
    const asked = { contents: [{ role: "user", parts: [{ text: "Why?" }] }] };
    const answer = await post("tight", `/v1beta/models/${MODEL}:streamGenerateContent?key=${KEY}`, asked);
    const elements = (await answer.json()) as Array<{ error?: { message: string } }>;
    assert.match(elements.at(-1)?.error?.message ?? "", /cut this answer/);
    const call = await bookedAs(answer.headers.get("x-tollgate-call-id"));
    assert.equal(call.errorType, "budget_cut");
    assert.ok(call.costNanoUsd <= call.holdNanoUsd + 100 * OUTPUT);
    const { budgets } = await sidecar.api.status();
    assert.ok((budgets.find(({ name }) => name === "tight")?.spentNanoUsd ?? 0) <= 10_000_000);
  });

  it("asks Google what is in a cache, and in a film that lies elsewhere, and holds the whole context where it does not say", async () => {
    const client = await clientOf("cache");
    const named = (cachedContent: string) => ({ maxOutputTokens: 300, cachedContent });
    const config = named("cachedContents/tokens-5000");
    const call = await booked(await client.models.generateContent({ model: MODEL, contents: "Why?", config }));
    assert.equal(call.usage.cachedInputTokens, 5_000);
    assert.ok(call.usage.inputTokens > 5_000 && call.costNanoUsd <= call.holdNanoUsd);
    assert.equal(call.costNanoUsd, costOf(call));
    const film = { fileData: { fileUri: "https://host.example/film.mp4", mimeType: "video/mp4" } };
    const seen = await booked(
      await client.models.generateContent({ model: MODEL, contents: [film, { text: "Why?" }] }),
    );
    assert.ok(seen.costNanoUsd <= seen.holdNanoUsd);
    const before = upstream.requests.length;
    const unknown = client.models.generateContent({
      model: MODEL,
      contents: "Why?",
      config: named("cachedContents/gone"),
    });
    await assert.rejects(unknown, /cache/);
    assert.deepEqual(
      upstream.requests.slice(before).map(({ path }) => path.split(":").at(-1)),
      ["countTokens"],
    );
  });

  it("estimates embeddings, of which AI Studio tells no tokens", async () => {
    const client = await clientOf();
    await client.models.embedContent({ model: "gemini-embedding-001", contents: ["twelve chars", "and the rest"] });
    const [call] = (await sidecar.api.calls({ limit: 1 })).calls;
    // 24 bytes at 3 a token, at 0.15 USD a million.
    assert.deepEqual([call?.protocol, call?.usage.inputTokens, call?.usageBasis], ["google-embed", 8, "estimated"]);
    assert.equal(call?.costNanoUsd, 8 * 150);
  });
});
