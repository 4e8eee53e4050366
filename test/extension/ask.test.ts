import assert from "node:assert/strict";
import { formatUsd } from "../../src/domain/money.ts";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { answerAfter, answerCount, ask, pickModel, reload } from "./asking.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import { SETTINGS, type World } from "./world.ts";

describe("asking a model in VS Code", () => {
  let world: World;
  let window: Workbench;

  before(async () => {
    ({ world, window } = await sharedWorld());
    await window.openFile("parcelRate.ts");
  });
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
    world.upstreams.anthropic.reset();
  });

  const answer = (name: string) => window.editor(name);
  const newestCall = async () => {
    const [call] = (await (await world.api()).calls({ limit: 1 })).calls;
    assert.ok(call !== undefined);
    return call;
  };

  it("shows the cost before a prompt is sent, streams the answer, and tells below it what it cost", async () => {
    // Slow enough that the middle of the answer is seen on a busy machine too.
    world.upstreams.openai.script.next({ gapMs: 150 });
    await window.runCommand("Tollgate: Ask…");
    await pickModel(window, "openai", "gpt-4.1");
    await window.quickInput.type("How do I add up amounts?");
    const cost = await until("the cost of the prompt", async () => {
      const message = await window.quickInput.message();
      return message.includes("at most") && message;
    });
    assert.match(cost, /^About \$0\.00\d+, at most \$0\.03\d/);
    await window.screenshot("ask-prompt");
    await window.quickInput.accept();
    const halfway = await answer("gpt-4.1 1.md").whenShows("Start small");
    assert.doesNotMatch(halfway, /Cost:/, "the answer was not streamed");
    const text = await answer("gpt-4.1 1.md").whenShows("Model:");
    await window.screenshot("ask-answer");
    const call = await newestCall();
    assert.equal(call.status, "ok");
    assert.ok(text.includes(`Cost: **${formatUsd(call.costNanoUsd)}**`), text);
    assert.ok(text.includes(`${call.usage.inputTokens} in · ${call.usage.outputTokens} out`), text);
    assert.match(text, /first token after \d+/);
    assert.match(text, /gpt-4\.1-2025-04-14 \(openai\), asked for as gpt-4\.1/);
    assert.equal(call.tool, "vscode");
    assert.equal(call.project, "workspace");
  });

  it("offers the model asked last first", async () => {
    await window.runCommand("Tollgate: Ask…");
    await window.quickInput.whenOpen("Ask a Model");
    const [first] = await window.quickInput.items();
    assert.deepEqual([first?.label, first?.description, first?.separator], ["gpt-4.1", "openai", "asked last"]);
    await window.quickInput.choose("gpt-4.1");
    await window.quickInput.whenOpen("Ask gpt-4.1 (openai)");
    await window.quickInput.answer("Again, please.");
    await answer("gpt-4.1 2.md").whenShows("Model:");
  });

  it("asks about the selection, from the editor's menu", async () => {
    const editor = await window.openFile("parcelRate.ts");
    await editor.selectLines(10, 13);
    const line = editor.editor.locator(".view-line", { hasText: "const volumetric" });
    await line.click({ button: "right", position: { x: 120, y: 8 } });
    const item = window.page.getByRole("menuitem", { name: "Ask About Selection" });
    await item.waitFor();
    await window.screenshot("ask-selection-menu");
    // A menu that has just opened takes no click, lest it be the one that opened it.
    await until("the menu to take the click", async () => {
      if (await item.isVisible()) {
        await item.click({ timeout: 1_000 });
      }
      return window.quickInput.isOpen();
    });
    await window.quickInput.whenOpen("Ask a Model");
    await window.quickInput.choose("gpt-4.1");
    await window.quickInput.whenOpen("Ask gpt-4.1 (openai)");
    assert.equal(
      await window.quickInput.placeholder(),
      "What do you want to know about lines 10–13 of src/parcelRate.ts?",
    );
    await window.quickInput.answer("What is this divisor?");
    await answer("gpt-4.1 3.md").whenShows("Model:");
    const sent = JSON.stringify(world.upstreams.openai.requests.findLast(({ body }) => body !== undefined)?.body);
    assert.match(sent, /What is this divisor\?.*src\/parcelRate\.ts, lines 10–13.*chargeableWeight\(parcel: Parcel\)/s);
  });

  it("cancels at will: what came stays, is booked, and the prompt is still there", async () => {
    world.upstreams.openai.script.next({ answerTokens: 2_000, gapMs: 100 });
    await ask(window, { prompt: "A very long story" });
    await answer("gpt-4.1 4.md").whenShows("Each part does one thing");
    await window.notifications.press("Asking gpt-4.1", "Cancel");
    const text = await answer("gpt-4.1 4.md").whenShows("Cost:");
    assert.match(text, /Each part does one thing[\s\S]*Cancelled\.[\s\S]*counted by Tollgate/);
    assert.equal((await newestCall()).status, "cancelled");
    await window.runCommand("Tollgate: Ask…");
    await pickModel(window, "openai", "gpt-4.1");
    assert.equal(await window.quickInput.value(), "A very long story");
  });

  it("is cancelled by Escape in its answer, or by the button above it", async () => {
    const stop = async (cancel: () => Promise<void>) => {
      world.upstreams.openai.script.next({ answerTokens: 2_000, gapMs: 100 });
      const before = await answerCount(window);
      await ask(window, { prompt: "Another long story" });
      const editor = answer(`gpt-4.1 ${before + 1}.md`);
      await editor.whenShows("Each part does one thing");
      await editor.focus();
      await cancel();
      await editor.whenShows(/Cancelled\.[\s\S]*Cost:/);
    };
    await stop(() => window.press("Escape"));
    await stop(() => window.page.getByRole("button", { name: "Cancel Prompt" }).click());
  });

  it("keeps what came of an answer that breaks off, and sends the same prompt again when asked to", async () => {
    world.upstreams.openai.script.next({ cutAfter: 6 });
    await ask(window, { prompt: "How are amounts added?" });
    await window.notifications.find("broke off");
    const text = await answer("gpt-4.1 7.md").whenShows("Cost:");
    assert.match(text, /Here is a short[\s\S]*broke off/);
    await window.notifications.press("broke off", "Try Again");
    await answer("gpt-4.1 8.md").whenShows(/Here is a short answer to “How are amounts added\?”[\s\S]*Model:/);
  });

  it("says that a key is missing, and goes on once it is added", async () => {
    await window.runCommand("Tollgate: Ask…");
    await window.quickInput.whenOpen("Ask a Model");
    await window.quickInput.choose("anthropic");
    await window.quickInput.choose("claude-sonnet-4-5");
    await window.notifications.find("There is no API key for anthropic: add one, or set ANTHROPIC_API_KEY");
    await window.notifications.press("There is no API key for anthropic", "Add API Key…");
    await window.quickInput.whenOpen("API Key for anthropic");
    assert.equal(await window.quickInput.input.getAttribute("type"), "password");
    await window.quickInput.answer("sk-ant-wrong");
    await window.quickInput.whenOpen("Ask claude-sonnet-4-5 (anthropic)");
    await window.quickInput.answer("Hello there");
    const message = await window.notifications.find("anthropic did not accept the API key");
    assert.deepEqual(message.buttons, ["Add API Key…", "Another Model…"]);
    await window.notifications.press("anthropic did not accept", "Add API Key…");
    await window.quickInput.whenOpen("API Key for anthropic");
    await window.quickInput.answer("sk-ant-right");
    await answer("claude-sonnet-4-5 9.md").whenShows(/“Hello there”[\s\S]*Model:/);
    assert.doesNotMatch(await world.server.extensionLogs(), /sk-ant/);
  });

  it("removes a key that is stored", async () => {
    await window.runCommand("Tollgate: Remove API Key…");
    await window.quickInput.whenOpen("Remove API Key");
    await window.quickInput.choose("anthropic");
    await window.runCommand("Tollgate: Add API Key…");
    await window.quickInput.whenOpen("Add API Key");
    const described = (await window.quickInput.items()).map(({ label, description }) => `${label}: ${description}`);
    assert.deepEqual(described.slice(0, 2), ["openai: key from OPENAI_API_KEY", "anthropic: no key"]);
  });

  it("asks once more before a prompt that is tight, and nothing else gets in the way", async () => {
    const api = await world.api();
    await api.setBudget({
      name: "tight",
      window: "day",
      limitUsd: (await api.status()).today.costNanoUsd / 1e9 + 0.04,
    });
    await world.server.writeUserSettings({ ...SETTINGS, "tollgate.ask.confirm": "whenTight" });
    await reload(window);
    await window.runCommand("Tollgate: Ask…");
    await pickModel(window, "openai", "gpt-4.1");
    await window.quickInput.answer("Is it dear?");
    await until("the question", async () => (await window.quickInput.placeholder()) === "Send this prompt?");
    const [send] = await window.quickInput.items();
    assert.equal(send?.label, "Send");
    assert.match(send?.detail ?? "", /About \$.*at most \$0\.03.*tight: \$0\.040 left/);
    await window.screenshot("ask-confirm");
    const sent = await answerAfter(window, () => window.quickInput.choose("Send"));
    assert.match(await sent.visibleText(), /Is it dear\?/);
    await api.removeBudget("tight");
    await world.server.writeUserSettings(SETTINGS);
    await reload(window);
    assert.deepEqual(await window.notifications.all(), []);
  });
});
