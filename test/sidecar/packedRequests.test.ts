import assert from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

const PROMPT = JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hello ".repeat(200) }] });

describe("a request whose client has packed it", () => {
  const world = new GatewayWorld();

  async function send(encoding: string, body: Buffer): Promise<Response> {
    const { openai } = await world.sidecar.urls();
    const headers = {
      authorization: `Bearer ${KEY}`,
      "content-type": "application/json",
      "content-encoding": encoding,
    };
    return fetch(`${openai}/chat/completions`, { method: "POST", headers, body: new Uint8Array(body) });
  }

  it("is read, metered and sent on plain", async () => {
    const packed = { gzip: gzipSync(PROMPT), br: brotliCompressSync(PROMPT), deflate: deflateSync(PROMPT) };
    for (const [encoding, body] of Object.entries(packed)) {
      const answer = await send(encoding, body);
      assert.equal(answer.status, 200, encoding);
      await answer.arrayBuffer();
      const { status, costBasis, usage } = await world.booked(answer.headers.get("x-tollgate-call-id"));
      assert.deepEqual([status, costBasis, usage.inputTokens > 100], ["ok", "catalog", true]);
      const sent = world.upstreams.openai.requests.at(-1);
      assert.deepEqual(
        [sent?.headers["content-encoding"], sent?.headers["content-length"]],
        [undefined, `${PROMPT.length}`],
      );
    }
  });

  it("is refused with a word where it cannot be unpacked, or is too large unpacked", async () => {
    const before = world.upstreams.openai.requests.length;
    for (const [encoding, body, status, said] of [
      ["gzip", Buffer.from(PROMPT), 400, /is no gzip/],
      ["snappy", Buffer.from(PROMPT), 400, /packed as snappy/],
      ["gzip", gzipSync(Buffer.alloc(70 * 1024 * 1024)), 413, /larger than/],
    ] as const) {
      const answer = await send(encoding, body);
      const { error } = (await answer.json()) as { error: { message: string } };
      assert.equal(answer.status, status);
      assert.match(error.message, said);
    }
    assert.equal(world.upstreams.openai.requests.length, before);
  });
});
