import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import type { Call } from "../../src/domain/call.ts";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { reload } from "./asking.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import { ROOT, type World } from "./world.ts";

/** A program with OpenAI's own client, which is told nothing of Tollgate: it writes down what it found and how it went. */
const SCRIPT = `
import { renameSync, writeFileSync } from "node:fs";
import OpenAI from ${JSON.stringify(join(ROOT, "node_modules", "openai", "index.mjs"))};
const isOurs = ([name]) => /_BASE_URL$|_API_BASE$|^TOLLGATE_[A-Z]+_URL$/.test(name);
const found = Object.fromEntries(Object.entries(process.env).filter(isOurs));
let outcome = "nowhere to go";
if (found.OPENAI_BASE_URL !== undefined) {
  try {
    const messages = [{ role: "user", content: "Say something" }];
    await new OpenAI().chat.completions.create({ model: "gpt-4.1", max_tokens: 200, messages });
    outcome = "answered";
  } catch (error) {
    outcome = String(error.message);
  }
}
writeFileSync(process.argv[2] + ".part", JSON.stringify({ found, outcome }));
renameSync(process.argv[2] + ".part", process.argv[2]);
`;

/** In Codex's place: one call to where it is led, and a note of how it was started. */
const CODEX = `#!${process.execPath}
const { writeFileSync, renameSync } = require("node:fs");
(async () => {
  const file = process.argv.at(-1);
  const body = { model: "gpt-4.1", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };
  const headers = { "content-type": "application/json", authorization: "Bearer sk-x" };
  const url = process.env.OPENAI_BASE_URL + "/chat/completions";
  const { status } = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  writeFileSync(file + ".part", JSON.stringify({ found: { electron: process.env.ELECTRON_RUN_AS_NODE }, outcome: String(status) }));
  renameSync(file + ".part", file);
})();
`;

interface Told {
  readonly found: Readonly<Record<string, string>>;
  readonly outcome: string;
}

