import assert from "node:assert/strict";
import type { Provider } from "../../src/domain/config.ts";
import { formatUsd } from "../../src/domain/money.ts";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { answerAfter, ask, reload } from "./asking.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import { SETTINGS, STATUS_ITEM, type World } from "./world.ts";

describe("windows, panel and sidecar", () => {
  let world: World;
  let window: Workbench;
  let second: Workbench | undefined;

  before(async () => {
    ({ world, window } = await sharedWorld());
    await answerAfter(window, () => ask(window, { prompt: "Something to start from" }));
  });
  after(async () => {
    await second?.close();
    // Nothing changes while settings make no sense, in the tests that follow either.
    await world.server.writeMachineSettings({});
    await world.server.writeUserSettings(SETTINGS);
    await reload(window);
  });
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
  });

  const shown = async (workbench: Workbench) => (await workbench.statusBar.read(STATUS_ITEM)).text;
  const status = async () => (await world.api()).status();

  it("opens the cost panel from the status bar, which follows every call", async () => {
    await window.statusBar.click(STATUS_ITEM);
    const panel = await window.webview("text=Spent today");
    const calls = (await status()).today.calls;
    await panel.getByText(callsInWords(calls)).first().waitFor();
    await panel
      .getByRole("table", { name: "Cost, calls, tokens and latency by model" })
      .getByText("gpt-4.1-2025-04-14")
      .waitFor();
    await window.screenshot("panel");
    await callFromOutside(world);
    await panel
      .getByText(`${calls + 1} calls`)
      .first()
      .waitFor();
    const tools = panel.getByRole("table", { name: "Cost, calls and tokens by tool" });
    await tools.getByRole("rowheader", { name: "test" }).waitFor();
    await panel.getByLabel("By", { exact: true }).selectOption("project");
    const projects = panel.getByRole("table", { name: "Cost, calls and tokens by project" });
    await projects.getByRole("rowheader", { name: "workspace" }).scrollIntoViewIfNeeded();
    await window.screenshot("panel-who-spent");
    await panel.getByRole("button", { name: "Set Budget…" }).first().click();
    await window.quickInput.whenOpen("Set Budget (1 of 2)");
  });

  it("shows the same figures in two windows, and each sees the other's calls at once", async () => {
    second = await world.open();
    const other = second;
    await until("the same figures", async () => (await shown(other)) === (await shown(window)));
    const before = await shown(window);
    world.upstreams.openai.script.next({ text: "Done.", usage: usageOf(3_000) });
    await answerAfter(other, () => ask(other, { prompt: "From the other window" }));
    const after = await window.statusBar.whenReads(
      STATUS_ITEM,
      "the other window's call",
      ({ text }) => text !== before,
    );
    assert.equal(await shown(other), after.text);
  });

  it("warns in one window only", async () => {
    assert.ok(second !== undefined);
    const other = second;
    const api = await world.api();
    const { month } = await api.status();
    await api.setBudget({ name: "month", window: "month", limitUsd: (month.costNanoUsd / 1e9) * 1.25 + 0.005 });
    const tokens = Math.ceil((month.costNanoUsd * 0.04 + 4_500_000) / 8_000);
    world.upstreams.openai.script.next({ text: "Done.", usage: usageOf(tokens) });
    await answerAfter(other, () => ask(other, { prompt: "Over the threshold" }));
    const warned = async () =>
      (await Promise.all([window, other].map(({ notifications }) => notifications.all())))
        .flat()
        .filter(({ text }) => text.includes("of the month budget is spent")).length;
    await until("a warning", async () => (await warned()) > 0);
    const { alerts } = await api.overview(7);
    const alert = alerts.findLast(({ budget, threshold }) => budget === "month" && threshold >= 0.75);
    assert.ok(alert !== undefined);
    assert.equal(await api.claimAlert(alert.id), false, "the warning was not claimed");
    assert.equal(await warned(), 1);
    await other.notifications.dismiss();
    await api.removeBudget("month");
    await other.close();
    second = undefined;
  });

  it("starts a sidecar that was killed again with the next call, and loses nothing", async () => {
    const before = await status();
    const killed = await world.sidecarPid();
    process.kill(killed, "SIGKILL");
    await answerAfter(window, () => ask(window, { prompt: "Are you still there?" }));
    const after = await status();
    assert.notEqual(after.pid, killed);
    assert.equal(after.month.calls, before.month.calls + 1);
    assert.ok(after.month.costNanoUsd > before.month.costNanoUsd);
    const figure = formatUsd(after.today.costNanoUsd);
    await window.statusBar.whenReads(STATUS_ITEM, figure, ({ text }) => text.includes(figure));
  });

  it("shows the same after a reload, the cost panel too", async () => {
    const before = await shown(window);
    await reload(window);
    await window.statusBar.whenReads(STATUS_ITEM, before, ({ text }) => text === before);
    const panel = await window.webview("text=Spent today");
    await panel
      .getByText(`${(await status()).today.calls} calls`)
      .first()
      .waitFor();
  });

  it("restarts the sidecar when asked to", async () => {
    const before = await world.sidecarPid();
    await window.runCommand("Tollgate: Restart Sidecar");
    await until("another sidecar", async () => (await world.sidecarPid()) !== before);
    await window.statusBar.whenReads(STATUS_ITEM, "figures", ({ text }) => text.includes("$"));
  });

  it("shows what compute costs an hour while the server is up", async () => {
    world.upstreams.vllm.script.healthy = true;
    const up = await window.statusBar.whenReads(STATUS_ITEM, "vllm", ({ text }) => text.includes("vllm $0.16/h"));
    assert.match(up.ariaLabel, /vllm running at \$0\.16 an hour/);
    world.upstreams.vllm.script.healthy = false;
  });

  it("says once, in one of two windows, that hours alone will spend a budget, and not again after a restart", async () => {
    const other = await world.open();
    const api = await world.api();
    const toasts = async (text: string) =>
      (await Promise.all([window, other].map(({ notifications }) => notifications.all())))
        .flat()
        .filter((toast) => toast.text.includes(text));
    const hours = { window: "total", limitUsd: 0.5, hard: true, scope: { provider: "vllm" } } as const;
    await api.setBudget({ ...hours, name: "gpu" });
    world.upstreams.vllm.script.healthy = true;
    const text = "(vllm) the gpu budget is spent by";
    const [told] = await until("the forecast", async () => {
      const found = await toasts(text);
      return found.length > 0 && found;
    });
    assert.match(told?.text ?? "", /^At \$0\.16 an hour \(vllm\) .*, without a single call\./);
    assert.deepEqual([told?.severity, told?.buttons], ["warning", ["Show Costs", "Raise…", "Don't Show Again"]]);
    const inOther = (await other.notifications.all()).some((toast) => toast.text.includes(text));
    await (inOther ? other : window).screenshot("compute-forecast");
    // What both windows hear of later is told by one of them, too, and by then each has dealt with the first.
    await api.setBudget({ ...hours, name: "gpu two" });
    await until("the second forecast", async () => (await toasts("the gpu two budget")).length > 0);
    assert.equal((await toasts(text)).length, 1);
    await other.close();
    await window.notifications.dismiss();
    const before = await world.sidecarPid();
    await window.runCommand("Tollgate: Restart Sidecar");
    await until("another sidecar", async () => (await world.sidecarPid()) !== before);
    await window.statusBar.whenReads(STATUS_ITEM, "figures", ({ text: shownText }) => shownText.includes("$"));
    await (await world.api()).setBudget({ ...hours, name: "gpu three" });
    await window.notifications.find("the gpu three budget");
    assert.ok(!(await window.notifications.all()).some((toast) => toast.text.includes(text)), "it was told again");
    for (const name of ["gpu", "gpu two", "gpu three"]) {
      await (await world.api()).removeBudget(name);
    }
    world.upstreams.vllm.script.healthy = false;
  });

  it("shows a server's hours in the panel, and asks once whether its stop command may run", async () => {
    world.upstreams.vllm.script.healthy = true;
    const api = await world.api();
    const { providers } = await api.config();
    const stopCommand = ["ssh", "gpu-box", "sudo systemctl stop vllm"];
    const pricing = { kind: "compute-hour", compareWith: "openai/gpt-5-mini", stopCommand } as const;
    await api.changeConfig({ providers: { vllm: { ...(providers.vllm as Provider), pricing } } });
    const asked =
      /May Tollgate run this when a hard budget that covers vllm is spent\? ssh gpu-box "sudo systemctl stop vllm"/;
    await window.notifications.press(asked, "Allow");
    await until("the stop command to be allowed", async () => (await api.compute()).servers[0]?.stopCommand?.allowed);
    await window.runCommand("Tollgate: Show Costs");
    const panel = await window.webview("text=Spent today");
    await panel.getByText(/Break-even with openai\/gpt-5-mini at .+ tokens a day/).waitFor();
    await panel.getByText("Compute by the hour").scrollIntoViewIfNeeded();
    await window.screenshot("compute");
    world.upstreams.vllm.script.healthy = false;
    await api.changeConfig({ providers: { vllm: providers.vllm as Provider } });
  });

  it("names settings that make no sense in one message, and changes nothing", async () => {
    await world.server.writeUserSettings({ ...SETTINGS, "tollgate.budgets": { week: 5 } });
    await reload(window);
    await window.statusBar.whenReads(STATUS_ITEM, "the week's budget", ({ text }) => text.includes("/ $5.00"));
    const before = await (await world.api()).config();
    await world.server.writeUserSettings({ ...SETTINGS, "tollgate.budgets": { month: -3 } });
    await world.server.writeMachineSettings({
      "tollgate.providers": { lab: { protocol: "openai", baseUrl: "lab.example" } },
    });
    await reload(window);
    const message = await window.notifications.find(
      /these settings make no sense.*tollgate\.budgets\.month: a limit cannot be negative.*tollgate\.providers\.lab\.baseUrl: must be an http/,
    );
    assert.deepEqual(message.buttons, ["Open Settings"]);
    await window.screenshot("settings-nonsense");
    // By the time that the panel is there, settings would have reached the sidecar.
    await window.runCommand("Tollgate: Show Costs");
    const panel = await window.webview("text=Spent today");
    await panel.getByText("of $5.00").first().waitFor();
    assert.deepEqual(await (await world.api()).config(), before);
  });
});

/** As the panel words it. */
function callsInWords(calls: number): string {
  return calls === 1 ? "1 call" : `${calls} calls`;
}

/** Usage of so many output tokens and nothing else, as OpenAI reports it. */
function usageOf(tokens: number) {
  return { prompt_tokens: 0, completion_tokens: tokens, total_tokens: tokens };
}

/** A call by a program that knows nothing of VS Code. */
async function callFromOutside(world: World): Promise<void> {
  const { urls } = await (await world.api()).pass({ tool: "test" });
  const response = await fetch(`${urls.openai}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-outside" },
    body: JSON.stringify({ model: "gpt-4.1", max_tokens: 200, messages: [{ role: "user", content: "From outside" }] }),
  });
  assert.equal(response.status, 200, await response.text());
}
