/** Draws the README's pictures into media/screenshots/, in the real VS Code, with simulated providers: `npm run screenshots`. */
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiClient } from "../src/client/apiClient.ts";
import { findSidecar } from "../src/client/findSidecar.ts";
import { nanoFromUsd } from "../src/domain/money.ts";
import { launchBrowser, openProfile, openWindow } from "../test/hosts/browser.ts";
import type { EditorPane } from "../test/hosts/editorPane.ts";
import { until } from "../test/hosts/until.ts";
import { ensureVscode } from "../test/hosts/vscodeInstall.ts";
import { startVscodeServer } from "../test/hosts/vscodeServer.ts";
import type { Workbench } from "../test/hosts/workbench.ts";
import { demoPacing, startUpstreams, type Upstreams } from "../test/upstreams/startUpstreams.ts";
import { ensureBuilt } from "./ensureBuilt.ts";
import { bookSampleHistory } from "./sampleHistory.ts";

const root = join(import.meta.dirname, "..");
const PICTURES = join(root, "media", "screenshots");
const LARGEST_BYTES = 250_000;
const DIME_NANO_USD = 100_000_000;

const QUESTION = "Why is a large but light parcel charged more?";
const ANSWER = `Carriers charge for the larger of two weights, and \`chargeableWeight\` picks it:

- what the parcel weighs, \`weightKg\`;
- what its volume would weigh: length × width × height in cm, divided by 5,000.

A box of 60 × 50 × 40 cm counts as **24 kg**, even if it is full of feathers.`;

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What has been started, to be ended in reverse order. */
const endings: (() => Promise<unknown>)[] = [];

try {
  await draw();
} finally {
  for (const ending of endings.reverse()) await ending();
}

