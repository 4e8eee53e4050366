import assert from "node:assert/strict";
import { GoogleGenAI } from "@google/genai";
import { AzureOpenAI } from "openai";
import { startAzureUpstream } from "../upstreams/azureUpstream.ts";
import { startGoogleUpstream } from "../upstreams/googleUpstream.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { startVllmUpstream, type VllmUpstream } from "../upstreams/vllmUpstream.ts";
import { RunningSidecar } from "./runSidecar.ts";

const KEY = "planted-secret-key";

describe("a budget that switches models which stand in the path", function () {
  this.timeout(60_000);
  let google: Upstream;
  let azure: Upstream;
  let vllm: VllmUpstream;
  let sidecar: RunningSidecar;

  before(async () => {
    [google, azure, vllm] = await Promise.all([startGoogleUpstream(), startAzureUpstream(), startVllmUpstream()]);
    sidecar = await RunningSidecar.start({
      providers: {
        google: { protocol: "google", baseUrl: google.url },
        local: { protocol: "google", baseUrl: google.url, pricing: { kind: "free" } },
        azure: { protocol: "openai", baseUrl: azure.url },
        deployed: { protocol: "openai", baseUrl: `${azure.url}/deployments/team-chat` },
        vllm: { protocol: "openai", baseUrl: vllm.url, pricing: { kind: "free" } },
      },
      prices: [
        { provider: "azure", model: "team-chat", inputUsdPerMTok: 100, outputUsdPerMTok: 100 },
        { provider: "azure", model: "gpt-4o-mini", inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
        { provider: "deployed", model: "*", inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
      ],
      timeZone: "UTC",
    });
  });
  after(async () => {
    await sidecar?.remove();
    await Promise.all([google, azure, vllm].map((upstream) => upstream?.stop()));
  });

  /** Calls of a project go elsewhere from its first cost on. */
  const switching = (project: string, to: string | { provider: string; model: string }) =>
    sidecar.api.setBudget({
      name: project,
      limitUsd: 0.000_000_01,
      window: "total",
      hard: false,
      scope: { project },
      switchTo: { from: 0.1, to },
    });
  const booked = (id: string | null | undefined) => {
    assert.ok(id, "the answer names its call");
    return sidecar.api.call(id, 10_000);
  };

  async function generate(project: string, key = KEY) {
    const { google: baseUrl } = await sidecar.urls({ project });
    const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: baseUrl as string } });
    const { sdkHttpResponse } = await client.models.generateContent({ model: "gemini-2.5-pro", contents: "Hi" });
    const headers = sdkHttpResponse?.headers ?? {};
    return { headers, call: await booked(headers["x-tollgate-call-id"]) };
  }

  it("calls the other model of Google's, holds and books at its price, and says so", async () => {
    const before = await generate("g");
    await switching("g", { provider: "google", model: "gemini-2.5-flash-lite" });
    const { call, headers } = await generate("g");
    const [first, second] = google.requests.map(({ path }) => path);
    assert.equal(second, first?.replace("gemini-2.5-pro", "gemini-2.5-flash-lite"));
    assert.equal(headers["x-tollgate-switched-model"], "gemini-2.5-flash-lite");
    assert.deepEqual([call.model, call.requestedModel], ["gemini-2.5-flash-lite", "gemini-2.5-flash-lite"]);
    assert.deepEqual(call.standsInFor, { provider: "google", model: "gemini-2.5-pro", why: "budget", budget: "g" });
    assert.equal(call.rates?.output, 400_000, "0.40 USD for a million tokens");
    assert.ok(call.holdNanoUsd * 10 < before.call.holdNanoUsd);
  });

  it("takes neither header nor query with Google's key to another provider", async () => {
    await generate("k");
    await switching("k", { provider: "local", model: "gemini-2.5-flash" });
    const { google: baseUrl } = await sidecar.urls({ project: "k" });
    const response = await fetch(`${baseUrl}/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=${KEY}`, {
      method: "POST",
      body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] }),
    });
    await response.text();
    assert.equal(response.headers.get("x-tollgate-switched-provider"), "local");
    const { path, query, headers } = google.requests.at(-1) ?? assert.fail("nothing arrived");
    assert.equal(path, "/v1beta/models/gemini-2.5-flash:streamGenerateContent");
    assert.deepEqual([query.get("alt"), query.get("key"), headers["x-goog-api-key"]], ["sse", null, undefined]);
  });

  async function chat(project: string, provider = "azure") {
    const urls = await sidecar.urls({ project });
    const below = provider === "azure" ? "/deployments/team-chat" : "";
    const baseURL = `${urls[provider]}${below}`;
    const client = new AzureOpenAI({ apiKey: KEY, apiVersion: "2024-10-21", baseURL, maxRetries: 0 });
    const { response } = await client.chat.completions
      .create({ model: "team-chat", messages: [{ role: "user", content: "Hi" }] })
      .withResponse();
    return { response, call: await booked(response.headers.get("x-tollgate-call-id")) };
  }

  it("goes to Azure's deployment of that name, whether the path or the provider's address names it", async () => {
    const before = await chat("a");
    await switching("a", { provider: "azure", model: "gpt-4o-mini" });
    const { call, response } = await chat("a");
    assert.equal(azure.requests.at(-1)?.path, "/openai/deployments/gpt-4o-mini/chat/completions");
    assert.equal(response.headers.get("x-tollgate-switched-model"), "gpt-4o-mini");
    assert.equal(call.requestedModel, "gpt-4o-mini");
    assert.ok(call.holdNanoUsd * 50 < before.call.holdNanoUsd);
    await chat("b", "deployed");
    await switching("b", { provider: "deployed", model: "gpt-4o-mini" });
    assert.equal((await chat("b", "deployed")).call.requestedModel, "gpt-4o-mini");
    assert.equal(azure.requests.at(-1)?.path, "/openai/deployments/gpt-4o-mini/chat/completions");
  });

  it("reaches a local server from a deployment's path, and leaves deployments alone where a family alone is named", async () => {
    await chat("v");
    const { data } = (await (await fetch(`${vllm.url}/models`)).json()) as { data: { id: string }[] };
    const model = data[0]?.id as string;
    await switching("v", { provider: "vllm", model });
    const { call } = await chat("v");
    assert.deepEqual([call.provider, call.requestedModel, call.costNanoUsd], ["vllm", model, 0]);
    const { path, query, headers } = vllm.requests.at(-1) ?? assert.fail("nothing arrived");
    assert.deepEqual([path, query.get("api-version"), headers["api-key"]], ["/v1/chat/completions", null, undefined]);
    await chat("t");
    await switching("t", "haiku");
    assert.equal((await chat("t")).call.requestedModel, "team-chat");
  });
});
