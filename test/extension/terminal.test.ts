import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import type { Call } from "../../src/domain/call.ts";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import { ROOT, SETTINGS, type World } from "./world.ts";

/** A program with OpenAI's own client, which is told nothing of Tollgate: it writes down what it found and how it went. */
const SCRIPT = `
import { writeFileSync } from "node:fs";
import OpenAI from ${JSON.stringify(join(ROOT, "node_modules", "openai", "index.mjs"))};
const found = Object.fromEntries(Object.entries(process.env).filter(([name]) => /_BASE_URL|_API_BASE|^TOLLGATE_/.test(name)));
let outcome;
try {
  const messages = [{ role: "user", content: "Say something" }];
  const answer = await new OpenAI().chat.completions.create({ model: "gpt-4.1", max_tokens: 200, messages });
  outcome = answer.choices[0].message.content;
} catch (error) {
  outcome = String(error.status) + " " + error.message;
}
writeFileSync(process.argv[2], JSON.stringify({ found, outcome }));
`;

interface Told {
  readonly found: Readonly<Record<string, string>>;
  readonly outcome: string;
}

describe("a terminal in VS Code", () => {
  let world: World;
  let window: Workbench;
  let runs = 0;

  before(async () => {
    ({ world, window } = await sharedWorld());
    await writeFile(join(world.workspace, "call.mjs"), SCRIPT);
    await mkdir(join(world.workspace, ".git"), { recursive: true });
    await writeFile(join(world.workspace, ".git", "HEAD"), "ref: refs/heads/feature/terminal\n");
  });
  beforeEach(() => whenWritten(1));
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
    await world.server.writeUserSettings(SETTINGS);
    await window.runCommand("Terminal: Kill the Active Terminal Instance");
  });
  after(() => rm(join(world.workspace, ".git"), { recursive: true }));

  /** How often the variables of terminals have been written, by the extension's log. */
  const timesWritten = async () => (await world.server.extensionLogs()).split(/Terminals (?:lead|are left)/).length - 1;
  const whenWritten = (times: number) =>
    until("the variables of terminals", async () => (await timesWritten()) >= times);

  /** Starts the program in a new terminal and waits for what it tells. */
  async function runProgram(): Promise<Told> {
    await window.runCommand("Terminal: Create New Terminal");
    runs += 1;
    const file = join(world.workspace, `told-${runs}.json`);
    await window.terminal.run(`"${process.execPath}" call.mjs "${file}"`);
    return until("the program's end", async () =>
      existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Told) : undefined,
    );
  }

  async function lastCall(): Promise<Call> {
    const { calls } = await (await world.api()).calls({ tool: "openai-node", limit: 1 });
    assert.ok(calls[0]);
    return calls[0];
  }

  it("leads a program's calls through the gate, under the workspace's project, and says so", async () => {
    const { found, outcome } = await runProgram();
    assert.doesNotMatch(outcome, /^\d{3} |undefined/);
    const { project, tool, branch, status, costNanoUsd } = await lastCall();
    assert.deepEqual(
      { project, tool, branch, status },
      { project: basename(world.workspace), tool: "openai-node", branch: "feature/terminal", status: "ok" },
    );
    assert.ok(costNanoUsd > 0);
    assert.match(found.ANTHROPIC_BASE_URL ?? "", /^http:\/\/127\.0\.0\.1:\d+\/p\/[0-9a-f]{32}\/anthropic$/);
    const told = await window.terminal.hover();
    await window.screenshot("terminal-hover");
    assert.match(told, /Tollgate.*metered under the project workspace.*Set: OPENAI_BASE_URL.*tollgate\.terminals\.enabled/);
  });
});
