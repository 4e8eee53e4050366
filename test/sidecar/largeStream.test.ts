import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { Call } from "../../src/domain/call.ts";
import { randomOf } from "../prove/random.ts";
import { RunningSidecar } from "./runSidecar.ts";

const MB = 1024 * 1024;
const LARGE = 100 * MB;
/** What a process may need for one large exchange more than it had before. */
const MOST_GROWTH = 64 * MB;
/** The same where next to nothing is looked at: V8 frees buffers at the latest when it holds 64 MB that nobody uses. */
const MOST_UNLOOKED = 96 * MB;

/** A body that is large: how it begins, what is repeated, how it ends. */
type Parts = readonly [first: Buffer, repeated: Buffer, last: Buffer];

const prose = "A gate is held by what passes it, and by nobody else. ".repeat(18);
const sse = (...events: object[]) => Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));

const delta = (content: string) => ({ choices: [{ index: 0, delta: { content } }], usage: null });
const chatOf = (repeated: Buffer): Parts => [
  sse({ ...delta(""), model: "gpt-4o-mini" }),
  repeated,
  Buffer.concat([
    sse({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 1_000_000 } }),
    Buffer.from("data: [DONE]\n\n"),
  ]),
];
const CHAT = chatOf(sse(delta(prose)));
const MESSAGES: Parts = [
  sse(
    { type: "message_start", message: { model: "claude-haiku-4-5", usage: { input_tokens: 7, output_tokens: 1 } } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  ),
  sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: prose } }),
  sse({ type: "message_delta", delta: {}, usage: { output_tokens: 1_000_000 } }, { type: "message_stop" }),
];

/** How often the middle of a body is repeated, for a body of `size` bytes or a little more. */
const timesFor = ([first, repeated, last]: Parts, size: number) =>
  Math.ceil((size - first.length - last.length) / repeated.length);

/** A promise that is kept from outside. */
function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let keep: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    keep = resolve;
  });
  return { promise, resolve: (value) => keep(value) };
}

/** A body whose bytes somebody wrote, or read. */
interface Seen {
  readonly bytes: number;
  readonly digest: string;
}

async function read(message: IncomingMessage): Promise<Seen> {
  const digest = createHash("sha256");
  let bytes = 0;
  for await (const chunk of message) {
    digest.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, digest: digest.digest("hex") };
}

/** Writes a body and ends. `onStuck` is told how much was written each time nobody has taken any for half a second. */
async function write(
  to: ServerResponse | ReturnType<typeof httpRequest>,
  parts: Parts,
  size: number,
  onStuck: (bytes: number) => void = () => {},
): Promise<Seen> {
  const digest = createHash("sha256");
  let bytes = 0;
  let goOn: () => void = () => {};
  to.on("drain", () => goOn());
  to.on("close", () => goOn());
  const put = async (part: Buffer) => {
    digest.update(part);
    bytes += part.length;
    if (!to.destroyed && !to.write(part)) {
      const timer = setTimeout(() => onStuck(bytes), 500);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      clearTimeout(timer);
    }
  };
  const [first, repeated, last] = parts;
  await put(first);
  for (let times = timesFor(parts, size); times > 0; times -= 1) {
    await put(repeated);
  }
  await put(last);
  to.end();
  return { bytes, digest: digest.digest("hex") };
}

