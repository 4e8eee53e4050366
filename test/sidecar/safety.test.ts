import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { RunningSidecar } from "./runSidecar.ts";

/** A secret in every place where clients put one. The sidecar passes them on and writes none of them down. */
const PLANTED = "planted-5f3d";
const inHeaders: Readonly<Record<string, string>> = {
  authorization: `Bearer sk-${PLANTED}-bearer`,
  "x-api-key": `sk-ant-${PLANTED}`,
  "api-key": `${PLANTED}-azure`,
  "x-goog-api-key": `AIza-${PLANTED}`,
  "x-amz-security-token": `${PLANTED}-session`,
  cookie: `session=${PLANTED}`,
  "x-whatever": `${PLANTED}-other`,
};

/** A provider that tells the whole request in its error messages, as careless ones do, or leads elsewhere. */
async function startCarelessUpstream(): Promise<{ server: Server; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = await text(request);
    const all = JSON.stringify({ url: request.url, headers: request.headers, body });
    seen.push(all);
    if (request.url?.includes("moved")) {
      response.writeHead(307, { location: `http://127.0.0.1:9/stolen?key=${PLANTED}` }).end();
    } else if (request.url?.includes("broken")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: {"error":${JSON.stringify(all)}`);
      response.destroy();
    } else {
      const error = { message: `Incorrect key in ${all}`, type: "invalid_request_error", code: "invalid_api_key" };
      response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, seen };
}

const CHAT = { model: "m", messages: [{ role: "user", content: `${PLANTED} prompt` }], stream: true };
const GEMINI = { contents: [{ parts: [{ text: `${PLANTED} prompt` }] }] };
const CALLS: ReadonlyArray<readonly [provider: string, path: string, body: object]> = [
  ["openai", "/v1/chat/completions", CHAT],
  ["openai", "/v1/broken/chat/completions", CHAT],
  ["openai", "/v1/moved/chat/completions", CHAT],
  ["openai", `/v1/embeddings?key=${PLANTED}`, { model: "m", input: `${PLANTED} text` }],
  ["openai", `/v1/unknown/jobs?key=${PLANTED}`, { token: PLANTED }],
  ["google", `/v1beta/models/gemini-2.5-flash:generateContent?key=${PLANTED}`, GEMINI],
  ["google", `/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=${PLANTED}`, GEMINI],
  ["anthropic", "/v1/messages", { ...CHAT, max_tokens: 9 }],
  ["anthropic", "/v1/messages", { messages: `${PLANTED} is no list` }],
  ["nowhere", `/v1/chat/completions?key=${PLANTED}`, CHAT],
];

describe("what the sidecar keeps from others", () => {
  let upstream: Awaited<ReturnType<typeof startCarelessUpstream>>;
  let sidecar: RunningSidecar;

  before(async () => {
    upstream = await startCarelessUpstream();
    const baseUrl = `http://127.0.0.1:${(upstream.server.address() as AddressInfo).port}`;
    const at = (protocol: string, url = baseUrl) => ({ protocol, baseUrl: url, pricing: { kind: "free" } });
    sidecar = await RunningSidecar.start({
      providers: {
        openai: at("openai"),
        anthropic: at("anthropic"),
        google: at("google"),
        nowhere: at("openai", "http://127.0.0.1:9/v1"),
      },
      budgets: [{ name: "month", limitUsd: 5, window: "month", hard: true, scope: { model: "m" } }],
    });
  });

  after(async () => {
    await sidecar?.remove();
    upstream?.server.close();
  });

  it("writes no key and no prompt down: not in its folder, its log, its API, its events, its metrics", async () => {
    const { pass, urls } = await sidecar.api.pass({ project: "safe" });
    const events = await fetch(`${sidecar.url}/api/v1/events`, { headers: { authorization: `Bearer ${tokenOf()}` } });
    const told = eventsUntil(events, CALLS.length);
    const own: string[] = [];
    for (const [provider, path, body] of CALLS) {
      const base = `${sidecar.url}/p/${pass}/${provider}${path}`;
      const headers = { "content-type": "application/json", ...inHeaders };
      const answer = await fetch(base, { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" });
      const said = await answer.text().catch(() => "");
      if (path.includes("moved")) {
        assert.deepEqual([answer.status, answer.headers.get("location")], [502, null]);
      }
      if (answer.status !== 401 && answer.status !== 200) {
        own.push(said);
      }
    }
    assert.ok(upstream.seen.length >= CALLS.length - 3 && upstream.seen.every((all) => all.includes(PLANTED)));
    const calls = await sidecar.api.calls({ limit: 100 });
    assert.ok(calls.calls.length >= CALLS.length - 1);
    const overview = await sidecar.api.overview();
    const rest = [await sidecar.api.metrics(), await sidecar.api.status(), await sidecar.api.config(), urls];
    const shown = JSON.stringify([calls, overview, ...rest, await sidecar.api.passes(), await sidecar.api.providers()]);
    assert.ok(!shown.includes(PLANTED), "the API tells none");
    assert.ok(!(await told).includes(PLANTED), "the event stream tells none");
    assert.ok(own.length > 1 && !own.join().includes(PLANTED), "errors of its own tell none");
    await sidecar.stop();
    assert.ok(!sidecar.log.includes(PLANTED), "the log tells none");
    const files = filesOf(sidecar.dataDir);
    assert.ok(files.length > 4);
    for (const file of files) {
      assert.ok(!readFileSync(file, "latin1").includes(PLANTED), file);
    }
  });

  it("leaves nothing in its folder that others can read", () => {
    const open = [sidecar.dataDir, ...filesOf(sidecar.dataDir)].filter(
      (path) => !path.endsWith("test-config.json") && (statSync(path).mode & 0o077) !== 0,
    );
    assert.deepEqual(open, []);
  });

  function tokenOf(): string {
    return readFileSync(join(sidecar.dataDir, "token"), "utf8").trim();
  }
});

describe("who may speak to the sidecar", () => {
  let sidecar: RunningSidecar;
  before(async () => {
    sidecar = await RunningSidecar.start({ providers: {} });
  });
  after(() => sidecar?.remove());

  /** The status of an answer to raw bytes. */
  async function statusOf(head: string): Promise<number> {
    const socket = connect(Number(new URL(sidecar.url).port), "127.0.0.1");
    socket.end(`${head.replaceAll("\n", "\r\n")}\r\nConnection: close\r\n\r\n`);
    return Number(/^HTTP\/1\.1 (\d+)/.exec(await text(socket))?.[1]);
  }

  it("is who calls it by a loopback name, and no web page", async () => {
    for (const host of ["127.0.0.1", "localhost:7453", "LOCALHOST", "[::1]:80"]) {
      assert.equal(await statusOf(`GET /live HTTP/1.1\nHost: ${host}`), 200, host);
    }
    const strangers = [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.",
      "127.0.0.1:x",
      "0.0.0.0",
      "[::1",
      "::1",
      "",
    ];
    for (const host of strangers) {
      assert.ok([400, 403].includes(await statusOf(`GET /live HTTP/1.1\nHost: ${host}`)), host);
    }
    assert.equal(await statusOf("GET /live HTTP/1.0\nX: y"), 403);
    assert.equal(await statusOf("GET /live HTTP/1.1\nX: y"), 400);
    assert.ok([400, 403].includes(await statusOf("GET /live HTTP/1.1\nHost: 127.0.0.1\nHost: evil.example")));
    assert.equal(await statusOf("GET http://evil.example/live HTTP/1.1\nHost: 127.0.0.1"), 404);
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1:7453", ""]) {
      assert.equal(await statusOf(`GET /live HTTP/1.1\nHost: 127.0.0.1\nOrigin: ${origin}`), 403, origin);
    }
  });
});

