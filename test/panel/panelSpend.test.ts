import { strict as assert } from "node:assert";
import type { Locator } from "playwright-core";
import { PanelWorld } from "./panelWorld.ts";
import { sampleOverview } from "./sampleOverview.ts";
import { sampleWhoSpent } from "./sampleSpend.ts";

describe("where the cost panel says that money went", function () {
  this.timeout(60_000);
  const world = new PanelWorld();
  const MODELS = "Cost, calls, tokens and latency by model";

  it("shows tokens, errors, cost and latency of each model, and never an unknown price as nothing", async () => {
    await world.show();
    const models = await world.rows(MODELS);
    assert.match(models[0] ?? "", /^claude-sonnet-5\s+anthropic\s+\$24\.18\s+412\s+0\s+4\s+4\.74M/);
    const unpriced = models.find((row) => row.startsWith("acme-large-2")) ?? "";
    assert.match(unpriced, /unknown price/);
    assert.doesNotMatch(unpriced, /\$/);
    assert.match(await world.text(".pinned tfoot"), /≥ ~\$41\.41\s+3,001\s+24\s+4/);
  });

  it("tells how far each model's estimates were from its real costs, and sorts by it", async () => {
    await world.show();
    const cells = async () =>
      (await world.rows(MODELS)).map((row) => [row.split(/\s/)[0], /(\S+ [↑↓]|—)[^↑↓—]*$/.exec(row)?.[1]]);
    assert.deepEqual(Object.fromEntries(await cells()), {
      "claude-sonnet-5": "35% ↑",
      "gpt-5.6": "1,250% ↑",
      "gpt-5.6-mini": "8% ↓",
      "text-embedding-4-small": "—",
      "Qwen/Qwen4-Coder-30B-A3B-Instruct-FP8": "—",
      "acme-large-2": "—",
    });
    const table = world.panel.page.getByRole("table", { name: MODELS });
    const told = table.getByTitle("Off by 35% in 200 calls, 21% too high on average");
    assert.equal(await told.count(), 1);
    await table.getByRole("columnheader", { name: "Est. ±" }).getByRole("button").click();
    const names = (await cells()).map(([name]) => name);
    assert.deepEqual(names.slice(0, 3), ["gpt-5.6", "claude-sonnet-5", "gpt-5.6-mini"]);
  });

  it("does not take a small error of the estimates for none", async () => {
    const small = { provider: "openai", model: "gpt-5.6", calls: 84, meanAbsoluteShare: 0.004, biasShare: -0.001 };
    await world.show({ ...sampleOverview(), estimateErrors: [small] });
    const table = world.panel.page.getByRole("table", { name: MODELS });
    const told = table.getByTitle("Off by <1% in 84 calls, <1% too low on average");
    assert.match(await told.innerText(), /^<1% ↓$/);
  });

  it("sorts the models by keyboard, says so, and remembers it", async () => {
    await world.show();
    const names = async () => (await world.rows(MODELS)).map((row) => row.split(/\s/)[0]);
    const header = world.panel.page.getByRole("table", { name: MODELS }).getByRole("columnheader", { name: "Calls" });
    await header.getByRole("button").focus();
    await world.panel.page.keyboard.press("Enter");
    assert.equal(await header.getAttribute("aria-sort"), "descending");
    assert.deepEqual((await names()).slice(0, 2), ["text-embedding-4-small", "gpt-5.6-mini"]);
    await world.panel.page.keyboard.press("Space");
    assert.equal(await header.getAttribute("aria-sort"), "ascending");
    assert.equal((await names())[0], "acme-large-2");
    await world.panel.push({ type: "overview", overview: sampleOverview({ seed: 2 }) });
    assert.equal((await names())[0], "acme-large-2");
    const state = await world.panel.state();
    await world.panel.close();
    await world.show(sampleOverview(), { state });
    assert.equal((await names())[0], "acme-large-2");
  });

  it("puts unknown costs last whichever way costs are sorted", async () => {
    await world.show();
    const last = async () => (await world.rows(MODELS)).at(-1)?.split(/\s/)[0];
    assert.equal(await last(), "acme-large-2");
    await world.panel.page.getByRole("button", { name: "Cost", exact: true }).click();
    assert.equal((await world.rows(MODELS))[0]?.split(/\s/)[0], "text-embedding-4-small");
    assert.equal(await last(), "acme-large-2");
  });

  it("tells who spent it, the dearest first, and asks for another grouping by keyboard", async () => {
    await world.show();
    const tools = await world.rows("Cost, calls and tokens by tool");
    assert.match(tools[0] ?? "", /^claude\s+\$24\.18\s+58%\s+400\s+0\s+4\s/);
    assert.match(tools[3] ?? "", /^unknown tool\s+\$0\.89\s+2%/);
    const choice = world.panel.page.getByRole("combobox", { name: "By" });
    await choice.focus();
    await world.panel.page.keyboard.type("Ses");
    assert.deepEqual((await world.panel.sent()).at(-1), { type: "view", days: 30, by: "session" });
    const session = "c6a42115-2734-4d2e-8471-399c06333a49";
    const whoSpent = { ...sampleWhoSpent("session", [[session, 1]]), rest: { groups: 7, calls: 9, costNanoUsd: 5e8 } };
    await world.panel.push({ type: "overview", overview: { ...sampleOverview(), whoSpent } });
    assert.match(
      (await world.rows("Cost, calls and tokens by session"))[0] ?? "",
      new RegExp(`^${session}\\s+\\$1\\.00\\s+100%`),
    );
    assert.match(await world.text("main"), /7 more with \$0\.50 in 9 calls\. .*tollgate report --by session/);
    assert.equal(await choice.inputValue(), "session");
    assert.equal(await world.panel.page.evaluate(() => document.activeElement?.tagName), "SELECT");
    assert.equal(((await world.panel.state()) as { spender?: string }).spender, "session");
  });

  it("draws the days, gives them as a table too, and asks for another range", async () => {
    await world.show();
    const chart = world.panel.page.getByRole("img", {
      name: /^Bar chart of spend over 30 days, \$25\.68 in all, most on Nov 20/,
    });
    assert.ok(await hasBars(chart.locator("canvas")));
    const days = await world.rows("Spend over days");
    assert.equal(days.length, 30);
    assert.match(days[0] ?? "", /^Sat, Nov 21\s+\$0\.39\s+13$/);
    await world.panel.page.getByRole("button", { name: "7 days" }).click();
    assert.deepEqual((await world.panel.sent()).at(-1), { type: "view", days: 7, by: "tool" });
    await world.panel.push({ type: "overview", overview: sampleOverview({ days: 7 }) });
    assert.equal((await world.rows("Spend over days")).length, 7);
    await world.panel.page.getByRole("button", { name: "Show as table" }).click();
    assert.equal(await chart.count(), 0);
    assert.ok(await world.panel.page.getByRole("rowheader", { name: "Sat, Nov 21" }).isVisible());
    assert.deepEqual(await world.panel.state(), {
      range: 7,
      spender: "tool",
      sort: { by: "cost", descending: true },
      daysAsTable: true,
      scroll: 0,
    });
  });

  it("draws anew in the colours of another theme", async () => {
    await world.show(sampleOverview(), { theme: "dark" });
    const canvas = world.panel.page.locator(".chart canvas");
    const before = await canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
    await world.panel.setTheme("light");
    await world.panel.page.waitForFunction(
      (old) => document.querySelector<HTMLCanvasElement>(".chart canvas")?.toDataURL() !== old,
      before,
    );
  });
});

/** Whether a chart shows bars: a good part of it is in their colour, which is `--vscode-charts-blue` of the dark theme. */
async function hasBars(canvas: Locator): Promise<boolean> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    const { width, height } = element;
    const pixels = element.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    let blue = 0;
    for (let index = 0; index < pixels.length; index += 4) {
      blue += pixels[index] === 0x37 && pixels[index + 1] === 0x94 && pixels[index + 2] === 0xff ? 1 : 0;
    }
    return blue > (width * height) / 20;
  });
}
