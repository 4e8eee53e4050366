import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import type { Call } from "../../src/domain/call.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { batchAnswer } from "../upstreams/openaiBatchRoutes.ts";
import { chatPromptTokens, countTokens } from "../upstreams/tokens.ts";
import { clientOf } from "./openaiClient.ts";
import { hard, OpenaiWorld } from "./openaiWorld.ts";

describe("OpenAI's batches, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new OpenaiWorld();

  const lines = ["Is the gate open?", "And tomorrow, will the gate be open as well?"].map((content, at) => ({
    custom_id: `request-${at}`,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "gpt-4o-mini", messages: [{ role: "user", content }] },
  }));
  const input = lines.reduce((sum, { body }) => sum + chatPromptTokens(body), 0);
  const output = lines.length * countTokens(batchAnswer);

  async function upload(through: OpenAI): Promise<string> {
    const content = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return (await through.files.create({ file: await toFile(content, "in.jsonl"), purpose: "batch" })).id;
  }

  const order = async (through: OpenAI, metadata: Record<string, string> = {}) =>
    through.batches
      .create({
        input_file_id: await upload(through),
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
        metadata,
      })
      .withResponse();

  /** The next call that is corrected, from now on. */
  function correction(): Promise<{ corrected: Promise<Call> }> {
    return new Promise((listening) => {
      const enough = new AbortController();
      const corrected = new Promise<Call>((resolve) => {
        const onEvent = (event: TollgateEvent) => {
          if (event.type === "call.corrected") {
            enough.abort();
            resolve(event.call);
          }
        };
        world.sidecar.api.subscribe(
          { onStatus: () => listening({ corrected }), onEvent, onClose: () => {} },
          enough.signal,
        );
      });
    });
  }

  it("are refused under a hard budget, for the reason that is true", async () => {
    const strict = await clientOf(await world.start(hard(5)));
    const before = world.openai.requests.length;
    await assert.rejects(order(strict), (error: InstanceType<typeof OpenAI.APIError>) => {
      assert.deepEqual([error.status, error.code], [402, "cost_unbounded"]);
      assert.match(error.message, /how much work/);
      assert.doesNotMatch(error.message, /price/);
      return true;
    });
    assert.equal(world.openai.requests.length, before + 1, "the upload alone has reached the provider");
  });

  it("pass a hard budget at a provider where they cost nothing, however much they order", async () => {
    const strict = await world.start(hard(5));
    const { response } = await order(
      new OpenAI({ baseURL: (await strict.urls()).local, apiKey: "sk-x", maxRetries: 0 }),
    );
    const call = await world.booked(response, strict);
    assert.deepEqual([call.status, call.costNanoUsd, call.holdNanoUsd], ["ok", 0, 0]);
  });

  it("pass under none, and cost what they tell when they are done", async () => {
    const { data: batch, response } = await order(world.client);
    const ordered = await world.booked(response);
    assert.deepEqual(
      [ordered.protocol, ordered.usageBasis, ordered.costBasis, ordered.costNanoUsd, ordered.usage.outputTokens],
      ["openai-batches", "none", "unpriced", 0, 0],
    );
    const { corrected } = await correction();
    assert.equal((await world.client.batches.retrieve(batch.id)).status, "in_progress");
    assert.equal((await world.client.batches.retrieve(batch.id)).status, "completed");
    const call = await corrected;
    assert.deepEqual(
      [call.id, call.usageBasis, call.usage.inputTokens, call.usage.outputTokens],
      [ordered.id, "reported", input, output],
    );
    // gpt-4o-mini: 0.15 USD in, 0.60 USD out for a million tokens; a batch costs half of it.
    assert.equal(call.costNanoUsd, input * 75 + output * 300);
  });

  it("that tell no usage are read from the file of their results", async () => {
    const { data: batch, response } = await order(world.client, { usage: "none" });
    const { id } = await world.booked(response);
    const { corrected } = await correction();
    await world.client.batches.retrieve(batch.id);
    const { output_file_id: file = "" } = await world.client.batches.retrieve(batch.id);
    const results = await (await world.client.files.content(file)).text();
    assert.equal(results.trim().split("\n").length, lines.length);
    const call = await corrected;
    assert.deepEqual([call.id, call.usage.inputTokens, call.usage.outputTokens], [id, input, output]);
    assert.deepEqual([call.model, call.costNanoUsd], ["gpt-4o-mini", input * 75 + output * 300]);
  });
});