describe("the port", () => {
  it("stays the same from start to start, and where another user has it, another is found that stays as well", async () => {
    const [mine, theirs] = [0, 1].map(() => mkdtempSync(join(tmpdir(), "tollgate-port-"))) as [string, string];
    const start = (dataDir: string) => RunningSidecar.start({ providers: {} }, { dataDir, keepsPort: true });
    const portOf = (sidecar: RunningSidecar) => Number(new URL(sidecar.url).port);
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    await new Promise((closed) => free.close(closed));
    for (const folder of [mine, theirs]) {
      writeFileSync(join(folder, "port"), `${port}\n`);
    }
    const first = await start(mine);
    assert.equal(portOf(first), port);
    const second = await start(theirs);
    const other = portOf(second);
    assert.notEqual(other, port);
    await second.stop();
    await first.stop();
    const again = await start(theirs);
    assert.equal(portOf(again), other);
    await again.remove();
    rmSync(mine, { recursive: true });
  });
});

/** All files below a folder. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What an event stream has told when so many calls were booked. */
async function eventsUntil(response: Response, calls: number): Promise<string> {
  let told = "";
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  while ((told.match(/event: call\.(settled|refused)/g) ?? []).length < calls - 1) {
    const { value, done } = (await reader?.read()) ?? { done: true };
    if (done) {
      break;
    }
    told += value;
  }
  await reader?.cancel();
  return told;
}