describe("a terminal in VS Code", () => {
  let world: World;
  let window: Workbench;
  let second: Workbench | undefined;
  let runs = 0;

  before(async () => {
    ({ world, window } = await sharedWorld());
    await writeFile(join(world.workspace, "call.mjs"), SCRIPT);
    await mkdir(join(world.workspace, ".git"), { recursive: true });
    await writeFile(join(world.workspace, ".git", "HEAD"), "ref: refs/heads/feature/terminal\n");
    await whenWritten(1);
  });
  afterEach(async function () {
    await reportFailure(this, world, window, second);
    await second?.close();
    second = undefined;
    await window.page.bringToFront();
    world.upstreams.openai.reset();
    await window.runCommand("Terminal: Kill All Terminals");
  });
  after(() => rm(join(world.workspace, ".git"), { recursive: true }));

  /** How often the variables of terminals have been written, by the extension's log. */
  const timesWritten = async () => (await world.server.extensionLogs()).split(/Terminals (?:lead|are left)/).length - 1;
  const whenWritten = (times: number) =>
    until("the variables of terminals", async () => (await timesWritten()) >= times);

  /** Does what changes the variables, and waits until terminals would have them. */
  async function rewritten(change: () => Promise<unknown>): Promise<void> {
    const before = await timesWritten();
    await change();
    await whenWritten(before + 1);
  }

  const PROGRAM = (file: string) => `"${process.execPath}" "${join(world.workspace, "call.mjs")}" "${file}"`;

  /** Starts a program in a new terminal and waits for what it tells. */
  async function runProgram(workbench = window, folder?: string, line = PROGRAM): Promise<Told> {
    await workbench.runCommand("Terminal: Create New Terminal");
    if (folder !== undefined) {
      await workbench.quickInput.choose(folder);
    }
    runs += 1;
    const file = join(world.workspace, `told-${runs}.json`);
    await workbench.terminal.run(line(file));
    return until("the program's end", async () =>
      existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Told) : undefined,
    );
  }

  /** A busy VS Code may open a workspace without its folders, and stay so until it is loaded again. */
  async function whenFoldersAreThere(workbench: Workbench): Promise<void> {
    const folder = workbench.page.locator(".explorer-folders-view .monaco-list-row", { hasText: "shop" }).first();
    await until("the workspace's folders", async () => {
      const isThere = await folder.waitFor({ timeout: 10_000 }).then(
        () => true,
        () => false,
      );
      if (!isThere) await reload(workbench);
      return isThere;
    });
  }

  async function lastCall(): Promise<Call> {
    const { calls } = await (await world.api()).calls({ tool: "openai-node", limit: 1 });
    assert.ok(calls[0]);
    return calls[0];
  }

  /** What VS Code tells of the variables that extensions have set. */
  async function contributions(): Promise<string> {
    await window.runCommand("Terminal: Show Environment Contributions");
    return (await window.editor().whenShows(/tollgate\.terminals\.enabled/)).replace(/\s+/g, " ");
  }

  it("leads a program's calls through the gate, under the workspace's project, and says so", async () => {
    const { found, outcome } = await runProgram();
    assert.equal(outcome, "answered");
    const { project, tool, branch, status, costNanoUsd } = await lastCall();
    assert.deepEqual(
      { project, tool, branch, status },
      { project: basename(world.workspace), tool: "openai-node", branch: "feature/terminal", status: "ok" },
    );
    assert.ok(costNanoUsd > 0);
    assert.match(found.ANTHROPIC_BASE_URL ?? "", /^http:\/\/127\.0\.0\.1:\d+\/p\/[0-9a-f]{32}\/anthropic$/);
    assert.match(
      await contributions(),
      /Tollgate.*metered under the project \*\*workspace\*\*.*Set: `OPENAI_BASE_URL`/,
    );
    await window.screenshot("terminal-contributions");
  });

  it("goes on to the address that its user had set, and says so", async () => {
    const own = world.upstreams.openai.url.replace("127.0.0.1", "localhost");
    await rewritten(() =>
      world.server.writeMachineSettings({ "terminal.integrated.env.linux": { OPENAI_BASE_URL: own } }),
    );
    const { found, outcome } = await runProgram();
    assert.equal(outcome, "answered");
    assert.match(found.OPENAI_BASE_URL ?? "", /^http:\/\/127\.0\.0\.1:\d+\/p\//);
    assert.equal(world.upstreams.openai.requests.at(-1)?.headers.host, new URL(own).host);
    assert.match(await contributions(), /`OPENAI_BASE_URL` was .*localhost.* calls go on to there/);
    await rewritten(() => world.server.writeMachineSettings({}));
  });

  it("has no more than is wanted, and nothing where that is turned off", async () => {
    const variables = { OPENAI_API_BASE: false, ANTHROPIC_BASE_URL: false };
    await rewritten(() => world.server.writeMachineSettings({ "tollgate.terminals.variables": variables }));
    assert.deepEqual(Object.keys((await runProgram()).found).toSorted(), [
      "OPENAI_BASE_URL",
      "TOLLGATE_ANTHROPIC_URL",
      "TOLLGATE_OPENAI_URL",
      "TOLLGATE_VLLM_URL",
    ]);
    await rewritten(() => world.server.writeMachineSettings({ "tollgate.terminals.enabled": false }));
    assert.deepEqual(await runProgram(), { found: {}, outcome: "nowhere to go" });
    await rewritten(() => world.server.writeMachineSettings({}));
  });

  it("starts Codex through the gate, which reads no address itself", async () => {
    const programs = join(world.workspace, "programs");
    await mkdir(programs, { recursive: true });
    await writeFile(join(programs, "codex"), CODEX, { mode: 0o755 });
    const env = { PATH: `${programs}:\${env:PATH}` };
    await rewritten(() => world.server.writeMachineSettings({ "terminal.integrated.env.linux": env }));
    const told = await runProgram(window, undefined, (file) => `codex exec "${file}"`);
    assert.deepEqual(told, { found: {}, outcome: "200" });
    const { calls } = await (await world.api()).calls({ tool: "codex", limit: 1 });
    assert.deepEqual([calls[0]?.project, calls[0]?.branch], [basename(world.workspace), "feature/terminal"]);
    assert.match(await contributions(), /Started through `tollgate run`: `codex`\./);
    await rewritten(() => world.server.writeMachineSettings({}));
  });

  it("follows the sidecar to another port, and hears nothing where all is as before", async () => {
    const before = await timesWritten();
    const { url, pid } = await (await world.api()).status();
    await window.runCommand("Tollgate: Restart Sidecar");
    await until("another sidecar", async () => (await world.sidecarPid()) !== pid);
    assert.equal((await runProgram()).outcome, "answered");
    assert.equal(await timesWritten(), before);

    const squatter = createServer();
    await rewritten(async () => {
      process.kill(await world.sidecarPid(), "SIGKILL");
      await until("the port", async () => {
        squatter.listen(Number(new URL(url).port), "127.0.0.1");
        return Promise.race([once(squatter, "listening").then(() => true), once(squatter, "error").then(() => false)]);
      });
    });
    const { found, outcome } = await runProgram();
    squatter.close();
    assert.equal(outcome, "answered");
    assert.ok(!found.OPENAI_BASE_URL?.startsWith(url));
  });

  it("is of its own folder's project in a workspace of several", async () => {
    await mkdir(join(world.workspace, "shop"), { recursive: true });
    const file = join(world.workspace, "two.code-workspace");
    await writeFile(file, JSON.stringify({ folders: [{ path: ".", name: "all" }, { path: "shop" }] }));
    await rewritten(async () => {
      second = await world.open({ workspace: file });
    });
    assert.ok(second !== undefined);
    await whenFoldersAreThere(second);
    for (const project of ["shop", "all"]) {
      assert.equal((await runProgram(second, project)).outcome, "answered");
      assert.equal((await lastCall()).project, project);
    }
    await second.runCommand("Terminal: Kill All Terminals");
  });

  it("tells once, in one window, which tool was stopped by which budget, and lets it go on until a time", async () => {
    const other = await world.open();
    second = other;
    const api = await world.api();
    const spent = (await api.summary({ by: "tool" })).groups.find(({ key }) => key === "openai-node")?.costNanoUsd ?? 0;
    const limitUsd = spent / 1e9 + 0.0001;
    await api.setBudget({ name: "scripts", window: "total", limitUsd, warnAt: [], scope: { tool: "openai-node" } });
    const stopped =
      /^openai-node \(project workspace\) was stopped by the scripts budget: \$0\.0001\d* of \$0\.0\d+ is left, and its call needs \$0\.0\d+\.$/;
    const toasts = async (of: Workbench) =>
      (await of.notifications.all()).filter(({ text }) => text.includes("scripts"));
    assert.match((await runProgram()).outcome, /^402 The budget "scripts" has too little left/);
    const front = await until("a message", async () => {
      const [mine, others] = await Promise.all([toasts(window), toasts(other)]);
      return mine.length > 0 ? window : others.length > 0 && other;
    });
    assert.match((await runProgram()).outcome, /^402 /);
    const shown = [...(await toasts(window)), ...(await toasts(other))];
    assert.deepEqual(
      shown.map(({ severity, buttons }) => [severity, buttons]),
      [["error", ["Raise…", "Allow Until…", "Show Costs", "Don't Show Again"]]],
    );
    assert.match(shown[0]?.text ?? "", stopped);
    await front.page.bringToFront();
    await front.screenshot("terminal-stopped");

    await front.notifications.press("was stopped by the scripts budget", "Allow Until…");
    const { quickInput } = front;
    await quickInput.whenOpen("Pause the scripts Budget (1 of 2)");
    await front.screenshot("terminal-allow-until");
    await quickInput.choose("Another time…");
    await quickInput.answer("2h");
    await quickInput.whenOpen("Pause the scripts Budget (2 of 2)");
    assert.equal(await quickInput.value(), "openai-node was stopped");
    await quickInput.accept();
    await until("the pause", async () => (await api.status()).budgets.find(({ name }) => name === "scripts")?.paused);
    assert.equal((await runProgram()).outcome, "answered");
    const paused = (await api.status()).budgets.find(({ name }) => name === "scripts");
    const minutes = (Date.parse(paused?.pausedUntil ?? "") - Date.now()) / 60_000;
    assert.ok(minutes > 110 && minutes <= 120, String(minutes));
    await api.removeBudget("scripts");
  });
});
