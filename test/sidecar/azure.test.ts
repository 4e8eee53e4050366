import assert from "node:assert/strict";
import OpenAI, { AzureOpenAI } from "openai";
import { hard, OpenaiWorld } from "./openaiWorld.ts";

describe("Azure, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new OpenaiWorld();

  const apiVersion = "2024-10-21";
  const azureClient = async (one = world.sidecar, version = apiVersion) =>
    new AzureOpenAI({
      baseURL: (await one.urls()).azure ?? "",
      apiKey: "azure-key",
      apiVersion: version,
      maxRetries: 0,
    });
  const messages = [{ role: "user" as const, content: "Is the gate open?" }];

  it("is priced by the model that was served, whatever the deployment is called", async () => {
    const through = await azureClient();
    const { data, response } = await through.chat.completions.create({ model: "team-chat", messages }).withResponse();
    const call = await world.booked(response);
    assert.deepEqual([call.requestedModel, call.model, call.costBasis], ["team-chat", data.model, "catalog"]);
    assert.equal(call.costNanoUsd, call.usage.inputTokens * 150 + call.usage.outputTokens * 600);
    const sent = world.azure.requests.at(-1);
    assert.equal(sent?.path, "/openai/deployments/team-chat/chat/completions");
    assert.deepEqual([sent?.headers["api-key"], sent?.query.get("api-version")], ["azure-key", apiVersion]);
  });

  it("streams, and is asked for usage only where its version takes that", async () => {
    for (const [version, basis] of [
      [apiVersion, "reported"],
      ["2024-06-01", "estimated"],
    ] as const) {
      const through = await azureClient(world.sidecar, version);
      const { data, response } = await through.chat.completions
        .create({ model: "gpt-4o-mini", messages, stream: true })
        .withResponse();
      for await (const chunk of data) {
        assert.ok(chunk.choices.length > 0);
      }
      const call = await world.booked(response);
      assert.deepEqual([call.status, call.usageBasis], ["ok", basis], version);
      assert.ok(call.costNanoUsd > 0);
    }
  });

  it("is held by the deployment's name where that is a model's", async () => {
    const strict = await world.start(hard(1));
    const through = await azureClient(strict);
    const { response } = await through.chat.completions
      .create({ model: "gpt-4o-mini", messages, max_tokens: 100 })
      .withResponse();
    const call = await world.booked(response, strict);
    assert.ok(call.holdNanoUsd >= call.costNanoUsd && call.costNanoUsd > 0);
    await assert.rejects(
      through.chat.completions.create({ model: "team-chat", messages }),
      (error: InstanceType<typeof OpenAI.APIError>) => error.code === "price_unknown",
    );
  });

  it("speaks embeddings and the newer paths too", async () => {
    const through = await azureClient();
    const { response } = await through.embeddings.create({ model: "embed", input: "Hello" }).withResponse();
    const call = await world.booked(response);
    assert.deepEqual([call.protocol, call.requestedModel, call.costNanoUsd], ["openai-embeddings", "embed", 40]);
    const baseURL = `${(await world.sidecar.urls()).azure}/v1`;
    const newer = new OpenAI({ baseURL, apiKey: "k", defaultHeaders: { "api-key": "k" }, maxRetries: 0 });
    const chat = await newer.chat.completions.create({ model: "gpt-4o-mini", messages }).withResponse();
    assert.equal((await world.booked(chat.response)).requestedModel, "gpt-4o-mini");
  });
});
