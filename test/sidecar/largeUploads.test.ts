import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { LARGE, MB, type Parts, read, timesFor, write } from "./largeBodies.ts";
import { LargeWorld, MOST_UNLOOKED } from "./largeWorld.ts";

describe("large uploads, through the real sidecar process", function () {
  this.timeout(120_000);
  const world = new LargeWorld();

  /** Sends a body of so many bytes; gives the answer's status and text. */
  async function upload(url: string, contentType: string, parts: Parts, size: number) {
    const [first, repeated, last] = parts;
    const length = first.length + timesFor(parts, size) * repeated.length + last.length;
    const headers = { "content-type": contentType, "content-length": String(length) };
    const sending = httpRequest(url, { method: "POST", agent: false, headers });
    // The answer may come before all is sent: then it is read, and the rest need not be sent.
    const answered = (async () => {
      const [message] = (await once(sending, "response")) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of message) {
        chunks.push(chunk as Buffer);
      }
      return { message, text: Buffer.concat(chunks).toString() };
    })();
    const [sent, { message, text }] = await Promise.all([write(sending, parts, size), answered]);
    const id = String(message.headers["x-tollgate-call-id"]);
    return { sent, status: message.statusCode, text, id };
  }

  it("pass an upload of 200 MB on in little memory", async () => {
    world.answer = async (request, response) => response.end(JSON.stringify(await read(request)));
    const disposition = 'content-disposition: form-data; name="file"; filename="x.jsonl"';
    const parts: Parts = [
      Buffer.from(`--b\r\n${disposition}\r\n\r\n`),
      Buffer.alloc(MB / 4, "x"),
      Buffer.from("\r\n--b--\r\n"),
    ];
    const uploading = () => upload(`${world.urls.openai}/files`, "multipart/form-data; boundary=b", parts, 2 * LARGE);
    const { sent, status, text } = await world.inLittleMemory(uploading, MOST_UNLOOKED);
    assert.deepEqual([status, JSON.parse(text)], [200, sent]);
  });

  it("read a prompt of 60 MB, and refuse one that is larger than is read in words that its sender gets to see", async () => {
    world.answer = async (request, response) => {
      const { bytes } = await read(request);
      response.end(JSON.stringify({ model: "m", choices: [], usage: { prompt_tokens: bytes, completion_tokens: 1 } }));
    };
    const parts: Parts = [
      Buffer.from('{"model":"m","messages":[{"role":"user","content":"'),
      Buffer.from("word ".repeat(50_000)),
      Buffer.from('"}]}'),
    ];
    const url = `${world.urls.openai}/chat/completions`;
    const { sent, status, id } = await upload(url, "application/json", parts, 60 * MB);
    assert.equal(status, 200);
    assert.equal((await world.sidecar.api.call(id, 10_000)).usage.inputTokens, sent.bytes);
    world.answer = () => assert.fail("Nothing is sent on");
    for (const size of [65 * MB, 200 * MB]) {
      const refused = await upload(url, "application/json", parts, size);
      assert.equal(refused.status, 413);
      assert.match(refused.text, /"message":"The request body is larger than 67108864 bytes"/);
    }
  });
});
