import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Call } from "../../src/domain/call.ts";
import { named } from "../domain/protocols/streams.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** command-a: 2.50 USD in and 10 out for a million tokens, in nano-USD a token. */
const MODEL = "command-a-03-2025";
const [INPUT, OUTPUT] = [2_500, 10_000];
const usage = {
  billed_units: { input_tokens: 8, output_tokens: 12 },
  tokens: { input_tokens: 504, output_tokens: 14 },
};
const messages = [{ role: "user", content: "Hello" }];

/** A small Cohere: one answer, whole or streamed; without end where it is asked to. */
async function startCohere(received: string[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    received.push(text);
    if (request.url === "/v1/tokenize") {
      response.writeHead(200, { "content-type": "application/json" }).end('{"tokens":[1]}');
    } else if (JSON.parse(text).stream === true) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      await write(response, text.includes("runaway"));
    } else {
      const message = { role: "assistant", content: [{ type: "text", text: "Hi" }] };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ id: "1", finish_reason: "COMPLETE", message, usage }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const event = (type: string, delta: object): string => {
  const value = { type, delta };
  return named(value);
};

async function write(response: ServerResponse, endless: boolean): Promise<void> {
  response.write(event("message-start", { message: { role: "assistant" } }));
  do {
    const goesOn = response.write(event("content-delta", { message: { content: { text: " word" } } }));
    await new Promise<void>((resolve) =>
      goesOn ? setImmediate(resolve) : response.once("drain", resolve).once("close", resolve),
    );
  } while (endless && !response.destroyed);
  response.end(event("message-end", { finish_reason: "COMPLETE", usage }));
}

describe("Cohere, through the real sidecar process", function () {
  this.timeout(60_000);
  const received: string[] = [];
  let server: Server;
  let sidecar: RunningSidecar;
  let url: string;

  before(async () => {
    server = await startCohere(received);
    const { port } = server.address() as AddressInfo;
    sidecar = await RunningSidecar.start({
      providers: { cohere: { protocol: "cohere", baseUrl: `http://127.0.0.1:${port}` } },
      budgets: [{ name: "month", limitUsd: 0.05, window: "month" }],
      gate: { waitMs: 0 },
      timeZone: "UTC",
    });
    url = (await sidecar.urls()).cohere as string;
  });
  beforeEach(() => {
    received.length = 0;
  });
  after(async () => {
    await sidecar?.remove();
    server?.closeAllConnections();
    server?.close();
  });

  const ask = (body: object, path = "/v2/chat") =>
    fetch(url + path, { method: "POST", headers: { authorization: "Bearer planted" }, body: JSON.stringify(body) });
  const booked = ({ headers }: Response): Promise<Call> =>
    sidecar.api.call(headers.get("x-tollgate-call-id") ?? "", 5_000);

  it("is charged what it bills, whole and streamed", async () => {
    for (const stream of [false, true]) {
      const answer = await ask({ model: MODEL, messages, max_tokens: 300, stream });
      await answer.text();
      const call = await booked(answer);
      assert.deepEqual(
        [call.protocol, call.model, call.stream, call.status, call.usageBasis, call.costNanoUsd],
        ["cohere-chat", MODEL, stream, "ok", "reported", 8 * INPUT + 12 * OUTPUT],
      );
    }
  });

  it("is held to a lower max_tokens where the budget is tight, and refused in its own words", async () => {
    const clamped = await ask({ model: MODEL, messages, max_tokens: 100_000 });
    await clamped.text();
    const limit = Number(clamped.headers.get("x-tollgate-clamped-output"));
    assert.ok(limit >= 256 && limit * OUTPUT <= 50_000_000, String(limit));
    assert.equal(received[0], JSON.stringify({ model: MODEL, messages, max_tokens: limit }));
    const refused = await ask({ model: "a-model-of-ours", messages });
    assert.equal(refused.status, 402);
    assert.match(((await refused.json()) as { message: string }).message, /Nobody knows the price/);
    assert.equal(received.length, 1);
  });

  it("is cut with an end of its own that says why, where it goes on beyond the limit", async () => {
    const runaway = [{ role: "user", content: "runaway" }];
    const answer = await ask({ model: MODEL, messages: runaway, max_tokens: 300, stream: true });
    const last = (await answer.text()).trimEnd().split("\n").at(-1) ?? "";
    const { type, delta } = JSON.parse(last.slice("data: ".length));
    assert.deepEqual([type, delta.finish_reason], ["message-end", "ERROR"]);
    assert.match(delta.error, /Tollgate cut this answer/);
    const call = await booked(answer);
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "budget_cut", "estimated"]);
  });

  it("counts tokens for nothing", async () => {
    const before = (await sidecar.api.calls({ limit: 100 })).calls.length;
    assert.equal((await ask({ text: "Hello" }, "/v1/tokenize")).status, 200);
    assert.equal((await sidecar.api.calls({ limit: 100 })).calls.length, before);
  });
});
