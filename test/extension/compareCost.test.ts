import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { answerAfter, ask } from "./asking.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import type { World } from "./world.ts";

describe("costs of models in VS Code, before anything is sent", () => {
  let world: World;
  let window: Workbench;

  before(async () => {
    ({ world, window } = await sharedWorld());
    // VS Code looks for files now and then only.
    writeFileSync(
      join(world.workspace, "prices.jsonl"),
      ['{"prompt":"How dear?"}', '"How cheap?"', '"Why?"'].join("\n"),
    );
  });
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
  });

  it("are shown for a typed prompt on every model whose key is there, the cheapest first; one of them can be asked", async () => {
    const sent = world.upstreams.openai.requests.length;
    await window.runCommand("Tollgate: Compare Cost on Models…");
    await window.quickInput.whenOpen("Compare Cost on Models");
    await window.quickInput.answer("How do I add up amounts of money?");
    await window.quickInput.whenOpen("Cost of the prompt");
    await window.quickInput.type("gpt-4");
    await until("the list", async () =>
      (await window.quickInput.items()).some(({ label }) => label === "gpt-4.1-nano"),
    );
    await window.screenshot("compare-cost");
    const items = await window.quickInput.items();
    const nano = items.find(({ label }) => label === "gpt-4.1-nano");
    assert.match(nano?.description ?? "", /^openai · about \$0\.000\d+, at most \$0\.00\d+$/);
    assert.match(nano?.detail ?? "", /^\d\d tokens in, \d+ out · 1\.00M context · tools, vision$/);
    assert.ok(!items.some(({ description }) => description.startsWith("anthropic")), "its key is not there");
    assert.equal(world.upstreams.openai.requests.length, sent, "nothing was sent");
    await window.quickInput.choose("gpt-4.1-nano");
    await window.quickInput.whenOpen("Ask gpt-4.1-nano (openai)");
    assert.equal(await window.quickInput.value(), "How do I add up amounts of money?");
    await window.quickInput.cancel();
  });

  it("stand in a table for the selection, from the button above the list", async () => {
    const editor = await window.openFile("parcelRate.ts");
    await editor.selectLines(10, 13);
    await window.runCommand("Tollgate: Compare Cost on Models…");
    await window.quickInput.whenOpen("Cost of src/parcelRate.ts, lines 10–13");
    await window.quickInput.widget.getByRole("button", { name: "Open as a Table" }).click();
    const number = await until("the table", async () => {
      const numbers = (await window.tabs()).map((tab) => /^Costs (\d+)/.exec(tab)?.[1]);
      return numbers.find((found) => found !== undefined);
    });
    const text = await window.editor(`Costs ${number}.md`).whenShows("nothing was sent");
    await window.screenshot("compare-cost-table");
    assert.match(text, /# Cost of src\/parcelRate\.ts, lines 10–13/);
    assert.match(text, /No input is taken to come from a provider's cache/);
    assert.match(text, /\| Model +\| Provider \| +Input \| +Answer \| +Expected \| +At most \|/);
    assert.match(text, /\| gpt-4o-mini +\| openai +\| +\d+ \| +\d+ \| +\$0\.000\d+ \| +\$0\.00\d+ \|/);
  });

  it("are shown for a file in front as one prompt, and for all prompts in it", async () => {
    const sent = world.upstreams.openai.requests.length;
    await window.openFile("prices.jsonl");
    await window.runCommand("Tollgate: Compare Cost on Models…");
    await window.quickInput.whenOpen("Compare Cost on Models");
    const items = await window.quickInput.items();
    assert.deepEqual(
      items.map(({ label }) => label),
      ["Type a Prompt", "prices.jsonl", "3 Prompts in prices.jsonl"],
    );
    await window.screenshot("compare-cost-subject");
    await window.quickInput.choose("prices.jsonl");
    await window.quickInput.whenOpen("Cost of prices.jsonl");
    await window.quickInput.cancel();
    await window.runCommand("Tollgate: Compare Cost on Models…");
    await window.quickInput.whenOpen("Compare Cost on Models");
    await window.quickInput.choose("3 Prompts in prices.jsonl");
    await window.quickInput.whenOpen("Cost of 3 prompts in prices.jsonl");
    const before = (await window.tabs()).filter((tab) => tab.startsWith("Costs "));
    await window.quickInput.choose("gpt-4.1-nano");
    const tab = await until("the table", async () =>
      (await window.tabs()).find((found) => found.startsWith("Costs ") && !before.includes(found)),
    );
    const text = await window.editor(`${/^Costs \d+/.exec(tab)?.[0]}.md`).whenShows("For all 3 prompts");
    await window.screenshot("compare-cost-batch");
    assert.match(text, /# Cost of 3 prompts in prices\.jsonl/);
    assert.match(text, /\| gpt-4\.1-nano +\| openai +\| +\d\d \| +\d+ \| +\$0\.00\d+ \| +\$0\.0\d+ \|/);
    assert.equal(world.upstreams.openai.requests.length, sent, "nothing was sent");
  });

  it("say what a model costs and can do where one is picked, the one asked last first, then the cheapest", async () => {
    await answerAfter(window, () => ask(window, { prompt: "Hello." }));
    await window.runCommand("Tollgate: Ask…");
    await window.quickInput.whenOpen("Ask a Model");
    const [recent] = await window.quickInput.items();
    assert.deepEqual([recent?.label, recent?.separator], ["gpt-4.1", "asked last"]);
    assert.equal(recent?.detail, "$2.00 in, $8.00 out per million tokens · 1.00M context · tools, vision, coding");
    await window.screenshot("pick-provider");
    await window.quickInput.choose("openai");
    await window.quickInput.whenOpen("Ask a Model of openai");
    const [last, ...rest] = await window.quickInput.items();
    assert.deepEqual([last?.label, last?.separator], ["gpt-4.1", "asked last"]);
    assert.equal(rest[0]?.separator, "cheapest first");
    const prices = rest.slice(0, 6).map(({ detail }) => Number(/^\$([\d.]+) in/.exec(detail)?.[1]));
    assert.ok(
      prices.every((price) => price <= 0.5),
      String(prices),
    );
    await window.screenshot("pick-model");
    await window.quickInput.type("reasoning");
    await until("a model found by what it can do", async () =>
      (await window.quickInput.items()).some(({ label }) => label === "gpt-5-mini"),
    );
    await window.quickInput.choose("openai/GPT-4o-mini");
    await window.quickInput.whenOpen("Ask gpt-4o-mini (openai)");
    await window.quickInput.cancel();
  });
});
