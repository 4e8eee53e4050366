import assert from "node:assert/strict";
import { userInfo } from "node:os";
import type { BudgetStatus } from "../../src/domain/api.ts";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { answerAfter, answerCount, ask } from "./asking.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import { STATUS_ITEM, type World } from "./world.ts";

const NANO_PER_USD = 1_000_000_000;
/** gpt-4.1 costs 8 USD for a million output tokens. */
const NANO_PER_OUTPUT_TOKEN = 8_000;
/** As decisions of this window are signed. */
const ME = `${userInfo().username}, VS Code`;

describe("a budget in VS Code", () => {
  let world: World;
  let window: Workbench;

  before(async () => {
    ({ world, window } = await sharedWorld());
  });
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
  });

  const month = async (): Promise<BudgetStatus> => {
    const budget = (await (await world.api()).status()).budgets.find(({ name }) => name === "month");
    assert.ok(budget !== undefined);
    return budget;
  };

  /** The last decisions, newest first: what, who, why. */
  async function decided(limit: number): Promise<unknown[]> {
    return (await (await world.api()).decisions(limit)).map(({ kind, by, why }) => [kind, by, why]);
  }

  /** Makes one call that takes the month's spend to that share of its limit. */
  async function spendTo(share: number): Promise<void> {
    const { spentNanoUsd, limitNanoUsd } = await month();
    const tokens = Math.ceil((share * limitNanoUsd - spentNanoUsd) / NANO_PER_OUTPUT_TOKEN);
    const usage = { prompt_tokens: 0, completion_tokens: tokens, total_tokens: tokens };
    world.upstreams.openai.script.next({ text: "Done.", usage });
    await answerAfter(window, () => ask(window, { prompt: `Spend up to ${share}` }));
  }

  /** Makes one call whose answer is as long as the gate lets it be: too little for a further one is left. */
  async function spendAllThatIsLeft(): Promise<void> {
    world.upstreams.openai.script.next({ answerTokens: 4_000 });
    await answerAfter(window, () => ask(window, { prompt: "Spend all that is left" }));
  }

  it("is set from the palette, and nonsense is not", async () => {
    const spentUsd = (await (await world.api()).status()).month.costNanoUsd / NANO_PER_USD;
    await window.runCommand("Tollgate: Set Budget…");
    await window.quickInput.whenOpen("Set Budget (1 of 2)");
    await window.quickInput.type("-5");
    await until("a word about the amount", async () => /0 or more/.test(await window.quickInput.message()));
    await window.quickInput.accept();
    assert.equal(await window.quickInput.title(), "Set Budget (1 of 2)");
    const limitUsd = Math.ceil(spentUsd * 100) / 100 + 0.1;
    await window.quickInput.answer(`$${limitUsd.toFixed(2)}`);
    await window.quickInput.whenOpen("Set Budget (2 of 2)");
    const windows = (await window.quickInput.items()).map(({ label }) => label);
    assert.deepEqual(windows, ["total", "month", "week", "day"]);
    await window.screenshot("budget-window");
    await window.quickInput.choose("month");
    const limit = `$${limitUsd.toFixed(2)}`;
    const shown = await window.statusBar.whenReads(STATUS_ITEM, limit, ({ text }) => text.includes(`/ ${limit}`));
    assert.equal(shown.kind, "standard");
    assert.match(shown.ariaLabel, /^Tollgate: month budget \d+% used, \$0\.\d+ left of/);
    const settings = await until("the setting", async () => {
      const written = (await world.server.readUserSettings())["tollgate.budgets"];
      return written !== undefined && written;
    });
    assert.deepEqual(settings, { month: Number(limitUsd.toFixed(2)) });
  });

  it("warns once at 75%, once at 90% and once when it is spent, in the status bar's colours too", async () => {
    await spendTo(0.8);
    const warning = await window.notifications.find("75% of the month budget is spent");
    assert.deepEqual([warning.severity, warning.buttons], ["warning", ["Raise…", "Show Costs", "Don't Show Again"]]);
    const at80 = await window.statusBar.whenReads(STATUS_ITEM, "a warning", ({ kind }) => kind === "warning");
    assert.deepEqual(at80.icons, ["credit-card"]);
    await window.screenshot("budget-warning");
    await window.notifications.dismiss();

    await spendTo(0.81);
    await spendTo(0.93);
    await window.notifications.find("90% of the month budget is spent");
    const at93 = await window.statusBar.whenReads(STATUS_ITEM, "what is left", ({ text }) =>
      / · \$0\.\d+ left/.test(text),
    );
    assert.deepEqual([at93.kind, at93.icons], ["warning", ["warning"]]);
    assert.match(at93.ariaLabel, /93% used, critical/);
    assert.equal(
      (await window.notifications.all()).some(({ text }) => text.includes("75%")),
      false,
      "75% came twice",
    );
    await window.screenshot("budget-critical");
    await window.notifications.dismiss();

    await spendAllThatIsLeft();
    await ask(window, { prompt: "Is there room for one more?" });
    const spent = await window.notifications.find("The month budget is spent");
    assert.equal(spent.severity, "error");
    const atTheEnd = await window.statusBar.whenReads(STATUS_ITEM, "spent", ({ text }) => text.endsWith("spent"));
    assert.deepEqual([atTheEnd.kind, atTheEnd.icons], ["error", ["error"]]);
    assert.match(atTheEnd.ariaLabel, /budget spent.*calls are refused/);
    const warnings = (await window.notifications.all()).filter(({ text }) =>
      /of the month budget|The month budget/.test(text),
    );
    assert.deepEqual(warnings, [spent], "a warning came twice");
    await window.screenshot("budget-spent");
  });

  it("tells the figures in the tooltip, with commands to act on them", async () => {
    const tooltip = await window.statusBar.tooltipText(STATUS_ITEM);
    for (const part of [
      /today/,
      /this month/,
      /held/,
      /\$0\.00\d* left/,
      /resets \w+ \d+/,
      /gpt-4\.1-2025-04-14 \(openai\)/,
    ]) {
      assert.match(tooltip, part);
    }
    const open = await window.statusBar.openTooltip(STATUS_ITEM);
    await window.screenshot("budget-tooltip");
    await open.getByText("Raise…").click();
    await window.quickInput.whenOpen("Raise the month Budget");
    await window.quickInput.cancel();
  });

  it("refuses the next call before it is sent, and keeps the prompt; one call can be allowed, and only one", async () => {
    const before = world.upstreams.openai.requests.length;
    await ask(window, { prompt: "May I?" });
    const refusal = await window.notifications.find('The budget "month"');
    assert.match(refusal.text, /(is spent|too little left).*\d of 0\.\d+ USD.*could cost up to 0\.\d+ USD.*resets on/);
    assert.deepEqual(refusal.buttons, ["Raise…", "Allow Once", "Another Model…"]);
    await window.screenshot("budget-refusal");
    const paid = () => world.upstreams.openai.requests.slice(before).filter(({ method }) => method === "POST").length;
    assert.equal(paid(), 0, "a refused call was sent");

    const answer = await answerAfter(window, () => window.notifications.press('The budget "month"', "Allow Once"));
    assert.match(await answer.visibleText(), /> May I\?/);
    assert.equal(paid(), 1);
    assert.deepEqual(await decided(1), [["allow-once", ME, "A call of gpt-4.1 (openai) was refused"]]);

    const answers = await answerCount(window);
    await ask(window, { prompt: "And once more?" });
    await window.notifications.find('The budget "month"');
    assert.equal(await answerCount(window), answers);
    assert.equal(paid(), 1);
  });

  it("can be raised from the refusal, and the same prompt is sent at once", async () => {
    await window.runCommand("Tollgate: Ask…");
    await window.quickInput.whenOpen("Ask a Model");
    await window.quickInput.choose("gpt-4.1");
    await window.quickInput.whenOpen("Ask gpt-4.1 (openai)");
    assert.equal(await window.quickInput.value(), "And once more?", "the refused prompt was lost");
    await until("a word about the refusal", async () => /The budget "month"/.test(await window.quickInput.message()));
    await window.quickInput.accept();
    await window.notifications.press('The budget "month"', "Raise…");
    await window.quickInput.whenOpen("Raise the month Budget");
    const offered = Number(await window.quickInput.value());
    assert.ok(offered * NANO_PER_USD > (await month()).limitNanoUsd);
    const answer = await answerAfter(window, () => window.quickInput.accept());
    assert.match(await answer.visibleText(), /> And once more\?/);
    const raised = await month();
    assert.equal(raised.raised, true);
    assert.deepEqual(await decided(1), [["raise", ME, "A call of gpt-4.1 (openai) was refused"]]);
    assert.equal(raised.limitNanoUsd, Math.round(offered * NANO_PER_USD));
    await window.statusBar.whenReads(STATUS_ITEM, "no longer spent", ({ text }) => !text.includes("spent"));
  });

  it("refuses nothing while it is paused from the palette, says so, and refuses again when it is resumed", async () => {
    await spendTo(0.9);
    await spendAllThatIsLeft();
    await ask(window, { prompt: "Is it enforced?" });
    await window.notifications.find('The budget "month"');
    await window.notifications.dismiss();

    await window.runCommand("Tollgate: Pause Budget…");
    await window.quickInput.whenOpen("Pause the month Budget (1 of 2)");
    assert.deepEqual(
      (await window.quickInput.items()).map(({ label }) => label),
      ["15 minutes", "1 hour", "Until the window ends", "Another time…", "Until I resume it"],
    );
    await window.screenshot("budget-pause");
    await window.quickInput.choose("1 hour");
    await window.quickInput.whenOpen("Pause the month Budget (2 of 2)");
    await window.quickInput.answer("release day");
    const shown = await window.statusBar.whenReads(STATUS_ITEM, "the pause", ({ text }) => text.includes("paused"));
    assert.match(shown.ariaLabel, /paused, nothing is refused/);
    assert.doesNotMatch(shown.ariaLabel, /calls are refused/);
    assert.match(await window.statusBar.tooltipText(STATUS_ITEM), /paused until .*\d:\d\d [AP]M/);

    const before = await month();
    const answer = await answerAfter(window, () => ask(window, { prompt: "May I now?" }));
    assert.match(await answer.visibleText(), /> May I now\?/);
    const counted = await month();
    assert.ok(counted.spentNanoUsd > before.spentNanoUsd && counted.paused);

    await window.runCommand("Tollgate: Show Costs");
    const panel = await window.webview(".budget-marks");
    assert.match(await panel.locator(".budget-marks").innerText(), /^Paused until .*\d:\d\d [AP]M/);
    await window.screenshot("budget-paused");
    await panel.getByRole("button", { name: "Resume budget month" }).click();
    await panel.getByRole("button", { name: "Pause budget month" }).waitFor();
    await window.runCommand("Tollgate: Pause Budget…");
    await window.quickInput.whenOpen("Pause the month Budget (1 of 2)");
    await window.quickInput.choose("Until I resume it");
    await window.quickInput.whenOpen("Pause the month Budget (2 of 2)");
    await window.quickInput.answer("");
    await window.statusBar.whenReads(STATUS_ITEM, "the pause", ({ text }) => text.includes("paused"));
    await window.runCommand("Tollgate: Resume Budget");
    await window.statusBar.whenReads(STATUS_ITEM, "no pause", ({ text }) => !text.includes("paused"));

    const answers = await answerCount(window);
    await ask(window, { prompt: "And now?" });
    await window.notifications.find('The budget "month"');
    assert.equal(await answerCount(window), answers);
    assert.deepEqual(await decided(4), [
      ["resume", ME, null],
      ["pause", ME, null],
      ["resume", ME, null],
      ["pause", ME, "release day"],
    ]);
  });

  it("is removed again by an empty amount", async () => {
    await window.runCommand("Tollgate: Set Budget…");
    await window.quickInput.whenOpen("Set Budget (1 of 2)");
    await window.quickInput.answer("");
    await window.quickInput.whenOpen("Set Budget (2 of 2)");
    assert.deepEqual(
      (await window.quickInput.items()).map(({ label }) => label),
      ["month"],
    );
    await window.quickInput.choose("month");
    await window.statusBar.whenReads(STATUS_ITEM, "what today cost", ({ text }) => /^\$0\.\d+ today$/.test(text));
  });
});
