import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { startOpenaiUpstream } from "../upstreams/openaiUpstream.ts";
import { PrivateAuthority } from "../upstreams/privateAuthority.ts";
import { TlsFront } from "../upstreams/tlsFront.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** What the proxy was asked, in its own words. */
interface AskedProxy {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
}

/** A proxy as companies have them, which finds every name at one port of this machine. */
class CompanyProxy {
  readonly asked: AskedProxy[] = [];
  /** What it answers to those who want to be connected through it. */
  connectStatus = 200;
  /** Where it finds those servers. */
  connectPort: number;
  readonly #server: Server = createServer((request, response) => this.#pass(request, response));
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
    this.connectPort = port;
    this.#server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#note(request);
      if (this.connectStatus !== 200) {
        socket.end(`HTTP/1.1 ${this.connectStatus} No\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const server = connect(this.connectPort, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        server.write(head);
        server.pipe(socket).pipe(server);
      });
      server.on("error", () => socket.destroy());
      socket.on("error", () => server.destroy());
    });
  }

  static async start(port: number): Promise<CompanyProxy> {
    const proxy = new CompanyProxy(port);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #note({ method = "", url = "", headers }: IncomingMessage): void {
    this.asked.push({ method, target: url, authorization: headers["proxy-authorization"] });
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    this.#note(request);
    const { pathname, search } = new URL(request.url ?? "");
    const { "proxy-authorization": _, ...headers } = request.headers;
    const onward = httpRequest({ port: this.#port, method: request.method, path: pathname + search, headers });
    request.pipe(onward);
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
  }
}

const CHAT = JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hi" }] });
const HEADERS = { authorization: "Bearer sk-planted-secret", "content-type": "application/json" };

describe("proxies that the environment names", function () {
  this.timeout(60_000);
  let upstream: Upstream;
  let proxy: CompanyProxy;

  before(async () => {
    upstream = await startOpenaiUpstream();
    proxy = await CompanyProxy.start(upstream.port);
  });
  after(async () => {
    proxy.stop();
    await upstream.stop();
  });
  beforeEach(() => {
    upstream.reset();
    proxy.asked.length = 0;
    proxy.connectStatus = 200;
  });

  /** Runs a sidecar under an environment, whose providers are known to nobody but the proxy. */
  async function under(
    env: Record<string, string>,
    check: (urls: Record<string, string>, sidecar: RunningSidecar) => Promise<void>,
  ): Promise<void> {
    const provider = (baseUrl: string) => ({ protocol: "openai", baseUrl });
    const providers = {
      plain: provider("http://llm.test:8123/v1"),
      secure: provider("https://llm.test/v1"),
      local: provider(upstream.url),
    };
    const sidecar = await RunningSidecar.start({ providers }, { env });
    try {
      await check(await sidecar.urls(), sidecar);
    } finally {
      await sidecar.remove();
    }
  }

  const ask = (url: string | undefined) =>
    fetch(`${url}/chat/completions`, { method: "POST", body: CHAT, headers: HEADERS });
  const messageOf = async (answer: Response) => ((await answer.json()) as { error: { message: string } }).error.message;

  it("are asked with the whole address and the user's name for plain addresses, and never for this machine's own", async () => {
    const credentials = `Basic ${Buffer.from("me:s:cret").toString("base64")}`;
    await under({ http_proxy: `http://me:s%3Acret@${proxy.address}` }, async (urls) => {
      for (const attempt of ["first", "kept connection"]) {
        const answer = await ask(urls.plain);
        assert.equal(answer.status, 200, attempt);
        await answer.text();
      }
      const models = await fetch(`${urls.plain}/models?limit=1`, { headers: HEADERS });
      assert.equal(models.status, 200);
      await models.text();
      assert.deepEqual(
        proxy.asked.map(({ method, target }) => `${method} ${target}`),
        [
          "POST http://llm.test:8123/v1/chat/completions",
          "POST http://llm.test:8123/v1/chat/completions",
          "GET http://llm.test:8123/v1/models?limit=1",
        ],
      );
      assert.deepEqual(new Set(proxy.asked.map(({ authorization }) => authorization)), new Set([credentials]));
      assert.deepEqual(new Set(upstream.requests.map(({ headers }) => headers.host)), new Set(["llm.test:8123"]));
      proxy.asked.length = 0;
      assert.equal((await ask(urls.local)).status, 200);
      assert.deepEqual(proxy.asked, []);
    });
  });

  it("are asked to connect for secure ones, and what they answer is told without the password", async () => {
    proxy.connectStatus = 407;
    // Without a scheme, as many write it.
    await under({ HTTPS_PROXY: `me:secret@${proxy.address}` }, async (urls, sidecar) => {
      const answer = await ask(urls.secure);
      assert.equal(answer.status, 502);
      const message = await messageOf(answer);
      assert.equal(message, `The proxy http://${proxy.address} does not let through to llm.test (it answered 407)`);
      assert.deepEqual(
        proxy.asked.map(({ method, target }) => `${method} ${target}`),
        ["CONNECT llm.test:443"],
      );
      assert.equal(proxy.asked[0]?.authorization, `Basic ${Buffer.from("me:secret").toString("base64")}`);
      const { calls } = await sidecar.api.calls({ limit: 1 });
      assert.deepEqual([calls[0]?.errorType, calls[0]?.costNanoUsd], ["upstream_unreachable", 0]);
      assert.doesNotMatch(sidecar.log, /secret/);
    });
  });

  it("carry secure calls without seeing into them, and what Tollgate asks itself", async () => {
    const authority = new PrivateAuthority();
    const front = await TlsFront.start({ to: upstream.port, certificate: authority.issue("server") });
    proxy.connectPort = front.port;
    try {
      const env = { HTTPS_PROXY: `http://${proxy.address}`, NODE_EXTRA_CA_CERTS: authority.caFile };
      await under(env, async (urls, sidecar) => {
        for (const attempt of ["first", "kept connection"]) {
          const answer = await ask(urls.secure);
          assert.equal(answer.status, 200, attempt);
          const { usage } = (await answer.json()) as { usage: { completion_tokens: number } };
          const call = await sidecar.api.call(answer.headers.get("x-tollgate-call-id") ?? "", 10_000);
          assert.equal(call.usage.outputTokens, usage.completion_tokens);
        }
        assert.deepEqual(
          proxy.asked.map(({ method, target }) => `${method} ${target}`),
          ["CONNECT llm.test:443"],
        );
        const health = await sidecar.api.providerHealth("secure");
        assert.ok(health.up, health.detail);
        assert.equal(proxy.asked.length, 2);
      });
    } finally {
      await front.stop();
      authority.remove();
    }
  });

  it("are left out where NO_PROXY says so, and named where they cannot be reached or used", async () => {
    const dead = "http://127.0.0.1:9";
    await under({ ALL_PROXY: dead, NO_PROXY: "llm.test:8123" }, async (urls) => {
      assert.match(
        await messageOf(await ask(urls.plain)),
        /^llm\.test:8123 cannot be reached \(E(NOTFOUND|AI_AGAIN)\)$/,
      );
      assert.match(
        await messageOf(await ask(urls.secure)),
        /^llm\.test \(through the proxy http:\/\/127\.0\.0\.1:9\) cannot be reached \(ECONNREFUSED\)$/,
      );
    });
    await under({ ALL_PROXY: "ftp://me:secret@proxy.test" }, async (urls) => {
      const message = await messageOf(await ask(urls.plain));
      assert.match(
        message,
        /none that Tollgate can use \(ftp\): write it as http:\/\/, https:\/\/ or socks5:\/\/HOST:PORT/,
      );
    });
  });
});
