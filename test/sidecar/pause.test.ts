import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { ApiClient } from "../../src/client/apiClient.ts";
import type { BudgetStatus, DecisionRequest } from "../../src/domain/api.ts";
import { Sidecar } from "../../src/sidecar/sidecar.ts";
import { startUpstreams } from "../upstreams/startUpstreams.ts";
import { RunningSidecar } from "./runSidecar.ts";

type Upstreams = Awaited<ReturnType<typeof startUpstreams>>;

const MINUTE_MS = 60_000;
const SPENT = { name: "day", limitUsd: 0, window: "day" };
const who = { by: "ada" };

function ask(baseURL: string | undefined): Promise<unknown> {
  const client = new OpenAI({ baseURL: baseURL ?? "", apiKey: "sk-x", maxRetries: 0 });
  return client.chat.completions.create({
    model: "gpt-4o",
    max_tokens: 300,
    messages: [{ role: "user", content: "hi" }],
  });
}

describe("a paused budget, through the sidecar", function () {
  this.timeout(60_000);
  let upstreams: Upstreams;
  const endings: Array<() => Promise<unknown>> = [];

  before(async () => {
    upstreams = await startUpstreams();
  });
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) {
      await end();
    }
  });
  after(() => upstreams.stop());

  const configFor = (budgets: unknown[]) => ({
    providers: { openai: { protocol: "openai", baseUrl: upstreams.openai.url } },
    budgets,
    gate: { waitMs: 0 },
    timeZone: "UTC",
  });
  async function start(budgets: unknown[]): Promise<RunningSidecar> {
    const sidecar = await RunningSidecar.start(configFor(budgets));
    endings.push(() => sidecar.remove());
    return sidecar;
  }
  const budgetOf = async (api: ApiClient, name = "day"): Promise<BudgetStatus> => {
    const budget = (await api.status()).budgets.find((one) => one.name === name);
    assert.ok(budget);
    return budget;
  };

  it("refuses nothing and counts, says until when, and refuses again when it is resumed", async () => {
    const sidecar = await start([SPENT]);
    const { openai } = await sidecar.urls();
    await assert.rejects(ask(openai), /402/);
    const before = Date.now();
    const { until } = await sidecar.api.decide("day", { kind: "pause", ...who });
    assert.ok(until !== null && until >= before + 60 * MINUTE_MS && until <= Date.now() + 60 * MINUTE_MS, `${until}`);
    await ask(openai);
    const paused = await budgetOf(sidecar.api);
    assert.deepEqual([paused.hard, paused.paused, paused.pausedUntil], [true, true, new Date(until).toISOString()]);
    assert.ok(paused.spentNanoUsd > 0);
    await sidecar.api.decide("day", { kind: "pause", minutes: null, ...who });
    const forGood = await budgetOf(sidecar.api);
    assert.deepEqual([forGood.paused, forGood.pausedUntil], [true, null]);
    await sidecar.api.decide("day", { kind: "resume", ...who });
    const resumed = await budgetOf(sidecar.api);
    assert.deepEqual([resumed.paused, resumed.pausedUntil, resumed.state], [false, null, "spent"]);
    await assert.rejects(ask(openai), /402/);
  });

  it("is one still after a crash, until it is resumed; a new budget of its name is not", async () => {
    const first = await start([SPENT, { ...SPENT, name: "month", window: "month" }]);
    await first.api.decide("day", { kind: "pause", minutes: null, ...who });
    await first.api.decide("month", { kind: "pause", minutes: null, ...who });
    await first.api.decide("month", { kind: "resume", ...who });
    await first.kill();
    const second = await RunningSidecar.start(null, { dataDir: first.dataDir });
    endings.push(() => second.remove());
    assert.equal((await budgetOf(second.api, "day")).paused, true);
    assert.equal((await budgetOf(second.api, "month")).paused, false);
    await second.api.removeBudget("day");
    await second.api.setBudget({ name: "day", limitUsd: 0, window: "day" });
    await second.kill();
    // What was set through the API stands in the file that the sidecar was started with.
    const third = await RunningSidecar.start(null, { dataDir: first.dataDir });
    endings.push(() => third.remove());
    assert.equal((await budgetOf(third.api, "day")).paused, false);
  });

  it("ends by the clock, also where the sidecar was not there at the time", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "tollgate-pause-"));
    endings.push(async () => rmSync(dataDir, { recursive: true, force: true }));
    const configFile = join(dataDir, "test-config.json");
    writeFileSync(configFile, JSON.stringify(configFor([SPENT])));
    let clock = Date.parse("2026-11-21T12:00:00Z");
    const open = async () => {
      const sidecar = await Sidecar.start({
        dataDir,
        configFile,
        port: 0,
        graceMs: null,
        environment: {},
        version: "0.0.0",
        steady: () => performance.now(),
        now: () => clock,
        log: () => {},
        wantsToLeave: () => {},
      });
      const api = new ApiClient({
        url: sidecar.url,
        token: readFileSync(join(dataDir, "token"), "utf8").trim(),
      });
      return { api, url: (await api.pass({})).urls.openai, close: () => closeBoth(api, sidecar) };
    };
    const first = await open();
    await first.api.decide("day", { kind: "pause", minutes: 15, ...who });
    clock += 15 * MINUTE_MS - 1;
    await ask(first.url);
    clock += 1;
    await assert.rejects(ask(first.url), /402/);
    await first.api.decide("day", { kind: "pause", minutes: null, ...who });
    await first.api.decide("day", { kind: "pause", minutes: 5, ...who });
    await first.close();
    clock += 4 * MINUTE_MS;
    const second = await open();
    assert.equal((await budgetOf(second.api)).pausedUntil, "2026-11-21T12:20:00.000Z");
    await ask(second.url);
    await second.close();
    clock += MINUTE_MS;
    const third = await open();
    assert.equal((await budgetOf(third.api)).paused, false);
    await assert.rejects(ask(third.url), /402/);
    await third.close();
  });

  it("is told of with every other decision: newest first, with when, who and why", async () => {
    const sidecar = await start([SPENT]);
    assert.deepEqual(await sidecar.api.decisions(), []);
    const before = Date.now();
    const made = [
      await sidecar.api.decide("day", { kind: "raise", limitUsd: 2, ...who }),
      await sidecar.api.decide("day", { kind: "allow-once", by: "ben", why: "only this one" }),
      await sidecar.api.decide("day", { kind: "pause", minutes: 525_600, ...who, why: "release day" }),
      await sidecar.api.decide("day", { kind: "resume", ...who }),
    ];
    const told = await sidecar.api.decisions();
    assert.deepEqual(
      told.map(({ at: _, ...decision }) => decision),
      made.toReversed(),
    );
    assert.ok(told.every(({ at }) => at >= before && at <= Date.now()));
    assert.deepEqual(
      told.map(({ kind, by, why }) => [kind, by, why]),
      [
        ["resume", "ada", null],
        ["pause", "ada", "release day"],
        ["allow-once", "ben", "only this one"],
        ["raise", "ada", null],
      ],
    );
    assert.deepEqual(
      (await sidecar.api.decisions(2)).map(({ kind }) => kind),
      ["resume", "pause"],
    );
    for (const limit of [0, 1_001]) {
      await assert.rejects(sidecar.api.decisions(limit), /limit: give a whole number from 1 to 1000/);
    }
  });

  it("needs sense: nothing is recorded of a pause without an end in reach, without a name, or of what refuses nothing", async () => {
    const sidecar = await start([SPENT, { ...SPENT, name: "soft", hard: false }]);
    const refused = (name: string, request: DecisionRequest, words: RegExp) =>
      assert.rejects(sidecar.api.decide(name, request), words);
    await refused("day", { kind: "pause", minutes: 0, ...who }, /minutes/);
    await refused("day", { kind: "pause", minutes: 525_601, ...who }, /minutes/);
    await refused("day", { kind: "pause", by: "" }, /by/);
    await refused("soft", { kind: "pause", ...who }, /soft only warns/);
    await refused("nobody", { kind: "resume", ...who }, /No budget is named nobody/);
    assert.deepEqual(await sidecar.api.decisions(), []);
    assert.equal((await budgetOf(sidecar.api)).paused, false);
  });
});

async function closeBoth(api: ApiClient, sidecar: Sidecar): Promise<void> {
  api.close();
  await sidecar.drainAndClose(1_000);
}
