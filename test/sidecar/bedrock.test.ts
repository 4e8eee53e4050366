import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Call } from "../../src/domain/call.ts";
import { type EventFrame, FrameSplitter } from "../../src/domain/protocols/eventFrames.ts";
import { chunk, event } from "../domain/protocols/frames.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** A call kept to a region costs 1.10 USD in and 5.50 out for a million tokens: nano-USD a token. */
const CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const RATES = { input: 1_100, read: 110, write: 1_375, writeHour: 2_200, output: 5_500 };
const KEY = "Bearer bedrock-api-key-planted";
const SIGNED =
  "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0";
const messages = [{ role: "user", content: [{ text: "Hello" }] }];
const usage = {
  inputTokens: 100,
  outputTokens: 12,
  totalTokens: 812,
  cacheReadInputTokens: 500,
  cacheWriteInputTokens: 200,
  cacheDetails: [{ ttl: "1h", inputTokens: 150 }],
};
const COST = 100 * RATES.input + 500 * RATES.read + 50 * RATES.write + 150 * RATES.writeHour + 12 * RATES.output;

interface Received {
  readonly path: string;
  readonly host: string | undefined;
  readonly body: string;
}

/** A small Bedrock: four routes, one answer. A message `runaway` makes it write without end. */
async function startBedrock(received: Received[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const path = request.url ?? "";
    received.push({ path, host: request.headers.host, body });
    respond(request, response, path, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function respond(request: IncomingMessage, response: ServerResponse, path: string, body: string): void {
  if (request.headers.authorization !== KEY) {
    response.writeHead(403, { "content-type": "application/json", "x-amzn-errortype": "InvalidSignatureException:" });
    response.end('{"message":"The request signature we calculated does not match"}');
  } else if (path.endsWith("/converse")) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ output: { message: { role: "assistant", content: [{ text: "Hi" }] } }, usage }));
  } else if (path.endsWith("/invoke")) {
    const headers = { "x-amzn-bedrock-input-token-count": "100", "x-amzn-bedrock-output-token-count": "12" };
    response.writeHead(200, { "content-type": "application/json", ...headers });
    response.end('{"outputs":[{"text":"Hi"}]}');
  } else {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
    void write(response, path.endsWith("/converse-stream") ? converse(body.includes("runaway")) : invoked());
  }
}

async function write(response: ServerResponse, frames: Iterable<Buffer>): Promise<void> {
  for (const frame of frames) {
    const half = Math.floor(frame.length / 2);
    response.write(frame.subarray(0, half));
    const goesOn = response.write(frame.subarray(half));
    if (response.destroyed) {
      return;
    }
    await new Promise<void>((resolve) =>
      goesOn ? setImmediate(resolve) : response.once("drain", resolve).once("close", resolve),
    );
  }
  response.end();
}

function* converse(endless: boolean): Generator<Buffer> {
  yield event("messageStart", { role: "assistant" });
  do {
    yield event("contentBlockDelta", { contentBlockIndex: 0, delta: { text: " word" }, p: "abc" });
  } while (endless);
  yield event("messageStop", { stopReason: "end_turn" });
  yield event("metadata", { usage, metrics: { latencyMs: 9 } });
}

function* invoked(): Generator<Buffer> {
  const { cacheReadInputTokens: cache_read_input_tokens, cacheWriteInputTokens: cache_creation_input_tokens } = usage;
  const cache_creation = { ephemeral_5m_input_tokens: 50, ephemeral_1h_input_tokens: 150 };
  const input = { input_tokens: 100, cache_read_input_tokens, cache_creation_input_tokens, cache_creation };
  yield chunk({
    type: "message_start",
    message: { model: "claude-haiku-4-5-20251001", usage: { ...input, output_tokens: 1 } },
  });
  yield chunk({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } });
  yield chunk({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 12 } });
  yield chunk({ type: "message_stop" });
}

/** The frames of an answer, in a client's eyes. */
function framesOf(bytes: Buffer): string[] {
  const seen: string[] = [];
  const frame = ({ isError, type, payload }: EventFrame) => void seen.push(isError ? `${type}: ${payload}` : type);
  new FrameSplitter({ frame, unread: (reason) => void seen.push(reason) }).push(bytes);
  return seen;
}