describe("large exchanges, through the real sidecar process", function () {
  this.timeout(120_000);
  let sidecar: RunningSidecar;
  let provider: Server;
  let urls: Record<string, string>;
  /** What the provider does with the next request. */
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  before(async () => {
    provider = createServer((request, response) => answer(request, response));
    await new Promise<void>((listening) => provider.listen(0, "127.0.0.1", listening));
    const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
    const pricing = { kind: "free" };
    sidecar = await RunningSidecar.start({
      providers: {
        openai: { protocol: "openai", baseUrl, pricing },
        anthropic: { protocol: "anthropic", baseUrl, pricing },
      },
    });
    urls = await sidecar.urls();
    // What a process needs for good it takes with its first exchanges.
    await (await ask("openai/chat/completions", CHAT, { size: 4 * MB })).came;
    await (await ask("anthropic/messages", MESSAGES, { size: 4 * MB })).came;
  });
  after(async () => {
    provider.closeAllConnections();
    provider.close();
    await sidecar.remove();
  });

  /** Resident bytes of the sidecar, now or at most since the peak was forgotten. */
  function resident(name: "VmRSS" | "VmHWM"): number {
    const status = readFileSync(`/proc/${sidecar.pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }

  /** Does work during which the sidecar's memory may not rise far above its level before. Elsewhere than on Linux it is not known. */
  async function inLittleMemory<T>(work: () => Promise<T>, most = MOST_GROWTH): Promise<T> {
    const peak = `/proc/${sidecar.pid}/clear_refs`;
    if (!existsSync(peak)) {
      return work();
    }
    writeFileSync(peak, "5");
    const before = resident("VmRSS");
    const done = await work();
    const grown = resident("VmHWM") - before;
    assert.ok(grown < most, `The sidecar grew by ${Math.round(grown / MB)} MB`);
    return done;
  }

  interface Asked {
    readonly call: () => Promise<Call>;
    /** What the provider wrote before it had to wait for half a second, or all. */
    readonly stuckAt: Promise<number>;
    readonly sent: Promise<Seen>;
    readonly came: Promise<Seen>;
  }

  interface Asking {
    readonly size?: number;
    readonly method?: string;
    readonly headers?: Record<string, string>;
    /** The answer is read when this has resolved; else at once. */
    readonly readFrom?: Promise<void>;
  }

  /** Asks for something of which the provider sends so many bytes. */
  async function ask(path: string, parts: Parts, asking: Asking = {}): Promise<Asked> {
    const { size = LARGE, method = "POST", headers = { "content-type": "text/event-stream" }, readFrom } = asking;
    const stuck = later<number>();
    const sent = later<Seen>();
    answer = (request, response) => {
      request.resume().on("end", async () => {
        response.writeHead(200, headers);
        const seen = await write(response, parts, size, stuck.resolve);
        stuck.resolve(seen.bytes);
        sent.resolve(seen);
      });
    };
    const [name = "", ...rest] = path.split("/");
    const sending = httpRequest(`${urls[name]}/${rest.join("/")}`, { method, agent: false });
    const usage = { stream: true, stream_options: { include_usage: true } };
    sending.end(method === "GET" ? undefined : JSON.stringify({ model: "m", max_tokens: 9, messages: [], ...usage }));
    const [message] = (await once(sending, "response")) as [IncomingMessage];
    const id = String(message.headers["x-tollgate-call-id"]);
    const came = (async () => {
      await readFrom;
      return read(message);
    })();
    return { call: () => sidecar.api.call(id, 10_000), stuckAt: stuck.promise, sent: sent.promise, came };
  }

  for (const [path, stream] of [
    ["openai/chat/completions", CHAT],
    ["anthropic/messages", MESSAGES],
  ] as const) {
    it(`pass a stream of 100 MB on in little memory, and book its last report, once (${path})`, async () => {
      const provider = path.split("/", 1)[0] as string;
      const calls = async () => (await sidecar.api.calls({ provider, limit: 100 })).calls.length;
      const before = await calls();
      const { call, sent, came } = await inLittleMemory(async () => {
        const asked = await ask(path, stream);
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
    await inLittleMemory(async () => {
      const { stuckAt, sent, came } = await ask("openai/chat/completions", CHAT, { readFrom: reading.promise });
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
    const { call, sent, came } = await inLittleMemory(async () => {
      const asked = await ask("openai/chat/completions", [first, repeated, last], { headers });
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
    const { call, sent, came } = await inLittleMemory(async () => {
      const asked = await ask("openai/chat/completions", parts, { headers, size });
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
    answer = (request, response) => {
      request.resume().on("end", () => response.end('{"id":"msgbatch_1","type":"message_batch"}'));
    };
    const made = await fetch(`${urls.anthropic}/messages/batches`, { method: "POST", body: '{"requests":[]}' });
    await made.text();
    const { sent, came } = await inLittleMemory(async () => {
      const asked = await ask("anthropic/messages/batches/msgbatch_1/results", parts, { method: "GET" });
      await asked.came;
      return asked;
    });
    assert.deepEqual(await came, await sent);
    const id = made.headers.get("x-tollgate-call-id") ?? "";
    let call = await sidecar.api.call(id, 10_000);
    for (let asked = 0; asked < 500 && call.usageBasis !== "reported"; asked += 1) {
      call = await sidecar.api.call(id, 10_000);
    }
    const lines = timesFor(parts, LARGE) + 2;
    assert.deepEqual([call.usage.inputTokens, call.usage.outputTokens], [lines * 10, lines * 20]);
  });

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
    answer = async (request, response) => response.end(JSON.stringify(await read(request)));
    const disposition = 'content-disposition: form-data; name="file"; filename="x.jsonl"';
    const parts: Parts = [
      Buffer.from(`--b\r\n${disposition}\r\n\r\n`),
      Buffer.alloc(MB / 4, "x"),
      Buffer.from("\r\n--b--\r\n"),
    ];
    const uploading = () => upload(`${urls.openai}/files`, "multipart/form-data; boundary=b", parts, 2 * LARGE);
    const { sent, status, text } = await inLittleMemory(uploading, MOST_UNLOOKED);
    assert.deepEqual([status, JSON.parse(text)], [200, sent]);
  });

  it("read a prompt of 60 MB, and refuse one that is larger than is read in words that its sender gets to see", async () => {
    answer = async (request, response) => {
      const { bytes } = await read(request);
      response.end(JSON.stringify({ model: "m", choices: [], usage: { prompt_tokens: bytes, completion_tokens: 1 } }));
    };
    const parts: Parts = [
      Buffer.from('{"model":"m","messages":[{"role":"user","content":"'),
      Buffer.from("word ".repeat(50_000)),
      Buffer.from('"}]}'),
    ];
    const url = `${urls.openai}/chat/completions`;
    const { sent, status, id } = await upload(url, "application/json", parts, 60 * MB);
    assert.equal(status, 200);
    assert.equal((await sidecar.api.call(id, 10_000)).usage.inputTokens, sent.bytes);
    answer = () => assert.fail("Nothing is sent on");
    for (const size of [65 * MB, 200 * MB]) {
      const refused = await upload(url, "application/json", parts, size);
      assert.equal(refused.status, 413);
      assert.match(refused.text, /"message":"The request body is larger than 67108864 bytes"/);
    }
  });
});
