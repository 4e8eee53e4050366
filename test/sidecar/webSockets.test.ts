import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { RunningSidecar } from "./runSidecar.ts";

/** A provider that takes WebSockets up and says everything back, and answers the rest with what it was asked. */
function startProvider(upgrades: IncomingMessage[]): Server {
  const server = createServer((request, response) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
    });
    request.on("end", () => response.end(`${request.method} ${size} ${request.headers.upgrade ?? "plain"}`));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgrades.push(request);
    socket.on("error", () => {});
    if (request.url?.includes("refused") === true) {
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
      return;
    }
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Own: kept\r\n\r\nhello ",
    );
    socket.write(head);
    socket.pipe(socket);
  });
  return server.listen(0, "127.0.0.1");
}

describe("WebSockets, through the real sidecar process", function () {
  this.timeout(60_000);
  const upgrades: IncomingMessage[] = [];
  let provider: Server;
  let sidecar: RunningSidecar;
  let base: URL;

  before(async () => {
    provider = startProvider(upgrades);
    await once(provider, "listening");
    const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
    sidecar = await RunningSidecar.start({ providers: { openai: { protocol: "openai", baseUrl } } });
    base = new URL((await sidecar.urls({ project: "web" })).openai ?? "");
  });
  after(async () => {
    await sidecar.remove();
    provider.closeAllConnections();
    provider.close();
  });
  beforeEach(() => {
    upgrades.length = 0;
  });
  afterEach(() => sidecar.api.removeBudget("month").catch(() => {}));

  /** Asks for a WebSocket in a client's own words; gives what the other side says, piece by piece. */
  function open(path: string, first = "", host = base.host) {
    const socket = connect(Number(base.port), "127.0.0.1");
    const head = [`GET ${base.pathname}${path} HTTP/1.1`, `Host: ${host}`, "Connection: Upgrade", "Upgrade: websocket"];
    socket.write(`${head.join("\r\n")}\r\nAuthorization: Bearer sk-own\r\nSec-WebSocket-Key: abc\r\n\r\n${first}`);
    let heard = "";
    const until = async (text: string) => {
      while (!heard.includes(text)) {
        await once(socket, "data");
      }
      return heard;
    };
    socket.on("data", (chunk) => {
      heard += String(chunk);
    });
    socket.on("error", () => {});
    return { socket, until, closed: once(socket, "close"), heard: () => heard };
  }
  const lastCall = async () => (await sidecar.api.calls({ limit: 1 })).calls[0];
  const booked = async () => {
    for (;;) {
      const call = await lastCall();
      if (call !== undefined && call.requestType === "/realtime") {
        return call;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it("pass both ways where no hard budget is, and are booked as unpriced when they end", async () => {
    const { socket, until } = open("/realtime?model=gpt-realtime", "early ");
    const said = await until("hello early ");
    assert.match(said, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(said, /\r\nX-Own: kept\r\n/);
    assert.match(said, /\r\nx-tollgate-call-id: \S+\r\n/);
    socket.write("more");
    await until("hello early more");
    const { headers, url } = upgrades[0] as IncomingMessage;
    assert.deepEqual(
      [url, headers.authorization, headers["sec-websocket-key"]],
      ["/v1/realtime?model=gpt-realtime", "Bearer sk-own", "abc"],
    );
    socket.end();
    const call = await booked();
    assert.deepEqual([call.status, call.httpStatus, call.costBasis, call.project], ["ok", 101, "unpriced", "web"]);
  });

  it("are refused under a hard budget in words, and stopped when one is set", async () => {
    const running = open("/realtime");
    await running.until("hello");
    await sidecar.api.setBudget({ name: "month", limitUsd: 5, window: "month" });
    running.socket.write("costs");
    await running.closed;
    const asked = open("/realtime");
    await asked.closed;
    assert.match(asked.heard(), /^HTTP\/1\.1 402 /);
    assert.match(asked.heard(), /"code":"route_unmetered"/);
    assert.equal(upgrades.length, 1);
  });

  it("get the provider's own answer where it does not take them up, and need a pass and a loopback name", async () => {
    const refused = open("/refused");
    await refused.closed;
    assert.match(refused.heard(), /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\nno$/);
    const strange = open("/realtime", "", "evil.example");
    await strange.closed;
    assert.match(strange.heard(), /^HTTP\/1\.1 403 /);
    base = new URL(base.href.replace(/\/p\/[0-9a-f]+/, `/p/${"0".repeat(32)}`));
    const wrong = open("/realtime");
    await wrong.closed;
    assert.match(wrong.heard(), /^HTTP\/1\.1 401 /);
    base = new URL((await sidecar.urls({ project: "web" })).openai ?? "");
    assert.equal(upgrades.length, 1);
  });

  it("are not meant where a client would rather speak HTTP/2: it is answered like any other", async () => {
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQ" };
    const sending = httpRequest(`${base.href}/files`, { method: "POST", headers, agent: false });
    sending.end("x".repeat(300_000));
    const [answer] = (await once(sending, "response")) as [IncomingMessage];
    assert.equal(Buffer.concat(await answer.toArray()).toString(), "POST 300000 plain");
  });
});
