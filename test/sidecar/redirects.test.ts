import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { RunningSidecar } from "./runSidecar.ts";

const CHAT = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] });
const ANSWER = { choices: [{ message: { content: "Hi" } }], usage: { prompt_tokens: 1, completion_tokens: 1 } };

describe("a provider that leads on to another address", () => {
  let stranger: Server;
  let provider: Server;
  let sidecar: RunningSidecar;
  let strangers = 0;
  const port = (server: Server) => (server.address() as AddressInfo).port;
  const listening = async (server: Server) => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  };

  before(async () => {
    stranger = await listening(
      createServer((_, response) => {
        strangers += 1;
        response.end("{}");
      }),
    );
    provider = await listening(
      createServer((request, response) => {
        request.resume();
        const { pathname, search } = new URL(request.url ?? "", "http://127.0.0.1");
        if (pathname.endsWith("/")) {
          const own = `http://${request.headers.host}${pathname.slice(0, -1)}${search}`;
          const location =
            search === "?away" ? `http://127.0.0.1:${port(stranger)}/v1/x` : search === "?out" ? "/login" : own;
          response.writeHead(307, { location }).end();
        } else {
          response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(ANSWER));
        }
      }),
    );
    const baseUrl = `http://127.0.0.1:${port(provider)}/v1`;
    sidecar = await RunningSidecar.start({
      providers: { own: { protocol: "openai", baseUrl, pricing: { kind: "free" } } },
    });
  });

  after(async () => {
    await sidecar?.remove();
    provider?.close();
    stranger?.close();
  });

  const ask = async (path: string, init: RequestInit = { method: "POST", body: CHAT }) => {
    const { own } = await sidecar.urls();
    return fetch(`${own}${path}`, init);
  };

  it("of its own is followed through the gateway, and metered", async () => {
    const answer = await ask("/chat/completions/");
    assert.deepEqual([answer.status, new URL(answer.url).port], [200, new URL(sidecar.url).port]);
    const call = await sidecar.api.call(answer.headers.get("x-tollgate-call-id") ?? "", 5_000);
    assert.deepEqual([call.status, call.usage.inputTokens], ["ok", 1]);
  });

  it("of another host, or outside of its base, is not followed with a call that costs money", async () => {
    for (const search of ["?away", "?out"]) {
      const answer = await ask(`/chat/completions/${search}`);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      assert.deepEqual([answer.status, error.code], [502, "redirected"]);
      assert.match(error.message, /is not followed/);
      const call = await sidecar.api.call(answer.headers.get("x-tollgate-call-id") ?? "", 5_000);
      assert.deepEqual([call.errorType, call.httpStatus], ["redirected", 307]);
    }
    assert.equal(strangers, 0);
  });

  it("is told to the client as it is where nothing costs, as with files that lie elsewhere", async () => {
    const answer = await ask("/files/f/content/?away", { redirect: "manual" });
    assert.deepEqual([answer.status, answer.headers.get("location")], [307, `http://127.0.0.1:${port(stranger)}/v1/x`]);
    assert.equal(strangers, 0);
  });
});
