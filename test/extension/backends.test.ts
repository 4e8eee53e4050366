import assert from "node:assert/strict";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { answerCount } from "./asking.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import { STATUS_ITEM, type World } from "./world.ts";

describe("backends in VS Code", () => {
  let world: World;
  let window: Workbench;

  before(async () => {
    ({ world, window } = await sharedWorld());
  });
  after(async () => {
    await (await world.api()).changeConfig({ backends: {} });
  });
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
  });

  const backends = async () => (await world.api()).backends;

  it("are switched once they have answered, with who did it on record", async () => {
    await window.runCommand("Tollgate: Switch Backend…");
    await window.quickInput.whenOpen("Switch Backend (1 of 2)");
    await window.quickInput.type("openai/gpt-4.1");
    await window.quickInput.choose("openai/gpt-4.1");
    await window.quickInput.whenOpen("Switch Backend (2 of 2)");
    await window.screenshot("backend-switch");
    await window.quickInput.choose("Prompts");
    const [last] = await until("the switch", async () => {
      const log = await (await backends()).log();
      return log.length > 0 && log;
    });
    assert.deepEqual([last?.to?.model, last?.tier, last?.checked?.state], ["gpt-4.1", null, "ok"]);
    assert.match(last?.by ?? "", /VS Code$/);
  });

  it("are not switched to where they are sick, with the reason, unless the user says so", async () => {
    const switchTier = async () => {
      await window.runCommand("Tollgate: Switch Backend…");
      await window.quickInput.whenOpen("Switch Backend (1 of 2)");
      await window.quickInput.type("vllm/qwen");
      await window.quickInput.choose("vllm/qwen");
      await window.quickInput.whenOpen("Switch Backend (2 of 2)");
      await window.quickInput.type("local");
      await window.quickInput.choose("local");
    };
    await switchTier();
    const refusal = await window.notifications.find("was not switched to");
    assert.match(refusal.text, /^vllm\/qwen was not switched to: answered HTTP 503/);
    assert.deepEqual(refusal.buttons, ["Switch Anyway", "Check Backends"]);
    await window.screenshot("backend-sick");
    assert.equal((await (await backends()).log())[0]?.tier, null, "nothing was switched");
    await window.notifications.press("was not switched to", "Switch Anyway");
    const [last] = await until("the switch", async () => {
      const log = await (await backends()).log();
      return log[0]?.tier === "local" && log;
    });
    assert.deepEqual([last?.to, last?.checked], [{ provider: "vllm", model: "qwen" }, null]);
  });

  it("are all shown with their state, latency and last error, and one is picked as the default", async () => {
    await window.runCommand("Tollgate: Check Backends");
    await window.quickInput.whenOpen("Backends");
    const items = await until("the states", async () => {
      const shown = await window.quickInput.items();
      return shown.length > 2 && shown;
    });
    await window.screenshot("backend-check");
    const row = (label: string) => items.find((item) => item.label === label) ?? assert.fail(label);
    assert.match(row("gpt-4.1").description, /^openai · default/);
    assert.match(row("gpt-4.1").detail, /works · \d+ ms/);
    assert.match(row("qwen").description, /^vllm · local/);
    assert.match(row("qwen").detail, /down · \d+ ms · answered HTTP 503/);
    await window.quickInput.type("gpt-4.1");
    await window.quickInput.choose("gpt-4.1");
    await window.quickInput.whenClosed();
  });

  it("take over when the first is down, which the answer and the ledger say", async () => {
    await window.runCommand("Tollgate: Switch Backend…");
    await window.quickInput.whenOpen("Switch Backend (1 of 2)");
    await window.quickInput.type("openai/gpt-4.1-mini");
    await window.quickInput.choose("openai/gpt-4.1-mini");
    await window.quickInput.whenOpen("Switch Backend (2 of 2)");
    await window.quickInput.choose("Fallback");
    await until("the fallback", async () => (await (await backends()).view()).fallback.length === 1);
    world.upstreams.openai.script.next({ error: { status: 503 }, headers: { "x-should-retry": "false" } });
    const before = await answerCount(window);
    await window.runCommand("Tollgate: Ask…");
    await window.quickInput.whenOpen("Ask a Model");
    await window.screenshot("ask-backends");
    await window.quickInput.choose("gpt-4.1");
    await window.quickInput.whenOpen("Ask gpt-4.1 (openai)");
    await window.quickInput.answer("Who answers?");
    await until("an answer", async () => (await answerCount(window)) > before);
    const editor = window.editor(`gpt-4.1-mini ${before + 1}.md`);
    await editor.whenShows(/Cost:/);
    const text = await editor.text();
    assert.match(text, /openai\/gpt-4\.1-mini answers in place of openai\/gpt-4\.1\./);
    assert.match(text, /in place of gpt-4\.1 \(openai\)/);
    await window.screenshot("ask-fallback");
    const { calls } = await (await world.api()).calls({ limit: 2 });
    assert.deepEqual(
      calls.map(({ requestedModel, standsInFor, status }) => [requestedModel, standsInFor?.model, status]),
      [
        ["gpt-4.1-mini", "gpt-4.1", "ok"],
        ["gpt-4.1", undefined, "error"],
      ],
    );
    assert.equal(calls[0]?.promptId, calls[1]?.promptId);
  });

  it("give way to a cheaper one where a tier is asked and a budget is spent so far, which tooltip and answer say", async () => {
    const api = await world.api();
    await (await backends()).switch({ name: "openai/gpt-4.1", tier: "strong", skipHealthCheck: true, by: "a test" });
    await api.setBudget({
      name: "thin",
      limitUsd: 0.000_001,
      window: "total",
      hard: false,
      scope: { tool: "vscode" },
      switchTo: { from: 0.5, to: { provider: "openai", model: "gpt-4.1-mini" } },
    });
    const before = await answerCount(window);
    await window.runCommand("Tollgate: Ask…");
    await window.quickInput.whenOpen("Ask a Model");
    await window.quickInput.choose("strong");
    await window.quickInput.whenOpen("Ask gpt-4.1 (openai)");
    await window.quickInput.answer("Who is cheaper?");
    await until("an answer", async () => (await answerCount(window)) > before);
    const editor = window.editor(`gpt-4.1-mini ${before + 1}.md`);
    await editor.whenShows(/Cost:/);
    assert.match(await editor.text(), /strong goes to openai\/gpt-4\.1-mini: the thin budget is spent to/);
    await window.screenshot("ask-switched");
    assert.match(await window.statusBar.tooltipText(STATUS_ITEM), /thin .*calls go to openai\/gpt-4\.1-mini/);
    await api.removeBudget("thin");
  });

  it("are warned of, in the status bar's tooltip and the panel, for as long as TLS checks are off", async () => {
    const unchecked = { protocol: "openai", baseUrl: "https://127.0.0.1:9/v1", tls: { insecure: true } } as const;
    await (await world.api()).changeConfig({ providers: { unchecked } });
    const tooltip = () => window.statusBar.tooltipText(STATUS_ITEM);
    await until("the warning", async () => /TLS checks are switched off for unchecked/.test(await tooltip()));
    await window.runCommand("Tollgate: Show Costs");
    const panel = await window.webview("text=TLS checks are switched off for unchecked");
    await window.screenshot("tls-unchecked");
    await (await world.api()).changeConfig({ providers: { unchecked: null } });
    await until("no warning", async () => !/TLS checks/.test(await tooltip()));
    await panel.getByText("TLS checks").waitFor({ state: "detached" });
  });
});
