import assert from "node:assert/strict";
import { ask, BudgetWorld } from "./budgetWorld.ts";
import { clientOf } from "./openaiClient.ts";
import { RunningSidecar } from "./runSidecar.ts";

describe("budgets, as they are set and changed, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new BudgetWorld();

  it("let one more call through when allowed, and after a raise", async () => {
    const sidecar = await world.start([{ name: "day", limitUsd: 0, window: "day" }]);
    const client = await clientOf(sidecar);
    await assert.rejects(client.chat.completions.create(ask(300)), /402/);
    await sidecar.api.decide("day", { kind: "allow-once", by: "ada" });
    await client.chat.completions.create(ask(300));
    await assert.rejects(client.chat.completions.create(ask(300)), /402/);
    const decision = await sidecar.api.decide("day", { kind: "raise", limitUsd: 1, by: "ada", why: "release day" });
    assert.equal(new Date(decision.until ?? 0).getUTCHours(), 0);
    await client.chat.completions.create(ask(300));
    assert.equal((await sidecar.api.status()).budgets[0]?.limitNanoUsd, 1_000_000_000);
  });

  it("can be set, changed and removed; what makes no sense is named and changes nothing", async () => {
    const sidecar = await world.start([]);
    await sidecar.api.setBudget({ name: "week", limitUsd: 5, window: "week" });
    assert.equal((await sidecar.api.status()).budgets[0]?.limitNanoUsd, 5_000_000_000);
    await assert.rejects(sidecar.api.setBudget({ name: "week", limitUsd: -1, window: "week" }), /limitUsd.*negative/);
    const wrong = { providers: { broken: { protocol: "openai" as const, baseUrl: "not an address" } } };
    await assert.rejects(sidecar.api.changeConfig(wrong), /providers\.broken\.baseUrl/);
    assert.equal((await sidecar.api.budgets())[0]?.limitUsd, 5);
    const local = { protocol: "openai" as const, baseUrl: "http://127.0.0.1:9/v1" };
    assert.ok((await sidecar.api.changeConfig({ providers: { local } })).providers.local);
    assert.equal((await sidecar.api.changeConfig({ providers: { local: null } })).providers.local, undefined);
    await sidecar.api.removeBudget("week");
    assert.deepEqual(await sidecar.api.budgets(), []);
  });

  it("come from a file whose mistakes are named by key", async () => {
    const config = world.configFor([{ name: "month", limitUsd: 1, window: "month", limit: 2 }]);
    await assert.rejects(RunningSidecar.start(config), /budgets\.0\.limit: unknown key/);
  });
});
