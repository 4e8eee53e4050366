import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { randomOf } from "../prove/random.ts";
import { CHAT, chatOf, delta, LARGE, MB, MESSAGES, type Parts, prose, sse, timesFor } from "./largeBodies.ts";
import { LargeWorld, MOST_UNLOOKED } from "./largeWorld.ts";
import { later } from "./later.ts";

describe("large answers, through the real sidecar process", function () {
  this.timeout(120_000);
  const world = new LargeWorld();

  for (const [path, stream] of [
    ["openai/chat/completions", CHAT],
    ["anthropic/messages", MESSAGES],
  ] as const) {
    it(`pass a stream of 100 MB on in little memory, and book its last report, once (${path})`, async () => {
      const provider = path.split("/", 1)[0] as string;
      const calls = async () => (await world.sidecar.api.calls({ provider, limit: 100 })).calls.length;
      const before = await calls();
      const { call, sent, came } = await world.inLittleMemory(async () => {
        const asked = await world.ask(path, stream);
        await asked.came;
        return asked;
      });
      assert.deepEqual(await came, await sent);
      const { status, usageBasis, usage } = await call();
      assert.deepEqual([status, usageBasis, usage.inputTokens, usage.outputTokens], ["ok", "reported", 7, 1_000_000]);
      assert.equal(await calls(), before + 1);
    });
  }

  it("take no more from a provider than there is room for, while the client does not read", async () => {
    const reading = later<void>();
    await world.inLittleMemory(async () => {
      const { stuckAt, sent, came } = await world.ask("openai/chat/completions", CHAT, { readFrom: reading.promise });
      const taken = await stuckAt;
      assert.ok(taken < LARGE / 2, `${Math.round(taken / MB)} MB were taken`);
      reading.resolve();
      assert.deepEqual(await came, await sent);
    });
  });

  it("pass a compressed stream on no faster than it can be read", async () => {
    const random = randomOf(7);
    const noise = Buffer.from(Array.from({ length: MB / 2 }, () => random.below(256))).toString("base64");
    const plain = chatOf(
      sse(...Array.from({ length: 64 }, (_, at) => delta(noise.slice(at * 8_192, at * 8_192 + 8_192)))),
    );
    // Members of gzip that follow each other are one body.
    const [first, repeated, last] = plain.map((part) => gzipSync(part)) as [Buffer, Buffer, Buffer];
    const headers = { "content-type": "text/event-stream", "content-encoding": "gzip" };
    const { call, sent, came } = await world.inLittleMemory(async () => {
      const asked = await world.ask("openai/chat/completions", [first, repeated, last], { headers });
      await asked.came;
      return asked;
    });
    assert.deepEqual(await came, await sent);
    const { status, usageBasis, usage } = await call();
    assert.deepEqual([status, usageBasis, usage.outputTokens], ["ok", "reported", 1_000_000]);
  });

  it("pass an answer on that is too large to be read, and do not take it for one without tokens", async () => {
    const headers = { "content-type": "application/json", "content-length": "" };
    const parts: Parts = [Buffer.from('{"choices":['), Buffer.from(`"${prose}",`), Buffer.from('""],"usage":{}}')];
    const size = 2 * LARGE;
    const length = parts[0].length + timesFor(parts, size) * parts[1].length + parts[2].length;
    headers["content-length"] = String(length);
    const { call, sent, came } = await world.inLittleMemory(async () => {
      const asked = await world.ask("openai/chat/completions", parts, { headers, size });
      await asked.came;
      return asked;
    }, MOST_UNLOOKED);
    assert.deepEqual(await came, await sent);
    const { usageBasis, errorType, usage } = await call();
    assert.deepEqual([usageBasis, errorType], ["estimated", "unreadable_answer"]);
    assert.ok(usage.outputTokens > 0);
  });

  it("read the results of a batch line by line", async () => {
    const usage = { input_tokens: 10, output_tokens: 20 };
    const message = { type: "message", model: "claude-haiku-4-5", content: [{ type: "text", text: prose }], usage };
    const line = Buffer.from(`${JSON.stringify({ custom_id: "r", result: { type: "succeeded", message } })}\n`);
    const parts: Parts = [line, line, line];
    world.answer = (request, response) => {
      request.resume().on("end", () => response.end('{"id":"msgbatch_1","type":"message_batch"}'));
    };
    const made = await fetch(`${world.urls.anthropic}/messages/batches`, { method: "POST", body: '{"requests":[]}' });
    await made.text();
    const { sent, came } = await world.inLittleMemory(async () => {
      const asked = await world.ask("anthropic/messages/batches/msgbatch_1/results", parts, { method: "GET" });
      await asked.came;
      return asked;
    });
    assert.deepEqual(await came, await sent);
    const id = made.headers.get("x-tollgate-call-id") ?? "";
    let call = await world.sidecar.api.call(id, 10_000);
    for (let asked = 0; asked < 500 && call.usageBasis !== "reported"; asked += 1) {
      call = await world.sidecar.api.call(id, 10_000);
    }
    const lines = timesFor(parts, LARGE) + 2;
    assert.deepEqual([call.usage.inputTokens, call.usage.outputTokens], [lines * 10, lines * 20]);
  });
});
