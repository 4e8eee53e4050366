import { strict as assert } from "node:assert";
import type { Locator } from "playwright-core";
import type { Overview } from "../../src/domain/api.ts";
import { nanoFromUsd } from "../../src/domain/money.ts";
import type { FromPanel } from "../../src/domain/panelMessages.ts";
import { type OpenOptions, type OpenPanel, PanelBrowser } from "./panelPage.ts";
import { sampleCall } from "./sampleCalls.ts";
import { emptyOverview, sampleOverview } from "./sampleOverview.ts";
import { sampleWhoSpent } from "./sampleSpend.ts";
import { NOW } from "./sampleTime.ts";

describe("the cost panel", function () {
  this.timeout(60_000);
  let browser: PanelBrowser;
  let panel: OpenPanel;

  before(async () => {
    browser = await PanelBrowser.start();
  });
  after(() => browser?.stop());
  afterEach(async () => {
    const complaints = panel?.complaints ?? [];
    await panel?.close();
    assert.deepEqual(complaints, [], "the console stays silent, the content security policy unbroken");
  });

  async function show(overview: Overview = sampleOverview(), options: OpenOptions = {}): Promise<void> {
    panel = await browser.open(options);
    await panel.push({ type: "overview", overview });
  }
  const text = async (selector: string) => (await panel.page.locator(selector).allInnerTexts())[0] ?? "";
  const rows = (caption: string) =>
    panel.page.getByRole("table", { name: caption }).locator("tbody tr").allInnerTexts();
  const MODELS = "Cost, calls, tokens and latency by model";
  const CALLS = "The latest calls, newest first";

  it("asks for a snapshot of the remembered range when it is shown", async () => {
    panel = await browser.open({ state: { range: 90, spender: "branch" } });
    assert.deepEqual(await panel.sent(), [{ type: "view", days: 90, by: "branch" }]);
    assert.match(await text("main"), /Reading the ledger/);
  });

  it("shows today, the month, what is held and what is in flight, by the ledger's clock", async () => {
    const sample = sampleOverview();
    const spent = {
      today: { costNanoUsd: nanoFromUsd(1.5), calls: 1 },
      month: { costNanoUsd: nanoFromUsd(1234.5), calls: 2_400 },
    };
    await show({ ...sample, status: { ...sample.status, ...spent } });
    assert.deepEqual((await text(".figures")).split(/\s*\n\s*/), [
      ...["Spent today", "$1.50", "1 call"],
      ...["This month", "$1,234.50", "2,400 calls"],
      ...["Held now", "$0.42", "worst case of open calls"],
      ...["In flight", "2", "calls"],
    ]);
    // The browser stands in New York, the ledger keeps Berlin's time.
    assert.match(await text(".page-head"), /Updated 3:20:05 PM/);
    assert.match(await text(".notices"), /The price of corporate\/acme-large-2 is not known/);
  });

  it("tells each budget's limit, scope, what is left and when it resets", async () => {
    await show();
    const budgets = await panel.page.locator(".budget").allInnerTexts();
    assert.match(budgets[0] ?? "", /month everything, this month\s+82%/);
    assert.match(budgets[0] ?? "", /\$41\.37 of \$50\.00\s+\$8\.21 left\s+resets Dec 1, 12:00 AM\s+\$0\.42 held/);
    assert.match(budgets[1] ?? "", /warns only\s+92%/);
    assert.match(budgets[2] ?? "", /project web-shop, model claude-\*, this month\s+Spent/);
    assert.match(budgets[3] ?? "", /\$16\.80 left\s+resets .*\s+Paused until 4:20 PM\s+Resume$/);
    assert.match(budgets[2] ?? "", /Raised from \$10\.00 until Dec 1, 12:00 AM\s+1 more call is allowed/);
    const levels = await panel.page.locator(".budget").evaluateAll((all) => all.map((one) => one.className));
    assert.deepEqual(levels, ["budget warning", "budget critical", "budget spent", "budget ok"]);
    assert.match(await text(".warnings"), /month reached 50%\s+8:20 AM · \$25\.04 of \$50\.00/);
  });

  it("tells a screen reader how far each budget is spent", async () => {
    await show();
    const meter = panel.page.getByRole("meter", { name: "Budget month" });
    assert.equal(await meter.getAttribute("aria-valuetext"), "82% spent: $41.37 of $50.00, $0.42 held, $8.21 left");
    assert.equal(await meter.getAttribute("aria-valuenow"), "82");
    assert.equal(await text("[role=status]"), "Budget web shop is spent. Budget codex is paused.");
  });

  it("offers to raise, or to let one call pass, where money is short, and says which budget is meant", async () => {
    await show();
    await panel.page.getByRole("button", { name: "Raise budget web shop" }).click();
    await panel.page.getByRole("button", { name: "Allow one more call over budget month" }).click();
    assert.deepEqual(commands(await panel.sent()), [
      { type: "command", command: "raise", budget: "web shop" },
      { type: "command", command: "allowOnce", budget: "month" },
    ]);
    assert.equal(await panel.page.getByRole("button", { name: "Raise budget codex" }).count(), 0);
    assert.equal(await panel.page.getByRole("button", { name: "Allow one more call over budget codex" }).count(), 0);
    const overSoft = panel.page.getByRole("button", { name: "Allow one more call over budget day" });
    assert.equal(await overSoft.count(), 0, "a soft budget stops no call");
  });

  it("pauses a hard budget and resumes it, by keyboard too, and keeps the focus where it was", async () => {
    await show();
    const { page } = panel;
    await page.getByRole("button", { name: "Pause budget month" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Resume budget codex" }).click();
    assert.deepEqual(commands(await panel.sent()), [
      { type: "command", command: "pause", budget: "month" },
      { type: "command", command: "resume", budget: "codex" },
    ]);
    assert.equal(
      await page.getByRole("button", { name: "Pause budget day" }).count(),
      0,
      "a soft budget stops no call",
    );
    await page.getByRole("button", { name: "Pause budget month" }).focus();
    const sample = sampleOverview();
    const budgets = sample.status.budgets.map((budget) =>
      budget.name === "month" ? { ...budget, paused: true, pausedUntil: null } : budget,
    );
    await panel.push({ type: "overview", overview: { ...sample, status: { ...sample.status, budgets } } });
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    assert.equal(focused, "Resume budget month");
    assert.match((await page.locator(".budget").allInnerTexts())[0] ?? "", /Paused until resumed/);
  });

  it("shows tokens, errors, cost and latency of each model, and never an unknown price as nothing", async () => {
    await show();
    const models = await rows(MODELS);
    assert.match(models[0] ?? "", /^claude-sonnet-5\s+anthropic\s+\$24\.18\s+412\s+0\s+4\s+4\.74M/);
    const unpriced = models.find((row) => row.startsWith("acme-large-2")) ?? "";
    assert.match(unpriced, /unknown price/);
    assert.doesNotMatch(unpriced, /\$/);
    assert.match(await text(".pinned tfoot"), /≥ ~\$41\.41\s+3,001\s+24\s+4/);
  });

  it("tells how far each model's estimates were from its real costs, and sorts by it", async () => {
    await show();
    const cells = async () =>
      (await rows(MODELS)).map((row) => [row.split(/\s/)[0], /(\S+ [↑↓]|—)[^↑↓—]*$/.exec(row)?.[1]]);
    assert.deepEqual(Object.fromEntries(await cells()), {
      "claude-sonnet-5": "35% ↑",
      "gpt-5.6": "1,250% ↑",
      "gpt-5.6-mini": "8% ↓",
      "text-embedding-4-small": "—",
      "Qwen/Qwen4-Coder-30B-A3B-Instruct-FP8": "—",
      "acme-large-2": "—",
    });
    const table = panel.page.getByRole("table", { name: MODELS });
    const told = table.getByTitle("Off by 35% in 200 calls, 21% too high on average");
    assert.equal(await told.count(), 1);
    await table.getByRole("columnheader", { name: "Est. ±" }).getByRole("button").click();
    const names = (await cells()).map(([name]) => name);
    assert.deepEqual(names.slice(0, 3), ["gpt-5.6", "claude-sonnet-5", "gpt-5.6-mini"]);
  });

  it("sorts the models by keyboard, says so, and remembers it", async () => {
    await show();
    const names = async () => (await rows(MODELS)).map((row) => row.split(/\s/)[0]);
    const header = panel.page.getByRole("table", { name: MODELS }).getByRole("columnheader", { name: "Calls" });
    await header.getByRole("button").focus();
    await panel.page.keyboard.press("Enter");
    assert.equal(await header.getAttribute("aria-sort"), "descending");
    assert.deepEqual((await names()).slice(0, 2), ["text-embedding-4-small", "gpt-5.6-mini"]);
    await panel.page.keyboard.press("Space");
    assert.equal(await header.getAttribute("aria-sort"), "ascending");
    assert.equal((await names())[0], "acme-large-2");
    await panel.push({ type: "overview", overview: sampleOverview({ seed: 2 }) });
    assert.equal((await names())[0], "acme-large-2");
    const state = await panel.state();
    await panel.close();
    await show(sampleOverview(), { state });
    assert.equal((await names())[0], "acme-large-2");
  });

  it("puts unknown costs last whichever way costs are sorted", async () => {
    await show();
    const last = async () => (await rows(MODELS)).at(-1)?.split(/\s/)[0];
    assert.equal(await last(), "acme-large-2");
    await panel.page.getByRole("button", { name: "Cost", exact: true }).click();
    assert.equal((await rows(MODELS))[0]?.split(/\s/)[0], "text-embedding-4-small");
    assert.equal(await last(), "acme-large-2");
  });

  it("tells who spent it, the dearest first, and asks for another grouping by keyboard", async () => {
    await show();
    const tools = await rows("Cost, calls and tokens by tool");
    assert.match(tools[0] ?? "", /^claude\s+\$24\.18\s+58%\s+400\s+0\s+4\s/);
    assert.match(tools[3] ?? "", /^unknown tool\s+\$0\.89\s+2%/);
    const choice = panel.page.getByRole("combobox", { name: "By" });
    await choice.focus();
    await panel.page.keyboard.type("Ses");
    assert.deepEqual((await panel.sent()).at(-1), { type: "view", days: 30, by: "session" });
    const session = "c6a42115-2734-4d2e-8471-399c06333a49";
    const whoSpent = { ...sampleWhoSpent("session", [[session, 1]]), rest: { groups: 7, calls: 9, costNanoUsd: 5e8 } };
    await panel.push({ type: "overview", overview: { ...sampleOverview(), whoSpent } });
    assert.match(
      (await rows("Cost, calls and tokens by session"))[0] ?? "",
      new RegExp(`^${session}\\s+\\$1\\.00\\s+100%`),
    );
    assert.match(await text("main"), /7 more with \$0\.50 in 9 calls\. .*tollgate report --by session/);
    assert.equal(await choice.inputValue(), "session");
    assert.equal(await panel.page.evaluate(() => document.activeElement?.tagName), "SELECT");
    assert.equal(((await panel.state()) as { spender?: string }).spender, "session");
  });

  it("says how each recent call ended, and what it cost", async () => {
    await show();
    const calls = await rows(CALLS);
    assert.equal(calls.length, 24);
    assert.match(calls[1] ?? "", /—\s+Refused\s/);
    assert.match(calls[3] ?? "", /Rate limited/);
    assert.match(calls[4] ?? "", /~\$0\.0\d+\s+Cancelled/);
    assert.match(calls[5] ?? "", /acme-large-2 corporate\s+unknown\s+OK/);
    assert.match(calls[6] ?? "", /Interrupted\s/);
    assert.match(calls[7] ?? "", /Wrong or missing key/);
    assert.match(calls[20] ?? "", /^Nov 20, /);
  });

  it("draws the days, gives them as a table too, and asks for another range", async () => {
    await show();
    const chart = panel.page.getByRole("img", {
      name: /^Bar chart of spend over 30 days, \$25\.68 in all, most on Nov 20/,
    });
    assert.ok(await hasBars(chart.locator("canvas")));
    const days = await rows("Spend over days");
    assert.equal(days.length, 30);
    assert.match(days[0] ?? "", /^Sat, Nov 21\s+\$0\.39\s+13$/);
    await panel.page.getByRole("button", { name: "7 days" }).click();
    assert.deepEqual((await panel.sent()).at(-1), { type: "view", days: 7, by: "tool" });
    await panel.push({ type: "overview", overview: sampleOverview({ days: 7 }) });
    assert.equal((await rows("Spend over days")).length, 7);
    await panel.page.getByRole("button", { name: "Show as table" }).click();
    assert.equal(await chart.count(), 0);
    assert.ok(await panel.page.getByRole("rowheader", { name: "Sat, Nov 21" }).isVisible());
    assert.deepEqual(await panel.state(), {
      range: 7,
      spender: "tool",
      sort: { by: "cost", descending: true },
      daysAsTable: true,
      scroll: 0,
    });
  });

  it("draws anew in the colours of another theme", async () => {
    await show(sampleOverview(), { theme: "dark" });
    const canvas = panel.page.locator(".chart canvas");
    const before = await canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
    await panel.setTheme("light");
    await panel.page.waitForFunction(
      (old) => document.querySelector<HTMLCanvasElement>(".chart canvas")?.toDataURL() !== old,
      before,
    );
  });

  it("shows what a provider costs by the hour", async () => {
    await show();
    const [vllm, box] = await rows("Self-hosted providers, their state and cost");
    const hours =
      /^vllm\s+Up\s+9:56 AM 5 h 24 m\s+\$0\.16\/h\s+109\.0\s+\$17\.44\s+\$12\.48 71%\s+10\.3M\s+\$1\.69\s+\$0\.42$/;
    assert.match(vllm ?? "", hours);
    assert.match(box ?? "", /^gpu-box\s+Down\s+—\s+\$1\.20\/h\s+4\.0\s+\$4\.80\s+\$4\.80 100%\s+0\s+—\s+—$/);
    const facts = await panel.page.locator(".facts").innerText();
    assert.match(facts, /3 running · 1 waiting · KV cache 41% full · 1,804 tokens\/s in · 96 tokens\/s out/);
    assert.match(facts, /Break-even with openai\/gpt-5\.6-mini at 1\.36M tokens a day: not reached with 344k a day/);
    assert.match(facts, /gpu-box\s+For 7 h 30 m nobody can tell whether it was up/);
  });

  it("updates without losing focus, selection or place", async () => {
    await show(sampleOverview(), { width: 400 });
    const { page } = panel;
    await page.getByRole("button", { name: "Allow one more call over budget month" }).focus();
    await page.evaluate(() => {
      const last = document.querySelector(".calls tbody tr:last-child th") as Element;
      last.scrollIntoView();
      getSelection()?.selectAllChildren(last);
    });
    const place = () =>
      page.evaluate(() => ({
        focus: document.activeElement?.getAttribute("aria-label"),
        selection: getSelection()?.toString(),
        top: document.querySelector(".calls tbody tr:last-child")?.getBoundingClientRect().top ?? Number.NaN,
      }));
    const { top, ...before } = await place();
    const sample = sampleOverview();
    const newest = { ...sampleCall(30), startedAt: new Date(NOW).toISOString() };
    const month = sample.status.budgets.map((budget) => ({ ...budget, spentNanoUsd: budget.spentNanoUsd + 1 }));
    await panel.push({
      type: "overview",
      overview: {
        ...sample,
        status: { ...sample.status, budgets: month },
        recentCalls: [newest, ...sample.recentCalls],
      },
    });
    assert.equal((await rows(CALLS)).length, 25);
    const { top: topAfter, ...after } = await place();
    assert.deepEqual(after, before);
    // A page scrolls by whole pixels, and its lines are not of whole ones.
    assert.ok(Math.abs(topAfter - top) < 1, `${top} became ${topAfter}`);
  });

  it("comes back to the place that was looked at", async () => {
    await show(sampleOverview(), { state: { scroll: 700 } });
    assert.equal(await panel.page.evaluate(() => window.scrollY), 700);
  });

  it("begins with how to begin", async () => {
    await show(emptyOverview());
    assert.match(await text("main"), /No budget is set/);
    assert.match(await text("main"), /No calls yet/);
    await panel.page.locator(".nothing").getByRole("button", { name: "Set Budget…" }).click();
    await panel.page.locator(".nothing").getByRole("button", { name: "Ask…" }).click();
    assert.deepEqual(commands(await panel.sent()), [
      { type: "command", command: "setBudget" },
      { type: "command", command: "ask" },
    ]);
  });

  it("says why it has no figures, keeps the last ones with their time, and recovers", async () => {
    panel = await browser.open();
    await panel.push({ type: "unavailable", reason: "The sidecar cannot be started." });
    assert.match(await text("[role=alert]"), /no call passes\. The sidecar cannot be started\./);
    await panel.push({ type: "overview", overview: sampleOverview() });
    assert.equal(await panel.page.getByRole("alert").count(), 0);
    await panel.push({ type: "unavailable", reason: "The sidecar stopped." });
    assert.match(await text("[role=alert]"), /The figures below are from 3:20:05 PM/);
    await panel.page.getByRole("button", { name: "Try Again" }).click();
    assert.deepEqual(commands(await panel.sent()), [{ type: "command", command: "refresh" }]);
  });

  it("shows what providers and users have named as text, not as HTML", async () => {
    const sample = sampleOverview();
    const name = '<img src=x onerror="alert(1)">';
    await show({ ...sample, recentCalls: [{ ...sampleCall(0), model: name }] });
    assert.ok((await rows(CALLS))[0]?.includes(name));
  });

  it("gives every button and table a name", async () => {
    await show();
    for (const role of ["button", "table", "region"] as const) {
      for (const element of await panel.page.getByRole(role).all()) {
        assert.match(await element.ariaSnapshot(), new RegExp(`^- ${role} ".+"`));
      }
    }
  });
});

function commands(sent: readonly FromPanel[]): FromPanel[] {
  return sent.filter((message) => message.type === "command");
}

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