async function draw(): Promise<void> {
  await ensureBuilt();
  await mkdir(PICTURES, { recursive: true });
  const home = await mkdtemp(join(tmpdir(), "tollgate-pictures-"));
  endings.push(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(home, "data");
  const workspace = join(home, "parcel-rates");
  const config = join(home, "tollgate.json");
  const upstreams = await startUpstreams({ default: { ...demoPacing, text: ANSWER } });
  endings.push(upstreams.stop);
  await mkdir(dataDir, { mode: 0o700 });
  await cp(join(root, "test", "hosts", "sampleWorkspace"), workspace, { recursive: true });
  await writeFile(config, JSON.stringify(configFor(upstreams)));
  await bookSampleHistory(dataDir, Date.now());

  const server = await startVscodeServer(await ensureVscode(console.log), {
    extensionFolders: [root],
    env: {
      TOLLGATE_DATA_DIR: dataDir,
      TOLLGATE_CONFIG: config,
      OPENAI_API_KEY: "sk-simulated",
      ANTHROPIC_API_KEY: "sk-ant-simulated",
      VLLM_ENDPOINT: undefined,
      VLLM_HOURLY_RATE: undefined,
      BUDGET_LIMIT: undefined,
    },
    userSettings: {
      "breadcrumbs.enabled": false,
      "editor.fontSize": 13,
      "editor.hover.enabled": "off",
      "editor.lightbulb.enabled": "off",
      "editor.minimap.enabled": false,
      "editor.occurrencesHighlight": "off",
      "editor.stickyScroll.enabled": false,
      "remote.autoForwardPorts": false,
      "tollgate.ask.confirm": "never",
      "tollgate.notifications.budgetWarnings": false,
      "window.menuBarVisibility": "hidden",
      "workbench.activityBar.location": "hidden",
    },
  });
  endings.push(() => endSidecar(dataDir), server.stop);
  const browser = await launchBrowser();
  endings.push(() => browser.close());
  const window = await openWindow(await openProfile(browser), server, { folder: workspace });
  await window.press("ControlOrMeta+B");

  await drawOverview(window);
  await drawAsk(window);
  await drawRefused(window, { dataDir, upstreams });
  await drawPanel(window);
}

function configFor({ openai, anthropic, vllm }: Upstreams): unknown {
  return {
    providers: {
      openai: { protocol: "openai", baseUrl: openai.url },
      anthropic: { protocol: "anthropic", baseUrl: anthropic.url },
      vllm: { protocol: "openai", baseUrl: vllm.url, pricing: { kind: "compute-hour", hourlyRateUsd: 0.16 } },
    },
    budgets: [
      { name: "month", limitUsd: 50, window: "month" },
      { name: "day", limitUsd: 3, window: "day" },
      { name: "storefront", limitUsd: 20, window: "month", scope: { project: "storefront" } },
    ],
  };
}

/** Code, an answer beside it with its cost, and the cost panel below. */
async function drawOverview(window: Workbench): Promise<void> {
  const code = await window.openFile("parcelRate.ts");
  await window.runCommand("View: Split Editor Down");
  await window.runCommand("Tollgate: Show Costs");
  await whenPanelReads(window, /Spent today/);
  await window.runCommand("View: Close Other Editors in Group");
  await window.page.setViewportSize({ width: 1280, height: 830 });
  await makeLower(window, 45);
  await askAboutSelection(window, code, "openai", "gpt-5-mini", QUESTION);
  await window.quickInput.accept();
  await window.editor("gpt-5-mini 1.md").whenShows(/Model:/);
  await until("the progress message to go", async () => (await window.notifications.all()).length === 0);
  await take(window, "overview");
}

/** The prompt's box, with what it would cost. */
async function drawAsk(window: Workbench): Promise<void> {
  const code = window.editor("parcelRate.ts");
  await askAboutSelection(window, code, "anthropic", "claude-haiku-4-5", "How would I test the step at 10 kg?");
  await take(window, "ask", { x: 0, y: 0, width: 960, height: 400 });
}

/** The same prompt, sent when nothing is left of today's budget but what is too little for it. */
async function drawRefused(window: Workbench, { dataDir, upstreams }: { dataDir: string; upstreams: Upstreams }) {
  const api = new ApiClient((await findSidecar(dataDir)) ?? fail("The sidecar has gone."));
  const { today } = await api.status();
  const limitUsd = Math.ceil(today.costNanoUsd / DIME_NANO_USD) / 10;
  await api.setBudget({ name: "day", window: "day", limitUsd });
  const nanoUsdAToken = 5_000;
  const outputTokens = Math.floor((nanoFromUsd(limitUsd) - today.costNanoUsd) / nanoUsdAToken) - 100;
  upstreams.anthropic.script.next({ usage: { input_tokens: 1, output_tokens: outputTokens } });
  const { urls } = await api.pass({ project: "parcel-rates", tool: "claude-code", tags: [] });
  api.close();
  const answer = await fetch(`${urls.anthropic}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": "sk-ant-simulated", "anthropic-version": "2023-06-01", "content-type": "application/json" },
    body: JSON.stringify({
      model: "claude-haiku-4-5-20251001",
      max_tokens: 512,
      messages: [{ role: "user", content: "Which tests does parcelRate need?" }],
    }),
  });
  if (!answer.ok) fail(await answer.text());
  await window.quickInput.accept();
  await window.notifications.find(/budget "day"/);
  await until("the progress message to go", async () => (await window.notifications.all()).length === 1);
  await window.statusBar.whenReads("tollgate.budget", "that it is spent", ({ kind }) => kind === "error");
  await whenPanelReads(window, /Spent\$/);
  await take(window, "refused", { x: 0, y: 446, width: 1280, height: 384 });
  await window.notifications.dismiss();
}

async function drawPanel(window: Workbench): Promise<void> {
  await window.page.setViewportSize({ width: 1280, height: 1200 });
  await window.page.locator(".tab", { hasText: "Tollgate Costs" }).click();
  await window.page.locator(".editor-group-container.active .tab", { hasText: "Tollgate Costs" }).waitFor();
  await window.runCommand("View: Close Editors in Other Groups");
  await whenPanelReads(window, /Spent today/);
  await take(window, "panel");
}

/** Moves the border between the upper editors and the lower ones down, by so many pixels. */
async function makeLower(window: Workbench, pixels: number): Promise<void> {
  const { mouse } = window.page;
  const panel = window.page.locator(".editor-group-container.active");
  const box = (await panel.boundingBox()) ?? fail("The cost panel is not in view.");
  await mouse.move(box.x + box.width / 2, box.y);
  await mouse.down();
  await mouse.move(box.x + box.width / 2, box.y + pixels, { steps: 4 });
  await mouse.up();
}

async function askAboutSelection(
  window: Workbench,
  code: EditorPane,
  provider: string,
  model: string,
  prompt: string,
): Promise<void> {
  await code.selectLines(10, 13);
  await window.runCommand("Tollgate: Ask About Selection");
  await answerBox(window, provider, model, prompt);
}

async function answerBox(window: Workbench, provider: string, model: string, prompt: string): Promise<void> {
  const { quickInput } = window;
  await quickInput.whenOpen("Ask a Model");
  await quickInput.choose(provider);
  await quickInput.whenOpen(`Ask a Model of ${provider}`);
  await quickInput.choose(model);
  await quickInput.whenOpen(`Ask ${model} (${provider})`);
  await quickInput.type(prompt);
  await until("the prompt's cost", async () => /About|At most/.test(await quickInput.message()));
}

async function whenPanelReads(window: Workbench, wanted: RegExp): Promise<void> {
  await until(`the cost panel to show ${wanted}`, async () => {
    const panel = await window.webview("main");
    return wanted.test((await panel.locator("main").textContent()) ?? "");
  });
}

/** @param clip the part to show, in pixels; without it the whole window */
async function take(window: Workbench, name: string, clip?: Rectangle): Promise<void> {
  const path = join(PICTURES, `${name}.png`);
  await window.page.mouse.move(640, 2);
  await window.page.screenshot({ path, animations: "disabled", caret: "hide", ...(clip ? { clip } : {}) });
  const { size } = await stat(path);
  console.log(`${path} (${Math.round(size / 1000)} kB)`);
  if (size > LARGEST_BYTES) throw new Error(`${path} is larger than ${LARGEST_BYTES / 1000} kB.`);
}

async function endSidecar(dataDir: string): Promise<void> {
  const found = await findSidecar(dataDir).catch(() => null);
  if (!found) return;
  const client = new ApiClient(found);
  await client.shutdown("the pictures are taken").catch(() => {});
  client.close();
  await until("the sidecar to leave", async () => (await findSidecar(dataDir).catch(() => null)) === null);
}

function fail(why: string): never {
  throw new Error(why);
}
