import { strict as assert } from "node:assert";
import { commands, PanelWorld } from "./panelWorld.ts";
import { sampleOverview } from "./sampleOverview.ts";

describe("the cost panel's budgets", function () {
  this.timeout(60_000);
  const world = new PanelWorld();

  it("tells each budget's limit, scope, what is left and when it resets", async () => {
    await world.show();
    const budgets = await world.panel.page.locator(".budget").allInnerTexts();
    assert.match(budgets[0] ?? "", /month everything, this month\s+82%/);
    assert.match(budgets[0] ?? "", /\$41\.37 of \$50\.00\s+\$8\.21 left\s+resets Dec 1, 12:00 AM\s+\$0\.42 held/);
    assert.match(budgets[1] ?? "", /warns only\s+92%/);
    assert.match(budgets[2] ?? "", /project web-shop, model claude-\*, this month\s+Spent/);
    assert.match(budgets[3] ?? "", /\$16\.80 left\s+resets .*\s+Paused until 4:20 PM\s+Resume$/);
    assert.match(budgets[2] ?? "", /Raised from \$10\.00 until Dec 1, 12:00 AM\s+1 more call is allowed/);
    const levels = await world.panel.page.locator(".budget").evaluateAll((all) => all.map((one) => one.className));
    assert.deepEqual(levels, ["budget warning", "budget critical", "budget spent", "budget ok"]);
    assert.match(await world.text(".warnings"), /month reached 50%\s+8:20 AM · \$25\.04 of \$50\.00/);
  });

  it("tells a screen reader how far each budget is spent", async () => {
    await world.show();
    const meter = world.panel.page.getByRole("meter", { name: "Budget month" });
    assert.equal(await meter.getAttribute("aria-valuetext"), "82% spent: $41.37 of $50.00, $0.42 held, $8.21 left");
    assert.equal(await meter.getAttribute("aria-valuenow"), "82");
    assert.equal(await world.text("[role=status]"), "Budget web shop is spent. Budget codex is paused.");
  });

  it("offers to raise, or to let one call pass, where money is short, and says which budget is meant", async () => {
    await world.show();
    await world.panel.page.getByRole("button", { name: "Raise budget web shop" }).click();
    await world.panel.page.getByRole("button", { name: "Allow one more call over budget month" }).click();
    assert.deepEqual(commands(await world.panel.sent()), [
      { type: "command", command: "raise", budget: "web shop" },
      { type: "command", command: "allowOnce", budget: "month" },
    ]);
    assert.equal(await world.panel.page.getByRole("button", { name: "Raise budget codex" }).count(), 0);
    assert.equal(
      await world.panel.page.getByRole("button", { name: "Allow one more call over budget codex" }).count(),
      0,
    );
    const overSoft = world.panel.page.getByRole("button", { name: "Allow one more call over budget day" });
    assert.equal(await overSoft.count(), 0, "a soft budget stops no call");
  });

  it("pauses a hard budget and resumes it, by keyboard too, and keeps the focus where it was", async () => {
    await world.show();
    const { page } = world.panel;
    await page.getByRole("button", { name: "Pause budget month" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Resume budget codex" }).click();
    assert.deepEqual(commands(await world.panel.sent()), [
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
    await world.panel.push({ type: "overview", overview: { ...sample, status: { ...sample.status, budgets } } });
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    assert.equal(focused, "Resume budget month");
    assert.match((await page.locator(".budget").allInnerTexts())[0] ?? "", /Paused until resumed/);
  });
});
