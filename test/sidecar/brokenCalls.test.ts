import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import OpenAI from "openai";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

/** Answers as soon as it has the head of a request, and reads the body only when it is told to. */
function hastyProvider(answer: string) {
  let heard = "";
  let socket: Socket | undefined;
  const server = createTcpServer((connection) => {
    socket = connection;
    connection.setEncoding("latin1");
    const readHead = (text: string) => {
      heard += text;
      if (heard.includes("\r\n\r\n")) {
        connection.off("data", readHead).pause();
        connection.write(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
        );
      }
    };
    connection.on("data", readHead);
  });
  const readOn = () =>
    new Promise<string>((resolve) => {
      const length = Number(/content-length: (\d+)/i.exec(heard)?.[1]);
      const parts = [heard.slice(heard.indexOf("\r\n\r\n") + 4)];
      let size = parts[0]?.length ?? 0;
      socket?.on("data", (text: string) => {
        parts.push(text);
        size += text.length;
        if (size === length) {
          socket?.destroy();
          resolve(parts.join(""));
        }
      });
      socket?.resume();
    });
  return { server, readOn };
}

describe("calls that break, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new GatewayWorld();

  /** Makes a server a free provider of that name; gives its base URL at the gateway. */
  async function serveAs(server: Server | TcpServer, name: string): Promise<string> {
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const provider = { protocol: "openai", baseUrl: `http://127.0.0.1:${port}/v1`, pricing: { kind: "free" } } as const;
    await world.sidecar.api.changeConfig({ providers: { [name]: provider } });
    return (await world.sidecar.urls())[name] ?? "";
  }

  it("sends a call again when the provider closes a kept connection as it is used", async () => {
    const served = new WeakMap<Socket, number>();
    const fickle = createServer((request, response) => {
      const before = served.get(request.socket) ?? 0;
      served.set(request.socket, before + 1);
      if (before > 0) {
        request.socket.destroy();
        return;
      }
      const usage = { prompt_tokens: 1, completion_tokens: 1 };
      request.resume();
      request.on("end", () => response.end(JSON.stringify({ choices: [], usage })));
    });
    const base = await serveAs(fickle, "fickle");
    try {
      for (const attempt of ["first", "second"]) {
        const body = JSON.stringify({ model: "m", messages: [] });
        const answer = await fetch(`${base}/chat/completions`, { method: "POST", body });
        assert.equal(answer.status, 200, attempt);
        await answer.text();
      }
    } finally {
      fickle.closeAllConnections();
      fickle.close();
    }
  });

  it("sends all of a large request, though the provider answers before it has read it", async () => {
    const content = Array.from({ length: 1_000_000 }, (_, index) => `word ${index * 7_919}`).join(" ");
    const answer = JSON.stringify({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } });
    for (const stream of [false, true]) {
      const provider = hastyProvider(answer);
      const base = await serveAs(provider.server, "hasty");
      try {
        const body = JSON.stringify({ model: "m", stream, messages: [{ role: "user", content }] });
        const response = await fetch(`${base}/chat/completions`, { method: "POST", body });
        assert.equal(await response.text(), answer);
        await world.booked(response.headers.get("x-tollgate-call-id"));
        const sent = JSON.parse(await provider.readOn()) as { messages: Array<{ content: string }> };
        assert.ok(sent.messages[0]?.content === content, "the provider gets the request as it was sent");
      } finally {
        provider.server.close();
      }
    }
  });

  it("ends the upstream call at once when the client goes away, and books what arrived as estimated", async () => {
    world.upstreams.openai.script.next({ text: "word ".repeat(4_000), gapMs: 20 });
    const client = await world.openai();
    const messages = [{ role: "user" as const, content: "Write much" }];
    const { data, response } = await client.chat.completions
      .create({ model: "gpt-4o-mini", messages, stream: true })
      .withResponse();
    for await (const chunk of data) {
      if (chunk.choices[0]?.delta.content) {
        break;
      }
    }
    await world.upstreams.openai.requests[0]?.clientGone;
    const call = await world.booked(response.headers.get("x-tollgate-call-id"));
    assert.deepEqual([call.status, call.usageBasis], ["cancelled", "estimated"]);
    assert.ok(call.usage.outputTokens > 0 && call.usage.outputTokens < 1_000 && call.costNanoUsd > 0);
  });

  it("ends free exchanges at once when the client goes away, on their way up and down", async () => {
    let gone: () => void = () => {};
    const slow = createServer((request, response) => {
      request.resume();
      request.on("error", () => {});
      response.once("close", () => gone());
      if (request.method === "GET") {
        response.write("begun");
      }
    });
    const base = await serveAs(slow, "slow");
    try {
      for (const method of ["GET", "POST"]) {
        const ended = new Promise<void>((resolve) => {
          gone = resolve;
        });
        const headers = method === "POST" ? { "content-length": 1_000_000 } : {};
        const sending = httpRequest(`${base}/files`, { method, headers, agent: false });
        sending.on("error", () => {});
        if (method === "GET") {
          sending.end();
          const [answer] = (await once(sending, "response")) as [IncomingMessage];
          await once(answer, "data");
        } else {
          sending.write("begun");
          await once(slow, "request");
        }
        sending.destroy();
        await ended;
      }
    } finally {
      slow.closeAllConnections();
      slow.close();
    }
  });

  it("books an answer as whole when the client leaves with the last event in hand", async () => {
    // The provider keeps its connection open after the last event.
    const lingering = createServer((request, response) => {
      request.resume();
      request.on("end", () => {
        const usage = { prompt_tokens: 3, completion_tokens: 5 };
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
      });
    });
    const base = await serveAs(lingering, "lingering");
    try {
      const body = JSON.stringify({ model: "m", stream: true, messages: [] });
      const sent = httpRequest(`${base}/chat/completions`, { method: "POST", agent: false });
      sent.end(body);
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      for await (const chunk of answer) {
        if (String(chunk).includes("[DONE]")) {
          break;
        }
      }
      const call = await world.booked(String(answer.headers["x-tollgate-call-id"]));
      assert.deepEqual([call.status, call.usageBasis, call.usage.outputTokens], ["ok", "reported", 5]);
    } finally {
      lingering.closeAllConnections();
      lingering.close();
    }
  });

  it("books a stream that broke off, with what had arrived, and breaks off towards the client too", async () => {
    world.upstreams.openai.script.next({ text: "word ".repeat(100), cutAfter: 10 });
    const client = await world.openai();
    const messages = [{ role: "user" as const, content: "Write much" }];
    const { data, response } = await client.chat.completions
      .create({ model: "gpt-4o-mini", messages, stream: true })
      .withResponse();
    await assert.rejects(async () => {
      for await (const _ of data) {
        // Only the end matters.
      }
    });
    const call = await world.booked(response.headers.get("x-tollgate-call-id"));
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "upstream_closed", "estimated"]);
    assert.ok(call.costNanoUsd > 0);
  });

  it("answers in words when the provider cannot be reached, and charges nothing", async () => {
    const { nowhere: baseURL } = await world.sidecar.urls();
    const client = new OpenAI({ baseURL, apiKey: KEY, maxRetries: 0 });
    await assert.rejects(
      client.chat.completions.create({ model: "m", messages: [] }),
      /502.*127\.0\.0\.1:9 cannot be reached/,
    );
    const { calls } = await world.sidecar.api.calls({ limit: 1, provider: "nowhere" });
    assert.deepEqual(
      [calls[0]?.status, calls[0]?.errorType, calls[0]?.costNanoUsd],
      ["error", "upstream_unreachable", 0],
    );
  });
});
