import assert from "node:assert/strict";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import type { World } from "./world.ts";

describe("the price of a model in VS Code", () => {
  let world: World;
  let window: Workbench;

  before(async () => {
    ({ world, window } = await sharedWorld());
    const api = await world.api();
    await api.setBudget({ name: "strict", limitUsd: 5, window: "total", scope: { model: "house-*" } });
  });
  after(async () => {
    const api = await world.api();
    await api.removeBudget("strict");
    await api.changeConfig({ prices: [] });
  });
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
  });

  const asked = () => world.upstreams.openai.requests.filter(({ method }) => method === "POST").length;

  /** Answers the three boxes that ask for a model's price. */
  async function givePrice(model: string, input: string, output: string, cached: string): Promise<void> {
    await window.quickInput.whenOpen(`Price of ${model} (1 of 3)`);
    await window.quickInput.answer(input);
    await window.quickInput.whenOpen(`Price of ${model} (2 of 3)`);
    await window.quickInput.answer(output);
    await window.quickInput.whenOpen(`Price of ${model} (3 of 3)`);
    await window.quickInput.answer(cached);
  }

  it("can be set where a call was refused for want of it, and the prompt is sent then", async () => {
    const before = asked();
    await window.runCommand("Tollgate: Ask…");
    await window.quickInput.whenOpen("Ask a Model");
    await window.quickInput.choose("openai");
    await window.quickInput.whenOpen("Ask a Model of openai");
    await window.quickInput.type("house-model");
    await window.quickInput.choose("house-model");
    await window.quickInput.whenOpen("Ask house-model (openai)");
    await window.quickInput.answer("What do you cost?");
    const refusal = await window.notifications.find("Nobody knows the price");
    assert.match(refusal.text, /tollgate prices set/);
    assert.deepEqual(refusal.buttons, ["Set Price…", "Allow Once", "Another Model…"]);
    await window.screenshot("price-refusal");
    assert.equal(asked(), before, "a refused call was sent");

    await window.notifications.press("Nobody knows the price", "Set Price…");
    await givePrice("house-model", "2.50", "10", "");
    await until("the call", async () => asked() === before + 1);
    // The simulated OpenAI serves no model of the house: its 404 is booked, at the price just set.
    const call = await until("the call's record", async () => {
      const { calls } = await (await world.api()).calls({ model: "house-model", status: "error" });
      return calls[0];
    });
    assert.deepEqual(
      [call.costBasis, call.rates?.input, call.rates?.cachedInput, call.rates?.output],
      ["override", 2_500_000, 2_500_000, 10_000_000],
    );
  });

  it("is set from the palette, for a model of the list or by any name; nonsense is not", async () => {
    await window.runCommand("Tollgate: Set Model Price…");
    await window.quickInput.whenOpen("Set Model Price");
    const providers = (await window.quickInput.items()).map(({ label }) => label);
    assert.deepEqual(providers, ["openai", "anthropic"], "what is paid by the hour has no price a token");
    await window.quickInput.choose("anthropic");
    await window.quickInput.whenOpen("Set the Price of a Model of anthropic");
    await window.quickInput.type("claude-haiku-4-5");
    const shown = await until("the model", async () =>
      (await window.quickInput.items()).find(({ label }) => label === "claude-haiku-4-5"),
    );
    assert.equal(shown.description, "$1.00 in, $5.00 out (published)");
    await window.quickInput.choose("claude-haiku-4-5");
    await window.quickInput.whenOpen("Price of claude-haiku-4-5 (1 of 3)");
    assert.equal(await window.quickInput.value(), "1");
    assert.match(await window.quickInput.message(), /Now \$1\.00 \(published\)/);
    await window.screenshot("price-input");
    await window.quickInput.type("-2");
    await until("a word about the amount", async () => /from 0 to 1,000,000/.test(await window.quickInput.message()));
    await givePrice("claude-haiku-4-5", "2", "6.5", "0.20");
    const own = await until("the price", async () =>
      (await (await world.api()).config()).prices.find(({ model }) => model === "claude-haiku-4-5"),
    );
    assert.deepEqual(own, {
      provider: "anthropic",
      model: "claude-haiku-4-5",
      inputUsdPerMTok: 2,
      outputUsdPerMTok: 6.5,
      cachedInputUsdPerMTok: 0.2,
    });

    await window.runCommand("Tollgate: Set Model Price…");
    await window.quickInput.whenOpen("Set Model Price");
    await window.quickInput.choose("anthropic");
    await window.quickInput.whenOpen("Set the Price of a Model of anthropic");
    await window.quickInput.choose("claude-haiku-4-5");
    await window.quickInput.whenOpen("Price of claude-haiku-4-5 (1 of 3)");
    assert.match(await window.quickInput.message(), /Now \$2\.00 \(your own\)/);
    await window.quickInput.cancel();
  });
});
