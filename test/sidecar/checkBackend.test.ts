import assert from "node:assert/strict";
import type { Provider } from "../../src/domain/config.ts";
import { type Check, checkBackend } from "../../src/sidecar/backends/checkBackend.ts";
import { Upstream as Connections } from "../../src/sidecar/gateway/upstream.ts";
import { Turn } from "../../src/sidecar/turn.ts";
import { startOllamaUpstream } from "../upstreams/ollamaUpstream.ts";
import { plain } from "../upstreams/reply.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";
import { startUpstream, type Upstream } from "../upstreams/upstreamServer.ts";

describe("the check of a backend", () => {
  const connections = new Connections(new Turn(() => 0));
  let upstreams: Upstreams;
  let ollama: Upstream;

  before(async () => {
    upstreams = await startUpstreams();
    ollama = await startOllamaUpstream();
  });
  after(async () => {
    connections.close();
    await ollama?.stop();
    await upstreams?.stop();
  });

  const check = (provider: Provider, more: Partial<Check> = {}) =>
    checkBackend({ provider, key: "sk-right", model: null, link: null, limitMs: 5_000, ...more }, connections);
  const at = (protocol: Provider["protocol"], baseUrl: string, pricing: Provider["pricing"] = { kind: "catalog" }) => ({
    protocol,
    baseUrl,
    pricing,
  });

  it("tells a right key from a wrong one and from none, in every protocol that it can", async () => {
    for (const provider of [
      at("openai", upstreams.openai.url),
      at("anthropic", upstreams.anthropic.url),
      at("google", upstreams.google.url),
    ]) {
      const states = [];
      for (const key of ["sk-right", "sk-wrong", null]) {
        states.push((await check(provider, { key })).state);
      }
      assert.deepEqual(states, ["ok", "key-wrong", "key-missing"], provider.protocol);
    }
  });

  it("knows what a server of the user's own serves", async () => {
    const served = await check(at("ollama", ollama.url), { key: null, model: "no-such-model" });
    assert.equal(served.state, "no-model");
    assert.match(served.detail, /does not serve no-such-model; it serves /);
    const [, name = ""] = /it serves ([^, ]+)/.exec(served.detail) ?? [];
    assert.equal((await check(at("ollama", ollama.url), { key: null, model: name })).state, "ok");
    const long = await check(at("openai", upstreams.openai.url), { model: "gpt-of-next-year" });
    assert.equal(long.state, "ok", "a public provider's list is not all that it serves");
  });

  for (const [what, status, body, state] of [
    ["a host without a list", 404, "{}", "ok"],
    ["a key that may not list models", 403, '{"error":{"message":"Missing scopes: api.model.read"}}', "ok"],
    ["a key of another project", 403, '{"error":{"message":"No access"}}', "key-wrong"],
    ["a host that is busy", 429, '{"error":{"message":"Slow down"}}', "down"],
    ["a host that is overloaded", 529, "", "down"],
    ["a page of something else", 200, "<html>", "ok"],
  ] as const) {
    it(`takes ${what} for ${state}`, async () => {
      const host = await startUpstream(() => plain(status, body, "application/json"), "/v1");
      const { state: found } = await check(at("openai", host.url));
      await host.stop();
      assert.equal(found, state);
    });
  }

  it("says back no key that the provider says back", async () => {
    const host = await startUpstream(
      () => plain(401, '{"error":{"message":"sk-proj-planted123 is wrong"}}', "application/json"),
      "/v1",
    );
    const { detail } = await check(at("openai", host.url), { key: "sk-proj-planted123" });
    await host.stop();
    assert.ok(!detail.includes("planted"), detail);
  });
});
