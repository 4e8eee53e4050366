import assert from "node:assert/strict";
import OpenAI from "openai";
import type { Call } from "../../src/domain/call.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { responsesPrompt, searchResultTokens } from "../upstreams/openaiResponsesAnswer.ts";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { countTokens, type Json } from "../upstreams/tokens.ts";
import { RunningSidecar } from "./runSidecar.ts";

type Upstreams = Awaited<ReturnType<typeof startUpstreams>>;

/** gpt-4o-mini: 0.15 USD in, 0.60 USD out for a million tokens, so 150 and 600 nano-USD a token; a search is 0.01 USD. */
const MODEL = "gpt-4o-mini";
const costOf = (input: number, output: number, searches = 0) => input * 150 + output * 600 + searches * 10_000_000;
const hard = (limitUsd: number) => [{ name: "month", limitUsd, window: "month" }];

describe("OpenAI's responses, through the real sidecar process", function () {
  this.timeout(60_000);
  let upstreams: Upstreams;
  const started: RunningSidecar[] = [];

  async function start(budgets: unknown[] = []): Promise<{ sidecar: RunningSidecar; client: OpenAI }> {
    const providers = { openai: { protocol: "openai", baseUrl: upstreams.openai.url } };
    const sidecar = await RunningSidecar.start({ providers, budgets, gate: { waitMs: 0 }, timeZone: "UTC" });
    started.push(sidecar);
    return { sidecar, client: new OpenAI({ baseURL: (await sidecar.urls()).openai, apiKey: "sk-x" }) };
  }

  function booked(sidecar: RunningSidecar, { headers }: Response): Promise<Call> {
    return sidecar.api.call(headers.get("x-tollgate-call-id") ?? "", 10_000);
  }

  /** The next call that is corrected, from now on. */
  function corrections(sidecar: RunningSidecar): Promise<{ corrected: Promise<Call> }> {
    return new Promise((listening) => {
      const corrected = new Promise<Call>((resolve) => {
        const onEvent = (event: TollgateEvent) => {
          if (event.type === "call.corrected") {
            resolve(event.call);
          }
        };
        const onStatus = () => listening({ corrected });
        sidecar.api.subscribe({ onStatus, onEvent, onClose: () => {} }, new AbortController().signal);
      });
    });
  }

  const sent = (index = -1) => upstreams.openai.requests.at(index)?.body as Json;

  before(async () => {
    upstreams = await startUpstreams();
  });
  beforeEach(() => upstreams.openai.reset());
  afterEach(async () => {
    await Promise.all(started.splice(0).map((sidecar) => sidecar.remove()));
  });
  after(() => upstreams.stop());

  it("are booked with the tokens that the provider reported, at the catalogue's price", async () => {
    const { sidecar, client } = await start();
    const body = { model: MODEL, instructions: "Be brief.", input: "How do I sort a list?" };
    const { data, response } = await client.responses.create(body).withResponse();
    const call = await booked(sidecar, response);
    assert.equal(call.usage.inputTokens, countTokens(responsesPrompt(body)));
    assert.equal(call.usage.outputTokens, countTokens(data.output_text));
    assert.equal(call.costNanoUsd, costOf(call.usage.inputTokens, call.usage.outputTokens));
    assert.deepEqual(
      [call.status, call.protocol, call.usageBasis, call.model],
      ["ok", "openai-responses", "reported", "gpt-4o-mini-2024-07-18"],
    );
  });

  it("stream through as they are, and are booked by the report at their end", async () => {
    const { sidecar, client } = await start();
    const { data, response } = await client.responses
      .create({ model: MODEL, input: "[sim:split 7] Tell me about gates", stream: true })
      .withResponse();
    let text = "";
    let last = "";
    for await (const event of data) {
      text += event.type === "response.output_text.delta" ? event.delta : "";
      last = event.type;
    }
    assert.equal(last, "response.completed");
    const call = await booked(sidecar, response);
    assert.deepEqual([call.usage.outputTokens, call.usageBasis], [countTokens(text), "reported"]);
    assert.ok(call.firstTokenMs !== null);
    assert.deepEqual(Object.keys(sent()), ["model", "input", "stream"]);
  });

  it("that break off are booked as estimated, no less than what came", async () => {
    const { sidecar, client } = await start();
    upstreams.openai.script.next({ answerTokens: 500, cutAfter: 60 });
    const { data, response } = await client.responses
      .create({ model: MODEL, input: "hi", stream: true }, { maxRetries: 0 })
      .withResponse();
    let text = "";
    await assert.rejects(async () => {
      for await (const event of data) {
        text += event.type === "response.output_text.delta" ? event.delta : "";
      }
    });
    const call = await booked(sidecar, response);
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "upstream_closed", "estimated"]);
    assert.ok(text.length > 100 && call.usage.outputTokens >= countTokens(text));
  });

  it("are refused where they do not fit, in words that the client shows, at once and for good", async () => {
    const { sidecar, client } = await start(hard(0.000001));
    for (const stream of [false, true]) {
      const refused = client.responses.create({ model: MODEL, input: "hi", stream });
      await assert.rejects(refused, (thrown: InstanceType<typeof OpenAI.APIError>) => {
        assert.deepEqual([thrown.status, thrown.code], [402, "budget_exceeded"]);
        assert.match(thrown.message, /month/);
        return true;
      });
    }
    assert.equal(upstreams.openai.requests.length, 0);
    assert.equal((await sidecar.api.calls()).calls.length, 2);
  });

  it("get a lower output limit where the budget is tight, and never cost more than was held", async () => {
    const { sidecar, client } = await start(hard(0.001));
    upstreams.openai.script.default = { answerTokens: 5_000 };
    const body = { model: MODEL, input: "hi", max_output_tokens: 16_000, reasoning: { effort: "low" as const } };
    const { data, response } = await client.responses.create(body).withResponse();
    const clamped = Number(response.headers.get("x-tollgate-clamped-output"));
    assert.ok(clamped >= 256 && clamped < 1_700, String(clamped));
    assert.deepEqual([sent().max_output_tokens, sent().reasoning], [clamped, { effort: "low" }]);
    assert.deepEqual([data.status, data.incomplete_details?.reason], ["incomplete", "max_output_tokens"]);
    const call = await booked(sidecar, response);
    assert.ok(call.status === "ok" && call.costNanoUsd <= call.holdNanoUsd);
  });

  it("whose provider goes on beyond the limit are cut, with an error that ends the client's stream", async () => {
    const { sidecar, client } = await start(hard(0.0005));
    upstreams.openai.script.next({ answerTokens: 20_000, ignoreOutputLimit: true, gapMs: 1 });
    const { data, response } = await client.responses
      .create({ model: MODEL, input: "hi", stream: true })
      .withResponse();
    await assert.rejects(
      async () => {
        for await (const event of data) {
          assert.notEqual(event.type, "response.completed");
        }
      },
      (thrown: InstanceType<typeof OpenAI.APIError>) => thrown.code === "budget_cut",
    );
    const call = await booked(sidecar, response);
    assert.equal(call.errorType, "budget_cut");
    const limit = Number(response.headers.get("x-tollgate-clamped-output"));
    assert.ok(call.usage.outputTokens > limit && call.usage.outputTokens < 20_000, String(call.usage.outputTokens));
    await upstreams.openai.requests[0]?.clientGone;
  });

  it("that go on from an answer are held by what that answer's own call read and wrote", async () => {
    const { sidecar, client } = await start(hard(1));
    const first = await client.responses.create({ model: MODEL, input: `${"word ".repeat(2_000)} What is a gate?` });
    const { data, response } = await client.responses
      .create({ model: MODEL, input: "And a toll?", max_output_tokens: 100, previous_response_id: first.id })
      .withResponse();
    const call = await booked(sidecar, response);
    const earlier = first.usage?.total_tokens ?? 0;
    assert.ok(call.usage.inputTokens >= earlier && earlier > 2_500);
    assert.equal(call.usage.inputTokens, data.usage?.input_tokens);
    assert.ok(call.costNanoUsd <= call.holdNanoUsd);
    // The model's context is 128,000 tokens; the earlier turns are some 2,600.
    assert.ok(call.holdNanoUsd < costOf(earlier + 1_000, 100), String(call.holdNanoUsd));
  });

  it("whose earlier turns are not known are counted by the provider where the model's context does not fit", async () => {
    const { client } = await start();
    const first = await client.responses.create({ model: MODEL, input: "What is a gate?" });
    // 128,000 tokens are 0.0192 USD.
    const tight = await start(hard(0.01));
    const asked = { model: MODEL, input: "And a toll?", max_output_tokens: 100, previous_response_id: first.id };
    const { response } = await tight.client.responses.create(asked).withResponse();
    const call = await booked(tight.sidecar, response);
    assert.ok(call.costNanoUsd <= call.holdNanoUsd && call.holdNanoUsd < costOf(2_000, 100), String(call.holdNanoUsd));
    const paths = upstreams.openai.requests.map(({ path }) => path);
    assert.deepEqual(paths.slice(-2), ["/v1/responses/input_tokens", "/v1/responses"]);
    assert.deepEqual(Object.keys(sent(-2)).sort(), ["input", "model", "previous_response_id"]);
    const roomy = await start(hard(5));
    const held = await booked(roomy.sidecar, (await roomy.client.responses.create(asked).withResponse()).response);
    assert.ok(held.holdNanoUsd > costOf(128_000, 100), String(held.holdNanoUsd));
  });

  it("that may search are held to so many searches as the budget has room for, and pay for each", async () => {
    const tools = [{ type: "web_search" as const }];
    const question = { model: MODEL, input: "[sim:search 9] What is new?", max_output_tokens: 300, tools };
    const base = countTokens(responsesPrompt(question));
    for (const { limitUsd, searches } of [
      { limitUsd: 0.2, searches: 4 },
      { limitUsd: 0.03, searches: 1 },
    ]) {
      const { sidecar, client } = await start(hard(limitUsd));
      const { response } = await client.responses.create(question).withResponse();
      const call = await booked(sidecar, response);
      assert.equal(response.headers.get("x-tollgate-clamped-tool-calls"), String(searches));
      assert.deepEqual([sent().max_tool_calls, call.usage.webSearches], [searches, searches]);
      const input = base * (1 + searches) + (searchResultTokens * searches * (searches + 1)) / 2;
      assert.equal(call.costNanoUsd, costOf(input, call.usage.outputTokens, searches));
      assert.ok(call.costNanoUsd <= call.holdNanoUsd && call.holdNanoUsd <= limitUsd * 1e9);
    }
    const free = await start();
    const { response } = await free.client.responses.create(question).withResponse();
    assert.deepEqual([sent().max_tool_calls, (await booked(free.sidecar, response)).usage.webSearches], [undefined, 9]);
  });

  it("in the background are booked at their worst until they are fetched, then at what they cost", async () => {
    const { sidecar, client } = await start(hard(1));
    const { data, response } = await client.responses
      .create({ model: MODEL, input: "Write a long text", max_output_tokens: 4_000, background: true })
      .withResponse();
    assert.equal(data.status, "queued");
    const call = await booked(sidecar, response);
    assert.deepEqual([call.usageBasis, call.costNanoUsd], ["estimated", call.holdNanoUsd]);
    assert.ok(call.costNanoUsd >= costOf(0, 4_000));
    const { corrected } = await corrections(sidecar);
    assert.equal((await client.responses.retrieve(data.id)).status, "in_progress");
    const done = await client.responses.retrieve(data.id);
    assert.equal(done.status, "completed");
    const { id, usage, usageBasis, costNanoUsd } = await corrected;
    assert.deepEqual([id, usageBasis, usage.outputTokens], [call.id, "reported", done.usage?.output_tokens]);
    assert.equal(costNanoUsd, costOf(usage.inputTokens, usage.outputTokens));
    assert.equal((await sidecar.api.status()).budgets[0]?.spentNanoUsd, costNanoUsd);
  });

  it("in the background are booked at their worst as well where the answer that names them is lost", async () => {
    const { sidecar, client } = await start(hard(1));
    upstreams.openai.script.next({ cutAfter: 0 });
    const asked = { model: MODEL, input: "Write a long text", max_output_tokens: 4_000, background: true };
    await assert.rejects(client.responses.create(asked, { maxRetries: 0 }));
    const [call] = (await sidecar.api.calls({ limit: 1 })).calls;
    assert.deepEqual([call?.status, call?.usageBasis], ["error", "estimated"]);
    assert.ok(call?.costNanoUsd === call?.holdNanoUsd && (call?.costNanoUsd ?? 0) >= costOf(0, 4_000));
  });

  it("in the background are collected from a stream that is taken up again, as well", async () => {
    const { sidecar, client } = await start(hard(1));
    const { data, response } = await client.responses
      .create({ model: MODEL, input: "Write a long text", max_output_tokens: 4_000, background: true })
      .withResponse();
    const { id } = await booked(sidecar, response);
    const { corrected } = await corrections(sidecar);
    const stream = await client.responses.retrieve(data.id, { stream: true, starting_after: 3 });
    let output = 0;
    for await (const event of stream) {
      output = event.type === "response.completed" ? (event.response.usage?.output_tokens ?? 0) : output;
    }
    const call = await corrected;
    assert.deepEqual([call.id, call.usageBasis, call.usage.outputTokens], [id, "reported", output]);
  });
});
