import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Passes } from "../../src/sidecar/passes.ts";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

describe("passes", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-passes-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const caller = { project: "web", tags: ["b", "a"] };

  it("are 128 bits each, one for a caller and where it leads, and stay over a restart in a private file", () => {
    const passes = new Passes(folder);
    const pass = passes.passFor({ caller, upstreams: {} }, 1_000);
    assert.match(pass, /^[0-9a-f]{32}$/);
    assert.equal(passes.passFor({ caller: { ...caller, tags: ["a", "b"] }, upstreams: {} }, 2_000), pass);
    const led = passes.passFor({ caller, upstreams: { openai: "https://proxy.example/v1" } }, 2_000);
    assert.notEqual(led, pass);
    passes.use(pass, 5_000);
    passes.flush();
    assert.equal(statSync(join(folder, "passes.json")).mode & 0o777, 0o600);
    const again = new Passes(folder);
    assert.deepEqual(again.use(led, 6_000)?.upstreams, { openai: "https://proxy.example/v1" });
    assert.deepEqual(
      again.list(6_000).map(({ lastUsedAt }) => lastUsedAt),
      ["1970-01-01T00:00:05.000Z", "1970-01-01T00:00:06.000Z"],
    );
    assert.ok(!JSON.stringify(again.list(6_000)).includes(pass.slice(0, 7)), "a list tells six characters at most");
  });

  it("end at their time and not before, and then a caller gets another", () => {
    const passes = new Passes(folder);
    const pass = passes.passFor({ caller, upstreams: {}, expiresAt: 2_000 }, 1_000);
    assert.ok(passes.use(pass, 1_999));
    assert.equal(passes.use(pass, 2_000), undefined);
    assert.equal(passes.wrong, 1);
    assert.deepEqual(passes.list(2_000), []);
    assert.notEqual(passes.passFor({ caller, upstreams: {} }, 2_000), pass);
    passes.sweep(2_000);
    assert.ok(!readFileSync(join(folder, "passes.json"), "utf8").includes(pass));
  });

  it("get another end, or none, only where that is said", () => {
    const passes = new Passes(folder);
    const pass = passes.passFor({ caller, upstreams: {}, expiresAt: 2_000 }, 1_000);
    assert.equal(passes.passFor({ caller, upstreams: {} }, 1_500), pass);
    assert.equal(passes.use(pass, 2_500), undefined);
    const next = passes.passFor({ caller, upstreams: {}, expiresAt: 4_000 }, 3_000);
    assert.equal(passes.passFor({ caller, upstreams: {}, expiresAt: null }, 3_500), next);
    assert.ok(passes.use(next, 1e12));
  });
});

describe("a pass at the gateway", () => {
  const world = new GatewayWorld();

  it("that is revoked is answered with 401 at once, on a connection that is kept too, and is counted", async () => {
    const { api } = world.sidecar;
    const { pass, urls } = await api.pass({ tool: "kept" });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const models = `${urls.anthropic}/v1/models`;
    assert.equal((await get(models, agent)).status, 200);
    const mine = (await api.passes()).find(({ caller }) => caller.tool === "kept");
    assert.equal(mine?.beginning, pass.slice(0, 6));
    assert.ok(mine.lastUsedAt !== null);
    await api.revokePass(mine.id);
    const answer = await get(models, agent);
    agent.destroy();
    assert.deepEqual([answer.status, answer.reused], [401, true]);
    const { type, error } = JSON.parse(answer.text);
    assert.deepEqual([type, error.type], ["error", "authentication_error"]);
    assert.match(await api.metrics(), /^# TYPE tollgate_wrong_passes_total counter\ntollgate_wrong_passes_total 1$/m);
    await assert.rejects(api.revokePass(mine.id), { status: 404 });
  });

  it("leads where its maker said, and a pass made with such an address leads there as well", async () => {
    const { api } = world.sidecar;
    const upstreams = { nowhere: world.upstreams.vllm.url };
    const first = await api.pass({ tool: "led", upstreams });
    const second = await api.pass({ tool: "led twice", upstreams: { nowhere: first.urls.nowhere as string } });
    const plain = await api.pass({ tool: "not led", upstreams: { openai: first.urls.openai as string } });
    assert.equal((await fetch(`${second.urls.nowhere}/models`)).status, 200);
    assert.ok(world.upstreams.vllm.requests.some(({ path }) => path === "/v1/models"));
    assert.equal((await fetch(`${plain.urls.nowhere}/models`)).status, 502);
    await assert.rejects(api.pass({ upstreams: { moon: "https://moon.example" } }), /no provider is named moon/);
    await assert.rejects(api.pass({ upstreams: { openai: "file:///etc" } }), /upstreams\.openai/);
  });
});

function get(url: string, agent: Agent): Promise<{ status: number | undefined; reused: boolean; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { agent, headers: { "x-api-key": KEY, "anthropic-version": "2023-06-01" } },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, reused: outgoing.reusedSocket, text }));
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}
