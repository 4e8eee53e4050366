import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ComputeServer } from "../../src/domain/computeApi.ts";
import { vllmModel } from "../upstreams/models.ts";
import { startVllmUpstream, type VllmUpstream } from "../upstreams/vllmUpstream.ts";
import { RunningSidecar } from "./runSidecar.ts";

const HOUR = 3_600_000;
const NANO_PER_HOUR = 160_000_000;
const NANO_PER_MS = NANO_PER_HOUR / HOUR;
const costOf = (ms: number) => Number((BigInt(ms) * BigInt(NANO_PER_HOUR) + BigInt(HOUR - 1)) / BigInt(HOUR));

describe("a vLLM that costs by the hour", () => {
  let vllm: VllmUpstream;
  let sidecar: RunningSidecar;
  let dataDir: string;

  before(async () => {
    vllm = await startVllmUpstream();
  });
  after(() => vllm.stop());

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "tollgate-compute-"));
  });
  afterEach(async () => {
    await sidecar.stop();
    rmSync(dataDir, { recursive: true, force: true });
    vllm.reset();
    await vllm.restart();
  });

  const config = (pricing: object = {}, rest: object = {}) => ({
    providers: {
      vllm: {
        protocol: "openai",
        baseUrl: vllm.url,
        pricing: { kind: "compute-hour", hourlyRateUsd: 0.16, ...pricing },
      },
      openai: { protocol: "openai", baseUrl: "http://127.0.0.1:9/v1" },
    },
    healthIntervalMs: 100,
    healthGraceMs: 300,
    timeZone: "UTC",
    ...rest,
  });
  const start = async (given: unknown) => {
    sidecar = await RunningSidecar.start(given, { dataDir });
  };
  /** Waits until what the report says of the server is as wanted. */
  const server = async (wanted: (server: ComputeServer) => boolean): Promise<ComputeServer> => {
    for (;;) {
      const [found] = (await sidecar.api.compute({ compareWith: "openai/gpt-4o-mini" })).servers;
      if (found !== undefined && wanted(found)) {
        return found;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const ask = async (maxTokens = 40) => {
    const { vllm: base } = await sidecar.urls({ project: "web" });
    const answer = await fetch(`${base}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: vllmModel,
        messages: [{ role: "user", content: "Count to forty." }],
        max_tokens: maxTokens,
        stream: true,
      }),
    });
    await answer.text();
    return sidecar.api.call(answer.headers.get("x-tollgate-call-id") ?? "", 5_000);
  };

  it("is charged from its own start, and calls share what it costs while they are under way", async () => {
    const started = Math.floor(Date.now() / 1_000) * 1_000 - 50 * HOUR;
    vllm.meters.processStartSeconds = started / 1_000;
    await start(config({ compareWith: "openai/gpt-4o-mini" }));
    const up = await server(({ upMs }) => upMs > 0);
    assert.equal(Date.parse(up.upSince ?? ""), started);
    assert.equal(up.basis, "metrics");
    assert.ok(up.upMs >= 50 * HOUR && up.upMs < 50 * HOUR + 60_000);
    assert.equal(up.costNanoUsd, costOf(up.upMs));
    assert.equal(up.idleShare, 1);

    vllm.script.default = { delayMs: 100, gapMs: 20, answerTokens: 40 };
    const asked = Date.now();
    const calls = await Promise.all([ask(), ask(), ask()]);
    const took = Date.now() - asked;
    assert.deepEqual(
      [...new Set(calls.map(({ costNanoUsd, costBasis }) => `${costNanoUsd} ${costBasis}`))],
      ["0 compute-hour"],
    );
    // Once the interval after them is charged, those before have been shared.
    const after = await server(() => true);
    const used = await server(({ upMs, busyMs }) => upMs > after.upMs + 1_000 && busyMs > 0);
    const shared = await Promise.all(calls.map(({ id }) => sidecar.api.call(id)));
    const shares = shared.reduce((sum, call) => sum + (call.computeShareNanoUsd ?? 0), 0);
    assert.equal(used.costNanoUsd - used.idleNanoUsd, shares);
    assert.ok(shares > 0 && shares <= costOf(took), `${shares} for ${took} ms`);
    assert.equal(used.calls, 3);
    assert.ok(used.live !== null && used.live.running !== null && used.live.kvCacheUsage !== null);
    assert.ok(used.usdPerMTok !== null && used.usdPerMTok > 0 && used.usdPerMTokNow !== null);
    const { comparison } = used;
    assert.ok(comparison?.priced && comparison.beats === false && (comparison.tokensPerDay ?? 0) > 1_000_000);

    const { groups, total, computeNanoUsd } = await sidecar.api.summary({ by: "project" });
    assert.equal(groups.find(({ key }) => key === "web")?.computeShareNanoUsd, shares);
    assert.equal(total.costNanoUsd, computeNanoUsd, "shares are no further cost");
  });

  it("is the same to the nano-dollar after the sidecar was killed, and after it restarted itself", async () => {
    await start(config());
    await server(({ upMs }) => upMs > 0);
    await sidecar.kill();
    await start(config());
    const again = await server(({ upMs }) => upMs > 1_000);
    assert.equal(again.costNanoUsd, costOf(again.upMs));
    assert.equal(again.unknownMs, 0, "its own start tells that it was up meanwhile");

    const before = again.upSince;
    await vllm.stop();
    await server(({ up }) => !up);
    await vllm.restart();
    const restarted = await server(({ up, upSince }) => up && upSince !== before);
    assert.ok(Date.parse(restarted.upSince ?? "") > Date.parse(before ?? ""));
    const later = await server(({ upMs }) => upMs > restarted.upMs);
    assert.equal(later.costNanoUsd, costOf(later.upMs));
  });

  it("counts against budgets, hour by hour, without a call", async () => {
    vllm.meters.processStartSeconds = Date.now() / 1_000 - 40 * 86_400;
    const budgets = [
      { name: "month", limitUsd: 1_000, window: "month" },
      { name: "hour", limitUsd: 1_000, window: "hour", scope: { provider: "vllm" } },
    ];
    await start(config({ gpus: 2 }, { budgets }));
    await server(({ upMs }) => upMs > 0);
    const status = await sidecar.api.status();
    for (const budget of status.budgets) {
      const elapsed = Date.parse(status.now) - Date.parse(budget.windowStart);
      const due = elapsed * 2 * NANO_PER_MS;
      assert.ok(
        Math.abs(budget.spentNanoUsd - due) < 2_000 * 2 * NANO_PER_MS,
        `${budget.name}: ${budget.spentNanoUsd} of ${due}`,
      );
    }
  });

  it("says ahead when its hours alone will spend a budget", async () => {
    await start(
      config({ hourlyRateUsd: 10_000 }, { budgets: [{ name: "total", limitUsd: 100_000, window: "total" }] }),
    );
    await server(({ up }) => up);
    const { budgets, notices } = await sidecar.api.status();
    const spentAt = Date.parse(budgets[0]?.computeForecast?.spentAt ?? "");
    assert.ok(Math.abs(spentAt - Date.now() - 10 * HOUR) < 60_000);
    assert.match(
      notices.join("\n"),
      /^At \$10,000\.00\/h \(vllm\) the budget total is spent by .+, without a single call\.$/m,
    );
  });

  it("has calls refused when a hard budget is spent, where that is wished", async () => {
    const budgets = [{ name: "hours", limitUsd: 0.000001, window: "total", scope: { provider: "vllm" } }];
    await start(config({ whenSpent: "refuse" }, { budgets }));
    vllm.script.default = { answerTokens: 5 };
    await server(({ costNanoUsd }) => costNanoUsd >= 1_000);
    const refused = await ask();
    assert.deepEqual([refused.status, refused.errorType, refused.httpStatus], ["refused", "budget", 402]);
    await sidecar.api.decide("hours", { kind: "allow-once", by: "a test" });
    assert.equal((await ask()).status, "ok");
    assert.equal((await ask()).status, "refused");
    await sidecar.api.changeConfig({ providers: { vllm: config().providers.vllm as never } });
    assert.equal((await ask()).status, "ok", "hours of a server that only warns");
  });

  it("is stopped by the user's own command once that is confirmed, and once in a window", async () => {
    const ran = join(dataDir, "ran");
    const script = `require("fs").appendFileSync(process.argv[1], process.argv[2] + "\\n"); process.exit(3)`;
    const stopCommand = [process.execPath, "-e", script, ran, "$HOME; | two words"];
    const budgets = [{ name: "hours", limitUsd: 0.000001, window: "total" }];
    await start(config({ stopCommand }, { budgets }));
    const unconfirmed = await server(({ costNanoUsd, upMs }) => costNanoUsd >= 1_000 && upMs > 1_000);
    assert.deepEqual(unconfirmed.stopCommand, { command: stopCommand, allowed: false, lastRun: null });
    assert.ok(!existsSync(ran));
    const decide = (command: string[]) =>
      sidecar.api.decideStopCommand("vllm", { command, allowed: true, by: "a test" });
    await assert.rejects(decide(["rm", "-rf", "/"]), { status: 409 });
    await decide(stopCommand);
    const stopped = await server(({ stopCommand }) => stopCommand?.lastRun?.ended === true);
    const { at: _, ...lastRun } = stopped.stopCommand?.lastRun ?? { at: "" };
    assert.deepEqual(lastRun, { budget: "hours", ended: true, exitCode: 3, trouble: null });
    await server(({ upMs }) => upMs > stopped.upMs + 1_000);
    await sidecar.kill();
    await start(config({ stopCommand }, { budgets }));
    await server(({ upMs }) => upMs > stopped.upMs + 2_000);
    assert.equal(readFileSync(ran, "utf8"), "$HOME; | two words\n", "arguments stay as they are, and it runs once");
  });
});
