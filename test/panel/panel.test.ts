import { strict as assert } from "node:assert";
import { nanoFromUsd } from "../../src/domain/money.ts";
import { commands, PanelWorld } from "./panelWorld.ts";
import { sampleCall } from "./sampleCalls.ts";
import { emptyOverview, sampleOverview } from "./sampleOverview.ts";
import { NOW } from "./sampleTime.ts";

describe("the cost panel", function () {
  this.timeout(60_000);
  const world = new PanelWorld();
  const CALLS = "The latest calls, newest first";

  it("asks for a snapshot of the remembered range when it is shown", async () => {
    await world.open({ state: { range: 90, spender: "branch" } });
    assert.deepEqual(await world.panel.sent(), [{ type: "view", days: 90, by: "branch" }]);
    assert.match(await world.text("main"), /Reading the ledger/);
  });

  it("shows today, the month, what is held and what is in flight, by the ledger's clock", async () => {
    const sample = sampleOverview();
    const spent = {
      today: { costNanoUsd: nanoFromUsd(1.5), calls: 1 },
      month: { costNanoUsd: nanoFromUsd(1234.5), calls: 2_400 },
    };
    await world.show({ ...sample, status: { ...sample.status, ...spent } });
    assert.deepEqual((await world.text(".figures")).split(/\s*\n\s*/), [
      ...["Spent today", "$1.50", "1 call"],
      ...["This month", "$1,234.50", "2,400 calls"],
      ...["Held now", "$0.42", "worst case of open calls"],
      ...["In flight", "2", "calls"],
    ]);
    // The browser stands in New York, the ledger keeps Berlin's time.
    assert.match(await world.text(".page-head"), /Updated 3:20:05 PM/);
    assert.match(await world.text(".notices"), /The price of corporate\/acme-large-2 is not known/);
  });

  it("says how each recent call ended, and what it cost", async () => {
    await world.show();
    const calls = await world.rows(CALLS);
    assert.equal(calls.length, 24);
    assert.match(calls[1] ?? "", /—\s+Refused\s/);
    assert.match(calls[3] ?? "", /Rate limited/);
    assert.match(calls[4] ?? "", /~\$0\.0\d+\s+Cancelled/);
    assert.match(calls[5] ?? "", /acme-large-2 corporate\s+unknown\s+OK/);
    assert.match(calls[6] ?? "", /Interrupted\s/);
    assert.match(calls[7] ?? "", /Wrong or missing key/);
    assert.match(calls[20] ?? "", /^Nov 20, /);
  });

  it("shows what a provider costs by the hour", async () => {
    await world.show();
    const [vllm, box] = await world.rows("Self-hosted providers, their state and cost");
    const hours =
      /^vllm\s+Up\s+9:56 AM 5 h 24 m\s+\$0\.16\/h\s+109\.0\s+\$17\.44\s+\$12\.48 71%\s+10\.3M\s+\$1\.69\s+\$0\.42$/;
    assert.match(vllm ?? "", hours);
    assert.match(box ?? "", /^gpu-box\s+Down\s+—\s+\$1\.20\/h\s+4\.0\s+\$4\.80\s+\$4\.80 100%\s+0\s+—\s+—$/);
    const facts = await world.panel.page.locator(".facts").innerText();
    assert.match(facts, /3 running · 1 waiting · KV cache 41% full · 1,804 tokens\/s in · 96 tokens\/s out/);
    assert.match(facts, /Break-even with openai\/gpt-5\.6-mini at 1\.36M tokens a day: not reached with 344k a day/);
    assert.match(facts, /gpu-box\s+For 7 h 30 m nobody can tell whether it was up/);
  });

  it("updates without losing focus, selection or place", async () => {
    await world.show(sampleOverview(), { width: 400 });
    const { page } = world.panel;
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
    await world.panel.push({
      type: "overview",
      overview: {
        ...sample,
        status: { ...sample.status, budgets: month },
        recentCalls: [newest, ...sample.recentCalls],
      },
    });
    assert.equal((await world.rows(CALLS)).length, 25);
    const { top: topAfter, ...after } = await place();
    assert.deepEqual(after, before);
    // A page scrolls by whole pixels, and its lines are not of whole ones.
    assert.ok(Math.abs(topAfter - top) < 1, `${top} became ${topAfter}`);
  });

  it("comes back to the place that was looked at", async () => {
    await world.show(sampleOverview(), { state: { scroll: 700 } });
    assert.equal(await world.panel.page.evaluate(() => window.scrollY), 700);
  });

  it("begins with how to begin", async () => {
    await world.show(emptyOverview());
    assert.match(await world.text("main"), /No budget is set/);
    assert.match(await world.text("main"), /No calls yet/);
    await world.panel.page.locator(".nothing").getByRole("button", { name: "Set Budget…" }).click();
    await world.panel.page.locator(".nothing").getByRole("button", { name: "Ask…" }).click();
    assert.deepEqual(commands(await world.panel.sent()), [
      { type: "command", command: "setBudget" },
      { type: "command", command: "ask" },
    ]);
  });

  it("says why it has no figures, keeps the last ones with their time, and recovers", async () => {
    await world.open();
    await world.panel.push({ type: "unavailable", reason: "The sidecar cannot be started." });
    assert.match(await world.text("[role=alert]"), /no call passes\. The sidecar cannot be started\./);
    await world.panel.push({ type: "overview", overview: sampleOverview() });
    assert.equal(await world.panel.page.getByRole("alert").count(), 0);
    await world.panel.push({ type: "unavailable", reason: "The sidecar stopped." });
    assert.match(await world.text("[role=alert]"), /The figures below are from 3:20:05 PM/);
    await world.panel.page.getByRole("button", { name: "Try Again" }).click();
    assert.deepEqual(commands(await world.panel.sent()), [{ type: "command", command: "refresh" }]);
  });

  it("shows what providers and users have named as text, not as HTML", async () => {
    const sample = sampleOverview();
    const name = '<img src=x onerror="alert(1)">';
    await world.show({ ...sample, recentCalls: [{ ...sampleCall(0), model: name }] });
    assert.ok((await world.rows(CALLS))[0]?.includes(name));
  });

  it("gives every button and table a name", async () => {
    await world.show();
    for (const role of ["button", "table", "region"] as const) {
      for (const element of await world.panel.page.getByRole(role).all()) {
        assert.match(await element.ariaSnapshot(), new RegExp(`^- ${role} ".+"`));
      }
    }
  });
});
