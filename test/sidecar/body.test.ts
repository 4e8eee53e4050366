import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { giveBack } from "../../src/domain/memory.ts";
import { BodyTooLargeError, readBody } from "../../src/sidecar/gateway/body.ts";

const LIMIT = 6 * 1024 * 1024;

describe("Reading a body", () => {
  let server: Server;
  let arrived: Promise<IncomingMessage>;

  beforeEach(async () => {
    server = createServer();
    arrived = once(server, "request").then(([message]) => message as IncomingMessage);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const send = (headers: Record<string, string | number>) => {
    const { port } = server.address() as AddressInfo;
    const outgoing = request({ port, host: "127.0.0.1", method: "POST", headers });
    outgoing.on("error", () => {});
    return outgoing;
  };

  // Shorter than a piece, a little longer, as an agent's, and longer than what is put together as it comes.
  for (const bytes of [0, 1_000, 65_537, 200_000, 5 * 1024 * 1024]) {
    it(`gives ${bytes} bytes as they were sent, announced or not`, async () => {
      const body = Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 31) % 251));
      for (const headers of [{ "content-length": bytes }, { "transfer-encoding": "chunked" }]) {
        const outgoing = send(headers);
        outgoing.end(body);
        assert.ok(body.equals(await readBody(await arrived, LIMIT)));
        arrived = once(server, "request").then(([message]) => message as IncomingMessage);
      }
    });
  }

  it("gives the memory of a large one back, and leaves alone what others may read", async () => {
    const outgoing = send({ "content-length": 200_000 });
    outgoing.end(Buffer.alloc(200_000, 1));
    const whole = await readBody(await arrived, LIMIT);
    const part = whole.subarray(0, 100_000);
    const small = Buffer.from("a few bytes");
    giveBack(part);
    giveBack(small);
    assert.deepEqual([whole.length, small.toString()], [200_000, "a few bytes"]);
    giveBack(whole);
    assert.deepEqual([whole.length, part.length], [0, 0]);
  });

  it("says when the sender breaks off within what it announced", async () => {
    const outgoing = send({ "content-length": 200_000 });
    outgoing.write(Buffer.alloc(100_000));
    const reading = readBody(await arrived, LIMIT);
    outgoing.destroy();
    await assert.rejects(reading, Error);
  });

  it("refuses more than the limit", async () => {
    send({ "content-length": LIMIT + 1 }).end(Buffer.alloc(LIMIT + 1));
    await assert.rejects(readBody(await arrived, LIMIT), BodyTooLargeError);
  });
});