describe("Bedrock, through the real sidecar process", function () {
  this.timeout(60_000);
  const received: Received[] = [];
  let server: Server;
  let sidecar: RunningSidecar;
  let url: string;

  before(async () => {
    server = await startBedrock(received);
    const { port } = server.address() as AddressInfo;
    sidecar = await RunningSidecar.start({
      providers: { bedrock: { protocol: "bedrock", baseUrl: `http://127.0.0.1:${port}` } },
      budgets: [{ name: "month", limitUsd: 0.02, window: "month" }],
      gate: { waitMs: 0 },
      timeZone: "UTC",
    });
    url = (await sidecar.urls()).bedrock as string;
  });
  beforeEach(() => {
    received.length = 0;
  });
  after(async () => {
    await sidecar?.remove();
    server?.closeAllConnections();
    server?.close();
  });

  const ask = (route: string, body: object, authorization = KEY, model = CLAUDE) =>
    fetch(`${url}/model/${encodeURIComponent(model)}/${route}`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const booked = ({ headers }: Response): Promise<Call> =>
    sidecar.api.call(headers.get("x-tollgate-call-id") ?? "", 5_000);

  it("books Converse at the region's price, whole and streamed, with reads and writes at their own rates", async () => {
    for (const route of ["converse", "converse-stream"]) {
      const answer = await ask(route, { messages, inferenceConfig: { maxTokens: 256 } });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const call = await booked(answer);
      assert.deepEqual(
        [call.protocol, call.model, call.stream, call.status, call.usageBasis, call.costNanoUsd],
        ["bedrock-converse", CLAUDE, route === "converse-stream", "ok", "reported", COST],
      );
      if (call.stream) {
        assert.deepEqual(framesOf(bytes), ["messageStart", "contentBlockDelta", "messageStop", "metadata"]);
        assert.ok(call.firstTokenMs !== null);
      }
    }
    assert.equal(received[0]?.path, `/model/${encodeURIComponent(CLAUDE)}/converse`);
  });

  it("books Claude's own stream under the model that was asked for, and other makers' answers by their headers", async () => {
    const body = {
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 256,
      messages: [{ role: "user", content: "Hi" }],
    };
    const claude = await ask("invoke-with-response-stream", body);
    await claude.arrayBuffer();
    const call = await booked(claude);
    assert.deepEqual(
      [call.protocol, call.model, call.status, call.costNanoUsd],
      ["bedrock-invoke", CLAUDE, "ok", COST],
    );
    const mistral = await ask("invoke", { prompt: "Hi", max_tokens: 256 }, KEY, "mistral.mistral-7b-instruct-v0:2");
    await mistral.arrayBuffer();
    const { usage: tokens, usageBasis } = await booked(mistral);
    assert.deepEqual([tokens.inputTokens, tokens.outputTokens, usageBasis], [100, 12, "reported"]);
  });

  it("lowers the limit where the budget is tight, and refuses a signed call that it would have to lower", async () => {
    const body = { messages, inferenceConfig: { maxTokens: 50_000, topP: 0.9 } };
    const clamped = await ask("converse", body);
    await clamped.arrayBuffer();
    const limit = Number(clamped.headers.get("x-tollgate-clamped-output"));
    assert.ok(limit >= 256 && limit * RATES.output <= 20_000_000, String(limit));
    assert.equal(received[0]?.body, JSON.stringify({ messages, inferenceConfig: { maxTokens: limit, topP: 0.9 } }));
    const refused = await ask("converse", body, SIGNED);
    assert.deepEqual([refused.status, refused.headers.get("x-amzn-errortype")], [402, "BudgetExceededException"]);
    assert.match(((await refused.json()) as { message: string }).message, /budget "month"/);
    assert.equal(received.length, 1);
  });

  it("passes a signed call that fits on byte for byte; whether it is valid there, Bedrock decides", async () => {
    const body = { messages, inferenceConfig: { maxTokens: 300 } };
    const failed = await ask("converse", body, SIGNED);
    assert.deepEqual([failed.status, received[0]?.body], [403, JSON.stringify(body)]);
    const call = await booked(failed);
    assert.deepEqual([call.status, call.errorType, call.costNanoUsd], ["error", "InvalidSignatureException", 0]);
  });

  it("cuts a stream that goes on beyond its limit with a frame that clients read as an exception", async () => {
    const runaway = [{ role: "user", content: [{ text: "runaway" }] }];
    const answer = await ask("converse-stream", { messages: runaway, inferenceConfig: { maxTokens: 300 } });
    const frames = framesOf(Buffer.from(await answer.arrayBuffer()));
    assert.match(frames.at(-1) ?? "", /^validationException: .*Tollgate cut this answer/);
    assert.ok(frames.slice(1, -1).every((type) => type === "contentBlockDelta"));
    const call = await booked(answer);
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "budget_cut", "estimated"]);
    assert.ok(call.usage.outputTokens >= 300 && frames.length < 2_000, `${call.usage.outputTokens} ${frames.length}`);
  });
});
