import assert from "node:assert/strict";
import OpenAI, { AzureOpenAI, toFile } from "openai";
import type { Call } from "../../src/domain/call.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { wavOf } from "../domain/protocols/sounds.ts";
import { startAzureUpstream } from "../upstreams/azureUpstream.ts";
import { batchAnswer } from "../upstreams/openaiBatchRoutes.ts";
import { editedTokens, heardText, heardTokens, soundBytes, spokenTokens } from "../upstreams/openaiMediaRoutes.ts";
import { startOpenaiUpstream } from "../upstreams/openaiUpstream.ts";
import { chatPromptTokens, countTokens } from "../upstreams/tokens.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { RunningSidecar } from "./runSidecar.ts";

const hard = (limitUsd: number) => [{ name: "month", limitUsd, window: "month" }];
const idOf = (response: Response) => response.headers.get("x-tollgate-call-id") ?? "";

describe("OpenAI's other routes, through the real sidecar process", function () {
  this.timeout(60_000);
  let openai: Upstream;
  let azure: Upstream;
  let sidecar: RunningSidecar;
  let client: OpenAI;
  const started: RunningSidecar[] = [];

  async function start(budgets: unknown[] = [], prices: unknown[] = []): Promise<RunningSidecar> {
    const providers = {
      openai: { protocol: "openai", baseUrl: openai.url },
      azure: { protocol: "openai", baseUrl: azure.url },
      local: { protocol: "openai", baseUrl: openai.url, pricing: { kind: "free" } },
    };
    const one = await RunningSidecar.start({ providers, budgets, prices, gate: { waitMs: 0 }, timeZone: "UTC" });
    started.push(one);
    return one;
  }

  const clientOf = async (one: RunningSidecar) =>
    new OpenAI({ baseURL: (await one.urls()).openai, apiKey: "sk-x", maxRetries: 0 });
  const booked = (response: Response, one = sidecar) => one.api.call(idOf(response), 10_000);

  before(async () => {
    openai = await startOpenaiUpstream();
    azure = await startAzureUpstream();
    sidecar = await start();
    client = await clientOf(sidecar);
  });
  beforeEach(() => {
    openai.reset();
    azure.reset();
  });
  after(async () => {
    await Promise.all(started.map((one) => one.remove()));
    await openai.stop();
    await azure.stop();
  });

  it("embeddings cost their input, to the nano-dollar", async () => {
    const input = ["The quick brown fox", "jumped over the lazy dog"];
    const { data, response } = await client.embeddings
      .create({ model: "text-embedding-3-small", input })
      .withResponse();
    assert.equal(data.data.length, 2);
    assert.ok(Math.abs((data.data[0]?.embedding[0] ?? 0) - Math.sin(countTokens(input[0] as string))) < 1e-6);
    const call = await booked(response);
    const tokens = countTokens(input[0] as string) + countTokens(input[1] as string);
    assert.deepEqual(
      [call.protocol, call.usageBasis, call.usage.inputTokens, call.usage.outputTokens, call.costBasis],
      ["openai-embeddings", "reported", tokens, 0, "catalog"],
    );
    // text-embedding-3-small: 0.02 USD for a million tokens.
    assert.equal(call.costNanoUsd, tokens * 20);
  });

  it("the older completions are asked for their usage, which the client does not see unasked", async () => {
    const prompt = "Write a short line about gates";
    const { data, response } = await client.completions
      .create({ model: "gpt-3.5-turbo-instruct", prompt, max_tokens: 40, stream: true })
      .withResponse();
    let text = "";
    for await (const chunk of data) {
      assert.ok(chunk.choices.length > 0);
      text += chunk.choices[0]?.text ?? "";
    }
    const call = await booked(response);
    assert.deepEqual(
      [call.protocol, call.usageBasis, call.usage.inputTokens, call.usage.outputTokens, call.stream],
      ["openai-completions", "reported", countTokens(prompt), countTokens(text), true],
    );
    assert.equal(call.costNanoUsd, countTokens(prompt) * 1_500 + countTokens(text) * 2_000);
  });

  it("images are booked by their tokens, whole and streamed, generated and edited", async () => {
    const request = { model: "gpt-image-1-mini", prompt: "A tollgate at dawn", quality: "low" as const };
    const whole = await client.images.generate({ ...request, n: 2 }).withResponse();
    const made = await booked(whole.response);
    assert.deepEqual([made.protocol, made.usageBasis, made.usage.outputTokens], ["openai-images", "reported", 544]);
    // gpt-image-1-mini: 8 USD out for a million tokens; input is 2 for text and 2.50 for pictures, which are not told apart.
    const { inputTokens } = made.usage;
    const least = 544 * 8_000 + inputTokens * 2_000;
    assert.ok(made.costNanoUsd >= least && made.costNanoUsd <= least + inputTokens * 500, String(made.costNanoUsd));
    const streamed = await client.images.generate({ ...request, stream: true, partial_images: 2 }).withResponse();
    const types: string[] = [];
    for await (const event of streamed.data) {
      types.push(event.type);
    }
    assert.equal(types.at(-1), "image_generation.completed");
    assert.equal((await booked(streamed.response)).usage.outputTokens, 472);
    const image = await toFile(soundBytes, "gate.png", { type: "image/png" });
    const edited = await client.images.edit({ ...request, image: [image, image] }).withResponse();
    const { usage } = await booked(edited.response);
    assert.equal(usage.inputTokens, countTokens(request.prompt) + 2 * editedTokens);
    assert.ok(openai.requests.at(-1)?.bytes.includes(soundBytes), "a form reaches the provider as it was sent");
  });

  it("speech reaches the client byte for byte, and is never taken for free", async () => {
    const request = { model: "gpt-4o-mini-tts", input: "The gate opens at dawn.", voice: "ash" };
    const { data, response } = await client.audio.speech.create(request).withResponse();
    assert.ok(Buffer.from(await data.arrayBuffer()).equals(soundBytes));
    const plain = await booked(response);
    assert.equal(plain.usageBasis, "estimated");
    assert.ok(plain.costNanoUsd > 0 && plain.usage.audioOutputTokens > 0);
    const events = await client.audio.speech.create({ ...request, stream_format: "sse" }).withResponse();
    assert.match(await events.data.text(), /speech\.audio\.done/);
    const call = await booked(events.response);
    const spoken = request.input.length * spokenTokens;
    assert.deepEqual([call.usageBasis, call.usage.outputTokens], ["reported", spoken]);
    // gpt-4o-mini-tts: 0.60 USD in, 12 USD out for a million tokens.
    assert.equal(call.costNanoUsd, countTokens(request.input) * 600 + spoken * 12_000);
  });

  it("transcriptions are booked by tokens of sound and text, or by the length of the sound", async () => {
    const sound = wavOf(10);
    const request = { file: await toFile(sound, "speech.wav"), model: "gpt-4o-mini-transcribe", prompt: "Gates" };
    const audio = Math.ceil(sound.length / 1_000) * heardTokens;
    const cost = audio * 3_000 + countTokens("Gates") * 1_250 + countTokens(heardText) * 5_000;
    const whole = await client.audio.transcriptions.create(request).withResponse();
    const streamed = await client.audio.transcriptions.create({ ...request, stream: true }).withResponse();
    let text = "";
    for await (const event of streamed.data) {
      text += event.type === "transcript.text.delta" ? event.delta : "";
    }
    assert.equal(text, heardText);
    for (const response of [whole.response, streamed.response]) {
      const call = await booked(response);
      assert.deepEqual([call.usageBasis, call.usage.audioInputTokens], ["reported", audio]);
      assert.equal(call.costNanoUsd, cost);
    }
    const timed = await client.audio.transcriptions.create({ ...request, model: "whisper-1" }).withResponse();
    const call = await booked(timed.response);
    // whisper-1: 0.36 USD an hour, so 100,000 nano-USD for each of the 12 seconds that were reported.
    assert.deepEqual([call.usageBasis, call.usage.audioInputTokens, call.costNanoUsd], ["reported", 12, 1_200_000]);
  });

  it("moderations and files pass for nothing", async () => {
    await client.moderations.create({ input: "hello" });
    const file = await client.files.create({ file: await toFile(Buffer.from("{}\n"), "a.jsonl"), purpose: "batch" });
    assert.equal(await (await client.files.content(file.id)).text(), "{}\n");
    assert.equal((await client.files.delete(file.id)).deleted, true);
    const { calls } = await sidecar.api.calls({ limit: 1 });
    assert.notEqual(calls[0]?.protocol, "unknown");
  });

  it("models without a price pass where no hard budget is, and are refused where one is", async () => {
    const { response } = await client.images.generate({ model: "dall-e-3", prompt: "A gate" }).withResponse();
    const call = await booked(response);
    assert.deepEqual([call.costBasis, call.costNanoUsd], ["unpriced", 0]);
    const strict = await clientOf(await start(hard(5)));
    const refused = strict.images.generate({ model: "dall-e-3", prompt: "A gate" });
    await assert.rejects(refused, (error: InstanceType<typeof OpenAI.APIError>) => {
      assert.deepEqual([error.status, error.code], [402, "price_unknown"]);
      return true;
    });
  });

  it("what a hard budget holds for them is enough, and what does not fit is refused", async () => {
    const strict = await start(hard(1));
    const strictClient = await clientOf(strict);
    const request = { model: "gpt-image-1-mini", prompt: "A gate", quality: "high" as const };
    const { response } = await strictClient.images.generate(request).withResponse();
    const call = await booked(response, strict);
    assert.ok(call.holdNanoUsd >= call.costNanoUsd && call.costNanoUsd > 0, `${call.holdNanoUsd} ${call.costNanoUsd}`);
    const dear = strictClient.images.generate({ ...request, n: 30 });
    await assert.rejects(dear, (error: InstanceType<typeof OpenAI.APIError>) => {
      assert.deepEqual([error.status, error.code], [402, "budget_exceeded"]);
      return true;
    });
    const file = await toFile(wavOf(60), "speech.wav");
    const heard = await strictClient.audio.transcriptions.create({ file, model: "whisper-1" }).withResponse();
    const timed = await booked(heard.response, strict);
    assert.ok(timed.holdNanoUsd >= timed.costNanoUsd && timed.holdNanoUsd < 7_000_000, String(timed.holdNanoUsd));
  });

  describe("batches", () => {
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
          sidecar.api.subscribe(
            { onStatus: () => listening({ corrected }), onEvent, onClose: () => {} },
            enough.signal,
          );
        });
      });
    }

    it("are refused under a hard budget, for the reason that is true", async () => {
      const strict = await clientOf(await start(hard(5)));
      const before = openai.requests.length;
      await assert.rejects(order(strict), (error: InstanceType<typeof OpenAI.APIError>) => {
        assert.deepEqual([error.status, error.code], [402, "cost_unbounded"]);
        assert.match(error.message, /how much work/);
        assert.doesNotMatch(error.message, /price/);
        return true;
      });
      assert.equal(openai.requests.length, before + 1, "the upload alone has reached the provider");
    });

    it("pass a hard budget at a provider where they cost nothing, however much they order", async () => {
      const strict = await start(hard(5));
      const { response } = await order(
        new OpenAI({ baseURL: (await strict.urls()).local, apiKey: "sk-x", maxRetries: 0 }),
      );
      const call = await booked(response, strict);
      assert.deepEqual([call.status, call.costNanoUsd, call.holdNanoUsd], ["ok", 0, 0]);
    });

    it("pass under none, and cost what they tell when they are done", async () => {
      const { data: batch, response } = await order(client);
      const ordered = await booked(response);
      assert.deepEqual(
        [ordered.protocol, ordered.usageBasis, ordered.costBasis, ordered.costNanoUsd, ordered.usage.outputTokens],
        ["openai-batches", "none", "unpriced", 0, 0],
      );
      const { corrected } = await correction();
      assert.equal((await client.batches.retrieve(batch.id)).status, "in_progress");
      assert.equal((await client.batches.retrieve(batch.id)).status, "completed");
      const call = await corrected;
      assert.deepEqual(
        [call.id, call.usageBasis, call.usage.inputTokens, call.usage.outputTokens],
        [ordered.id, "reported", input, output],
      );
      // gpt-4o-mini: 0.15 USD in, 0.60 USD out for a million tokens; a batch costs half of it.
      assert.equal(call.costNanoUsd, input * 75 + output * 300);
    });

    it("that tell no usage are read from the file of their results", async () => {
      const { data: batch, response } = await order(client, { usage: "none" });
      const { id } = await booked(response);
      const { corrected } = await correction();
      await client.batches.retrieve(batch.id);
      const { output_file_id: file = "" } = await client.batches.retrieve(batch.id);
      const results = await (await client.files.content(file)).text();
      assert.equal(results.trim().split("\n").length, lines.length);
      const call = await corrected;
      assert.deepEqual([call.id, call.usage.inputTokens, call.usage.outputTokens], [id, input, output]);
      assert.deepEqual([call.model, call.costNanoUsd], ["gpt-4o-mini", input * 75 + output * 300]);
    });
  });

  describe("Azure", () => {
    const apiVersion = "2024-10-21";
    const azureClient = async (one = sidecar, version = apiVersion) =>
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
      const call = await booked(response);
      assert.deepEqual([call.requestedModel, call.model, call.costBasis], ["team-chat", data.model, "catalog"]);
      assert.equal(call.costNanoUsd, call.usage.inputTokens * 150 + call.usage.outputTokens * 600);
      const sent = azure.requests.at(-1);
      assert.equal(sent?.path, "/openai/deployments/team-chat/chat/completions");
      assert.deepEqual([sent?.headers["api-key"], sent?.query.get("api-version")], ["azure-key", apiVersion]);
    });

    it("streams, and is asked for usage only where its version takes that", async () => {
      for (const [version, basis] of [
        [apiVersion, "reported"],
        ["2024-06-01", "estimated"],
      ] as const) {
        const through = await azureClient(sidecar, version);
        const { data, response } = await through.chat.completions
          .create({ model: "gpt-4o-mini", messages, stream: true })
          .withResponse();
        for await (const chunk of data) {
          assert.ok(chunk.choices.length > 0);
        }
        const call = await booked(response);
        assert.deepEqual([call.status, call.usageBasis], ["ok", basis], version);
        assert.ok(call.costNanoUsd > 0);
      }
    });

    it("is held by the deployment's name where that is a model's", async () => {
      const strict = await start(hard(1));
      const through = await azureClient(strict);
      const { response } = await through.chat.completions
        .create({ model: "gpt-4o-mini", messages, max_tokens: 100 })
        .withResponse();
      const call = await booked(response, strict);
      assert.ok(call.holdNanoUsd >= call.costNanoUsd && call.costNanoUsd > 0);
      await assert.rejects(
        through.chat.completions.create({ model: "team-chat", messages }),
        (error: InstanceType<typeof OpenAI.APIError>) => error.code === "price_unknown",
      );
    });

    it("speaks embeddings and the newer paths too", async () => {
      const through = await azureClient();
      const { response } = await through.embeddings.create({ model: "embed", input: "Hello" }).withResponse();
      const call = await booked(response);
      assert.deepEqual([call.protocol, call.requestedModel, call.costNanoUsd], ["openai-embeddings", "embed", 40]);
      const baseURL = `${(await sidecar.urls()).azure}/v1`;
      const newer = new OpenAI({ baseURL, apiKey: "k", defaultHeaders: { "api-key": "k" }, maxRetries: 0 });
      const chat = await newer.chat.completions.create({ model: "gpt-4o-mini", messages }).withResponse();
      assert.equal((await booked(chat.response)).requestedModel, "gpt-4o-mini");
    });
  });
});
