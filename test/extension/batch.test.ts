import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BatchResult } from "../../src/prompts/batch/batchResult.ts";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { reportFailure, sharedWorld } from "./sharedWorld.ts";
import type { World } from "./world.ts";

const BATCHES = {
  "questions.jsonl": ['{"id":"a","prompt":"One"}', '{"id":"b","prompt":"Two"}', '"Three"'],
  "long.jsonl": Array.from({ length: 9 }, (_, at) => `{"prompt":"Question ${at}","max_tokens":50}`),
  "wrong.jsonl": ['{"prompt":"Fine"}', '{"prompt":'],
  "many.txt": Array.from({ length: 40 }, (_, at) => `Question ${at}`),
};

describe("a batch of prompts in VS Code", () => {
  let world: World;
  let window: Workbench;

  before(async () => {
    ({ world, window } = await sharedWorld());
    // VS Code looks for files now and then only.
    for (const [name, lines] of Object.entries(BATCHES)) {
      writeFileSync(join(world.workspace, name), lines.join("\n"));
    }
  });
  afterEach(async function () {
    await reportFailure(this, world, window);
    world.upstreams.openai.reset();
    world.upstreams.anthropic.reset();
  });

  const inWorkspace = (name: string) => join(world.workspace, name);
  const answers = (name: string): BatchResult[] =>
    readFileSync(inWorkspace(name), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));

  async function openBatch(name: keyof typeof BATCHES): Promise<void> {
    await window.openFile(name);
    await window.runCommand("Tollgate: Run Batch of Prompts…");
  }

  async function pickModel(provider: string, model: string): Promise<void> {
    await window.quickInput.whenOpen("Ask a Model");
    await window.quickInput.choose(provider);
    await window.quickInput.whenOpen(`Ask a Model of ${provider}`);
    await window.quickInput.choose(model);
  }

  const costShown = async (): Promise<string> =>
    (await window.quickInput.items()).find(({ label }) => label === "Run")?.detail ?? "";

  it("says what it costs, runs, writes the answers beside the file, and says what it came to", async () => {
    world.upstreams.openai.script.default = { answerTokens: 5, gapMs: 30 };
    await openBatch("questions.jsonl");
    await pickModel("openai", "gpt-4.1");
    await window.quickInput.whenOpen("Run 3 Prompts");
    const [run] = await window.quickInput.items();
    assert.equal(run?.label, "Run");
    assert.match(await costShown(), /^gpt-4\.1: about \$0\.0\d+, at most \$0\.\d+\.$/);
    await window.screenshot("batch-confirm");
    await window.quickInput.choose("Run");
    const told = await window.notifications.find(/^3 answered\. The batch cost \$0\.00\d+\./);
    await window.screenshot("batch-done");
    assert.deepEqual(told.buttons, ["Open Answers"]);
    assert.deepEqual(
      answers("questions.answers.jsonl").map(({ line, id, status }) => [line, id, status]),
      [
        [1, "a", "ok"],
        [2, "b", "ok"],
        [3, null, "ok"],
      ],
    );
    const { calls } = await (await world.api()).calls({ limit: 3 });
    assert.deepEqual(
      calls.map(({ requestType, tool, project }) => [requestType, tool, project]),
      Array(3).fill(["batch", "vscode", "workspace"]),
    );
    assert.equal(new Set(calls.flatMap(({ tags }) => tags)).size, 1, "one run");
    // The progress that goes moves what is above it.
    await until("the progress to go", async () => (await window.notifications.all()).length === 1);
    await window.notifications.press("3 answered.", "Open Answers");
    await window.editor("questions.answers.jsonl").whenShows('"id":"a"');
  });

  it("stops at the batch's own limit, and goes on with what is left when it is run again", async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 40, total_tokens: 50 };
    world.upstreams.openai.script.default = { text: "Yes.", usage };
    await openBatch("long.jsonl");
    await pickModel("openai", "gpt-4.1");
    await window.quickInput.whenOpen("Run 9 Prompts");
    await window.quickInput.choose("Set a Limit for This Batch…");
    await window.quickInput.answer("0.002");
    await window.quickInput.whenOpen("Run 9 Prompts");
    assert.match(await costShown(), /It stops at \$0\.0020 of its own\./);
    await window.quickInput.choose("Run");
    const stopped = await window.notifications.find(/\d answered, \d not asked\. The batch cost/);
    assert.equal(stopped.severity, "warning");
    assert.match(stopped.text, /^The batch reached its limit of \$0\.0020\. /);
    await window.screenshot("batch-stopped");
    const done = answers("long.answers.jsonl").length;
    assert.ok(done > 0 && done < 9, String(done));
    assert.deepEqual(
      (await (await world.api()).budgets()).filter(({ window: kind }) => kind === "run"),
      [],
    );
    await window.notifications.dismiss();
    await window.openFile("long.jsonl");
    await window.runCommand("Tollgate: Run Batch of Prompts…");
    await window.quickInput.whenOpen("Run Batch of Prompts");
    await window.quickInput.choose("Go On with These Answers");
    await pickModel("openai", "gpt-4.1");
    await window.quickInput.whenOpen(`Run ${9 - done} Prompts`);
    await window.quickInput.choose("Run");
    await window.notifications.find(`${9 - done} answered.`);
    assert.deepEqual(
      answers("long.answers.jsonl").map(({ line, status }) => [line, status]),
      BATCHES["long.jsonl"].map((_, at) => [at + 1, "ok"]),
    );
  });

  it("names lines that are wrong, and sends nothing", async () => {
    const before = world.upstreams.openai.requests.length;
    await openBatch("wrong.jsonl");
    await window.notifications.find("No prompt was sent. wrong.jsonl: line 2 is no JSON");
    assert.equal(existsSync(inWorkspace("wrong.answers.jsonl")), false);
    assert.equal(world.upstreams.openai.requests.length, before);
  });

  it("begins no other prompt once it is cancelled, and keeps what is done", async () => {
    world.upstreams.openai.script.default = { answerTokens: 4, gapMs: 250 };
    await openBatch("many.txt");
    await pickModel("openai", "gpt-4.1");
    await window.quickInput.choose("Run");
    await until(
      "some answers",
      async () => existsSync(inWorkspace("many.answers.jsonl")) && answers("many.answers.jsonl").length > 2,
    );
    await window.notifications.press("Running 40 prompts", "Cancel");
    const told = await window.notifications.find(/\d+ answered, \d+ not asked\./);
    const done = answers("many.answers.jsonl").length;
    assert.ok(told.text.startsWith(`${done} answered, ${40 - done} not asked.`), told.text);
  });
});
