import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import Anthropic from "@anthropic-ai/sdk";
import type { Call } from "../../src/domain/call.ts";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** At half the price of claude-haiku-4-5, a token costs 500 nano-USD in and 2,500 out; claude-sonnet-4-5 three times that. */
const HAIKU = "claude-haiku-4-5";
const SONNET = "claude-sonnet-4-5";
const halfPrice = (input: number, output: number, times = 1) => times * (input * 500 + output * 2_500);
const hard = (limitUsd: number, scope = {}) => ({ name: "month", limitUsd, window: "month", scope });

const params = (content: string, model = HAIKU) => ({
  model,
  max_tokens: 1_000,
  messages: [{ role: "user" as const, content }],
});
const requests = (...all: ReturnType<typeof params>[]) => ({
  requests: all.map((one, index) => ({ custom_id: `r${index}`, params: one })),
});

describe("Anthropic's batches, through the real sidecar process", function () {
  this.timeout(60_000);
  let upstreams: Awaited<ReturnType<typeof startUpstreams>>;
  const started: RunningSidecar[] = [];
  const servers: Server[] = [];

  async function start(
    budgets: unknown[],
    { baseUrl = upstreams.anthropic.url, dataDir }: { baseUrl?: string; dataDir?: string } = {},
  ): Promise<{ sidecar: RunningSidecar; client: Anthropic }> {
    const providers = { anthropic: { protocol: "anthropic", baseUrl } };
    const config = { providers, budgets, gate: { waitMs: 0 }, timeZone: "UTC" };
    const sidecar = await RunningSidecar.start(config, dataDir === undefined ? {} : { dataDir });
    started.push(sidecar);
    const { anthropic: baseURL } = await sidecar.urls();
    return { sidecar, client: new Anthropic({ baseURL, apiKey: "sk-x", maxRetries: 0 }) };
  }

  const resultLine = (text: string) => {
    const usage = { input_tokens: 10, output_tokens: 20 };
    const message = { type: "message", model: HAIKU, content: [{ type: "text", text }], usage };
    return `${JSON.stringify({ custom_id: "r0", result: { type: "succeeded", message } })}\n`;
  };

  /** A provider whose one batch has these results. */
  async function serveBatch(results: string, encoding = "identity"): Promise<string> {
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        const isResults = request.url?.endsWith("/results") === true;
        const body = isResults ? results : JSON.stringify({ id: "msgbatch_1", type: "message_batch" });
        const isPacked = isResults && encoding === "gzip";
        response.writeHead(200, { "content-encoding": isPacked ? "gzip" : "identity" });
        response.end(isPacked ? gzipSync(body) : body);
      });
    });
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const booked = (sidecar: RunningSidecar, { headers }: Response): Promise<Call> =>
    sidecar.api.call(headers.get("x-tollgate-call-id") ?? "", 10_000);

  /** Fetches the results as the official client does, once the batch has ended; gives what the answers cost. */
  async function fetchResults(client: Anthropic, id: string): Promise<number> {
    let cost = 0;
    for await (const { result } of await client.messages.batches.results(id)) {
      if (result.type === "succeeded") {
        const { model, usage } = result.message;
        cost += halfPrice(usage.input_tokens, usage.output_tokens, model.startsWith(SONNET) ? 3 : 1);
      }
    }
    return cost;
  }

  /** The call as it stands when it has been corrected. */
  async function corrected(sidecar: RunningSidecar, id: string): Promise<Call> {
    for (let asked = 0; asked < 500; asked += 1) {
      const call = await sidecar.api.call(id, 1_000);
      if (call.usageBasis === "reported") {
        return call;
      }
    }
    assert.fail("The call was not corrected");
  }

  before(async () => {
    upstreams = await startUpstreams();
  });
  beforeEach(() => upstreams.anthropic.reset());
  afterEach(async () => {
    // The last first: a folder is removed when nobody is left in it.
    for (const sidecar of started.splice(0).reverse()) {
      await sidecar.remove();
    }
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  after(() => upstreams.stop());

  it("are booked at their worst until their results are fetched, then once at what they cost", async () => {
    const { sidecar, client } = await start([hard(1)]);
    const body = requests(params("Write a poem"), params("And one more", SONNET), params("[sim:error 500] fail"));
    const { data: batch, response } = await client.messages.batches.create(body).withResponse();
    assert.equal(batch.processing_status, "in_progress");
    const call = await booked(sidecar, response);
    assert.deepEqual(
      [call.status, call.protocol, call.usageBasis, call.costNanoUsd, call.requestedModel],
      ["ok", "anthropic-batches", "estimated", call.holdNanoUsd, HAIKU],
    );
    // 1,000 tokens of output each, and no prompt of some hundred bytes has more than a thousand tokens.
    const output = halfPrice(0, 2_000) + halfPrice(0, 1_000, 3);
    assert.ok(call.costNanoUsd > output && call.costNanoUsd < output + halfPrice(2_000, 0) + halfPrice(1_000, 0, 3));
    const spent = async () => (await sidecar.api.status()).budgets[0]?.spentNanoUsd;
    assert.equal(await spent(), call.costNanoUsd);
    assert.equal((await client.messages.batches.retrieve(batch.id)).processing_status, "in_progress");
    const cost = await fetchResults(client, batch.id);
    assert.match(upstreams.anthropic.requests.at(-1)?.path ?? "", /\/results$/);
    const after = await corrected(sidecar, call.id);
    assert.ok(cost > 0 && cost < call.costNanoUsd);
    assert.deepEqual([after.costNanoUsd, await spent()], [cost, cost]);
    assert.equal(await fetchResults(client, batch.id), cost);
    const { dataDir } = sidecar;
    await sidecar.stop();
    const again = await start([hard(1)], { dataDir });
    assert.equal(await fetchResults(again.client, batch.id), cost);
    const corrections = await again.sidecar.api.corrections(call.id);
    assert.deepEqual(
      corrections.map(({ by, beforeNanoUsd, afterNanoUsd }) => [by, beforeNanoUsd, afterNanoUsd]),
      [["gateway", call.costNanoUsd, cost]],
    );
    assert.equal((await again.sidecar.api.status()).budgets[0]?.spentNanoUsd, cost);
  });

  it("are known again after a crash of the sidecar", async () => {
    const before = await start([hard(1)]);
    const { data: batch, response } = await before.client.messages.batches
      .create(requests(params("Write a poem")))
      .withResponse();
    const { id } = await booked(before.sidecar, response);
    await before.sidecar.kill();
    const { sidecar, client } = await start([hard(1)], { dataDir: before.sidecar.dataDir });
    await client.messages.batches.retrieve(batch.id);
    const cost = await fetchResults(client, batch.id);
    assert.equal((await corrected(sidecar, id)).costNanoUsd, cost);
  });

  it("are refused where all of their requests do not fit, and not sent", async () => {
    const most = halfPrice(0, 1_000) / 1e9;
    const { client } = await start([hard(3.5 * most)]);
    await client.messages.batches.create(requests(params("a"), params("b"), params("c")));
    const tight = await start([hard(2.9 * most)]);
    await assert.rejects(
      tight.client.messages.batches.create(requests(params("a"), params("b"), params("c"))),
      (thrown: InstanceType<typeof Anthropic.APIError>) => thrown.status === 402 && /month/.test(thrown.message),
    );
    assert.equal(upstreams.anthropic.requests.length, 1);
  });

  it("count their tokens where their bytes do not fit", async () => {
    const long = params("something to be counted ".repeat(2_000));
    // Each has 48,000 bytes, some 8,000 tokens of o200k, and no more than twice as many of Claude's.
    const { client } = await start([hard(halfPrice(2 * 20_000, 2_000) / 1e9)]);
    await client.messages.batches.create(requests(long, long));
  });

  it("of several models are refused by a hard budget of only some of them", async () => {
    const both = requests(params("a"), params("b", SONNET));
    for (const model of [HAIKU, "*sonnet*"]) {
      const { client } = await start([hard(1, { model })]);
      await assert.rejects(
        client.messages.batches.create(both),
        (thrown: InstanceType<typeof Anthropic.APIError>) => thrown.status === 402 && /one by one/.test(thrown.message),
      );
    }
    for (const model of ["claude-*", "claude-opus-*"]) {
      const { client } = await start([hard(1, { model })]);
      await client.messages.batches.create(both);
    }
  });

  it("that are cancelled before anything was answered cost nothing", async () => {
    const { sidecar, client } = await start([hard(1)]);
    const { data: batch, response } = await client.messages.batches.create(requests(params("a"))).withResponse();
    const call = await booked(sidecar, response);
    assert.equal((await client.messages.batches.cancel(batch.id)).processing_status, "canceling");
    await client.messages.batches.retrieve(batch.id);
    assert.equal((await client.messages.batches.retrieve(batch.id)).processing_status, "ended");
    assert.equal((await corrected(sidecar, call.id)).costNanoUsd, 0);
  });

  it("whose answer is lost stay booked at their worst, for they go on", async () => {
    const { sidecar, client } = await start([hard(1)]);
    upstreams.anthropic.script.next({ cutAfter: 0 });
    await assert.rejects(client.messages.batches.create(requests(params("a"))));
    const { calls } = await sidecar.api.calls({ limit: 1 });
    const [call] = calls;
    assert.deepEqual([call?.status, call?.usageBasis], ["error", "estimated"]);
    assert.ok(call?.costNanoUsd === call?.holdNanoUsd && (call?.costNanoUsd ?? 0) > halfPrice(0, 1_000));
    upstreams.anthropic.script.next({ error: { status: 400 } });
    await assert.rejects(client.messages.batches.create(requests(params("a"))));
    assert.equal((await sidecar.api.calls({ limit: 1 })).calls[0]?.costNanoUsd, 0);
  });

  it("are collected from results that come compressed unasked", async () => {
    const baseUrl = await serveBatch(resultLine("A gate."), "gzip");
    const { sidecar, client } = await start([hard(1)], { baseUrl });
    const { response } = await client.messages.batches.create(requests(params("a"))).withResponse();
    const { id } = await booked(sidecar, response);
    await fetch(`${(await sidecar.urls()).anthropic}/v1/messages/batches/msgbatch_1/results`);
    assert.equal((await corrected(sidecar, id)).costNanoUsd, halfPrice(10, 20));
  });

  it("pass on results that are too large to be read, and say so in the log", async () => {
    const line = resultLine("x".repeat(9_000_000));
    const { sidecar, client } = await start([hard(1)], { baseUrl: await serveBatch(line) });
    const { response } = await client.messages.batches.create(requests(params("a"))).withResponse();
    const call = await booked(sidecar, response);
    const { anthropic: base } = await sidecar.urls();
    const answer = await fetch(`${base}/v1/messages/batches/msgbatch_1/results`);
    assert.equal(await answer.text(), line);
    assert.deepEqual(await sidecar.api.corrections(call.id), []);
    assert.match(sidecar.log, /msgbatch_1\/results was passed on, but it is larger than is read/);
  });
});
