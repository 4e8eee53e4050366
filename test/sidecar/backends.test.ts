import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { ApiError } from "../../src/client/apiError.ts";
import { CommandLine } from "../cli/command.ts";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

const BY = "ana";
const HAIKU = "anthropic/claude-haiku-4-5";

describe("backends", () => {
  const world = new GatewayWorld();
  const api = () => world.sidecar.api.backends;
  const keys = { openai: KEY, anthropic: KEY };
  const command = (env = {}) => new CommandLine({ TOLLGATE_DATA_DIR: world.sidecar.dataDir, ...env });

  async function sickness(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
      () => assert.fail("it was switched"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, "backend_sick");
    return error.message;
  }

  it("are switched once they have answered, and every switch is recorded with who, when and why", async () => {
    const { at, from, to } = await api().switch({ name: HAIKU, keys, by: BY, why: "cheaper" });
    assert.equal(from, null);
    assert.equal(to?.provider, "anthropic");
    await api().switch({ name: "openai/gpt-4.1", tier: "sonnet", keys, by: BY });
    const { default: main, tiers } = await api().view();
    assert.deepEqual(main, { provider: "anthropic", model: "claude-haiku-4-5" });
    const sonnet = tiers.find(({ name }) => name === "sonnet");
    assert.deepEqual(sonnet, {
      name: "sonnet",
      backend: { provider: "openai", model: "gpt-4.1" },
      configured: true,
    });
    const [last, first] = await api().log();
    assert.equal(last?.tier, "sonnet");
    assert.deepEqual([first?.by, first?.why, first?.tier, first?.checked?.state], [BY, "cheaper", null, "ok"]);
    assert.ok(Math.abs((first?.at ?? 0) - at) < 1_000 && Math.abs(Date.now() - at) < 60_000);
  });

  it("are not switched to where they are sick, which is said; unless that is to be overlooked", async () => {
    const before = (await api().view()).default;
    assert.match(await sickness(api().switch({ name: "openai/gpt-4.1", by: BY })), /wants an API key/);
    const wrong = { openai: "sk-wrong-planted" };
    assert.match(
      await sickness(api().switch({ name: "openai/gpt-4.1", keys: wrong, by: BY })),
      /not accept the API key/,
    );
    assert.match(await sickness(api().switch({ name: "nowhere/m", by: BY })), /127\.0\.0\.1:9 cannot be reached/);
    assert.match(await sickness(api().switch({ name: "vllm/other", by: BY })), /does not serve other; it serves /);
    world.upstreams.vllm.script.healthy = false;
    assert.match(await sickness(api().switch({ name: "vllm", by: BY })), /answered HTTP 503/);
    assert.deepEqual((await api().view()).default, before);
    const { checked } = await api().switch({ name: "nowhere/m", skipHealthCheck: true, by: BY });
    assert.equal(checked, null);
    assert.equal((await api().view()).default?.provider, "nowhere");
  });

  it("are not switched to where they answer too slowly", async () => {
    const { backends } = await world.sidecar.api.config();
    await world.sidecar.api.changeConfig({ backends: { ...backends, healthLimitMs: 100 } });
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
      await world.sidecar.api.changeConfig({
        providers: { silent: { protocol: "openai", baseUrl, pricing: { kind: "free" } } },
      });
      assert.match(await sickness(api().switch({ name: "silent/m", by: BY })), /no answer within 100 ms/);
    } finally {
      server.close();
      await world.sidecar.api.changeConfig({ providers: { silent: null }, backends });
    }
  });

  it("are all shown with state, latency and the last error of a call", async () => {
    const client = await world.openai();
    world.upstreams.openai.script.next({ error: { status: 503 } });
    await assert.rejects(
      client.chat.completions.create({ model: "gpt-4.1", messages: [{ role: "user", content: "x" }] }),
    );
    const rows = await api().check({ openai: KEY, anthropic: "sk-wrong-planted" });
    const row = (provider: string) => rows.find((one) => one.provider === provider) ?? assert.fail(provider);
    assert.equal(row("openai").state, "ok");
    assert.ok((row("openai").latencyMs ?? -1) >= 0);
    assert.match(row("openai").lastError?.message ?? "", /currently overloaded/);
    assert.equal(row("anthropic").state, "key-wrong");
    assert.equal(row("nowhere").state, "down");
    assert.ok(row("nowhere").roles.includes("default"));
    assert.equal(row("vllm").state, "ok");
  });

  it("leave each failure as a line of JSON without anything secret in it", async () => {
    const client = await world.openai();
    world.upstreams.openai.script.next({
      error: {
        status: 500,
        body: { error: { message: `key ${KEY} and Bearer abcdefgh-1 and AIzaSyA-planted-secret` } },
      },
    });
    await assert.rejects(
      client.chat.completions.create({ model: "gpt-4.1", messages: [{ role: "user", content: "x" }] }),
    );
    await world.sidecar.api.status();
    const text = readFileSync(join(world.sidecar.dataDir, "failures.jsonl"), "utf8");
    const last = JSON.parse(text.trim().split("\n").at(-1) ?? "");
    assert.deepEqual(
      [last.event, last.backend, last.model, last.errorType, last.retryCount, last.httpStatus],
      ["call.failed", "openai", "gpt-4.1", "error", 0, 500],
    );
    assert.match(last.message, /^key … and … and …$/);
    assert.ok(!text.includes("planted"));
    assert.match(text, /"event":"backend\.sick".*"backend":"vllm"/);
  });

  it("are listed, checked and switched on the command line, which asks the default and tiers by their names", async () => {
    const line = command({ OPENAI_API_KEY: KEY, ANTHROPIC_API_KEY: KEY });
    const sick = await line.run(["backend", "check"]);
    assert.equal(sick.code, 1);
    assert.match(sick.out, /^down +nowhere +m +default/m);
    const refused = await line.run(["backend", "use", "nowhere/other"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /was not switched to: .*cannot be reached.*--skip-health-check/);
    const used = await line.run(["backend", "use", HAIKU, "--why", "back to work"]);
    assert.equal(used.code, 0, used.err);
    assert.match(used.out, /^Prompts go to anthropic\/claude-haiku-4-5 now \(answers in \d+ ms\)/);
    assert.match(
      (await line.run(["backend", "log"])).out,
      /default +nowhere\/m +anthropic\/claude-haiku-4-5 .*back to work/,
    );
    assert.match((await line.run(["backend"])).out, /^sonnet +openai +gpt-4\.1/m);
    const byDefault = await line.run(["ask", "--json", "Hi"]);
    assert.equal(JSON.parse(byDefault.out).call.requestedModel, "claude-haiku-4-5", byDefault.err);
    const byTier = await line.run(["ask", "--json", "--model", "sonnet", "Hi"]);
    assert.equal(JSON.parse(byTier.out).call.requestedModel, "gpt-4.1", byTier.err);
    assert.equal((await line.run(["backend", "check"])).code, 0);
    assert.equal((await line.run(["backend", "remove", "sonnet"])).code, 0);
    const sonnet = (await api().view()).tiers.find(({ name }) => name === "sonnet");
    assert.deepEqual([sonnet?.configured, sonnet?.backend.provider], [false, "anthropic"], "its family's newest again");
    assert.deepEqual((await api().log(1))[0]?.to, null);
  });
});
