import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchResult } from "../../src/prompts/batch/batchResult.ts";
import { GatewayWorld, KEY } from "../sidecar/gatewayWorld.ts";
import { CommandLine, type Finished } from "./command.ts";

describe("tollgate batch", function () {
  this.timeout(120_000);
  const world = new GatewayWorld();
  let folder: string;
  let tollgate: CommandLine;

  before(() => {
    tollgate = new CommandLine({
      TOLLGATE_DATA_DIR: world.sidecar.dataDir,
      OPENAI_API_KEY: KEY,
      ANTHROPIC_API_KEY: KEY,
    });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-batch-"));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    for (const { name } of await world.sidecar.api.budgets()) {
      await world.sidecar.api.removeBudget(name);
    }
    await world.sidecar.api.backends.setFallback([], "ana");
  });

  const file = (name: string, lines: readonly (string | object)[]) => {
    const path = join(folder, name);
    writeFileSync(path, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
    return path;
  };
  const resultsIn = (text: string): BatchResult[] =>
    text
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  const run = (path: string, ...args: string[]): Promise<Finished> =>
    tollgate.run(["batch", path, "--model", "openai/gpt-5-mini", "--max-tokens", "50", ...args]);
  const sent = () => world.upstreams.openai.requests.filter(({ path }) => path.endsWith("/chat/completions"));

  it("says what it will cost, asks each prompt and writes the answers in their order, each with its call", async () => {
    world.upstreams.openai.script.default = { answerTokens: 3 };
    const path = file(
      "a.jsonl",
      [
        { custom_id: "one", body: { messages: [{ role: "user", content: "First" }], max_tokens: 20 } },
        { custom_id: "two", prompt: "Second", system: "Be short.", temperature: 1 },
        "",
        '"Third"',
      ].map((line) => line),
    );
    const { code, out, err } = await run(path, "--concurrency", "3", "--tag", "nightly");
    assert.equal(code, 0, err);
    assert.match(err, /tollgate: 3 prompts for openai\/gpt-5-mini: about \$[\d.]+, at most \$[\d.]+/);
    assert.match(err, /only texts and output limits are sent; left out: temperature/);
    const results = resultsIn(out);
    assert.deepEqual(
      results.map(({ line, id, status }) => [line, id, status]),
      [
        [1, "one", "ok"],
        [2, "two", "ok"],
        [4, null, "ok"],
      ],
    );
    let cost = 0;
    for (const result of results) {
      const call = await world.booked(result.callId);
      assert.deepEqual(
        [result.costNanoUsd, result.inputTokens, result.outputTokens, result.model],
        [call.costNanoUsd, call.usage.inputTokens, call.usage.outputTokens, call.model],
      );
      assert.equal(call.requestType, "batch");
      assert.ok(call.tags.includes("nightly") && call.tags.some((tag) => err.includes(tag) && tag.startsWith("run-")));
      cost += call.costNanoUsd;
    }
    assert.ok(cost > 0);
    assert.match(err, /tollgate: 3 answered · \$[\d.]+ · \d+ tokens in, 9 out · /);
    assert.ok(
      !(await world.sidecar.api.passes()).some(({ caller }) => caller.tags.some((tag) => tag.startsWith("run-"))),
    );
    const second = sent().find(({ rawBody }) => String(rawBody).includes("Second"));
    assert.deepEqual(second?.body?.messages, [
      { role: "system", content: "Be short." },
      { role: "user", content: "Second" },
    ]);
  });

  it("names lines that are wrong before anything is asked", async () => {
    const { code, err, out } = await run(file("a.jsonl", ['"fine"', "{", '{"model":"m"}']));
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /a\.jsonl: line 2 is no JSON; line 3 holds no prompt/);
    assert.equal(sent().length, 0);
    const unknown = await tollgate.run(["batch", file("b.jsonl", ['"fine"', { text: "x", model: "no-such-model" }])]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /line 2: .*no-such-model/);
  });

  it("stops where its budget is spent and says how many remain, and goes on with them later", async () => {
    const path = file("a.txt", ["one", "two", "three", "four", "five", "six"]);
    const output = join(folder, "answers.jsonl");
    const refused = await run(path, "--output", output, "--budget", "0.00001");
    assert.equal(refused.code, 3, refused.err);
    assert.match(refused.err, /expected to cost \$[\d.]+, and the budget run-\w+ has \$0\.000010 left/);
    assert.match(refused.err, /nothing was sent; --yes starts it/);
    assert.equal(sent().length, 0);
    const some = await run(path, "--output", output, "--budget", "0.0002", "--yes", "--concurrency", "1", "--json");
    assert.equal(some.code, 3, some.err);
    const told = JSON.parse(some.out);
    assert.equal(told.stopped.kind, "budget");
    assert.ok(told.answered > 0 && told.remaining > 0, some.out);
    assert.deepEqual([told.answered + told.remaining, told.failed], [6, 0]);
    assert.ok(told.costNanoUsd <= 200_000);
    assert.equal(resultsIn(readFileSync(output, "utf8")).length, told.answered);
    assert.deepEqual(await world.sidecar.api.budgets(), [], "the run's budget goes with it");
    assert.equal((await run(path, "--output", output)).code, 2, "results are not overwritten");
    const before = sent().length;
    const rest = await run(path, "--output", output, "--resume");
    assert.equal(rest.code, 0, rest.err);
    assert.match(rest.err, new RegExp(`${told.answered} of 6 prompts are answered already`));
    assert.equal(sent().length - before, told.remaining);
    const nothing = JSON.parse((await run(path, "--output", output, "--resume", "--json")).out);
    assert.deepEqual([nothing.skipped, nothing.answered, nothing.calls], [6, 0, 0]);
    const results = resultsIn(readFileSync(output, "utf8"));
    assert.deepEqual(
      results.map(({ line, status }) => [line, status]),
      [1, 2, 3, 4, 5, 6].map((line) => [line, "ok"]),
    );
  });

  it("goes on after a prompt that failed, and asks it and changed prompts again when it is resumed", async () => {
    const path = file("a.jsonl", [
      { id: "a", text: "good" },
      { id: "b", text: "bad" },
      { id: "c", text: "fine" },
    ]);
    const output = join(folder, "answers.jsonl");
    world.upstreams.openai.script.next({ answerTokens: 2 }, { error: { status: 400 } }, { answerTokens: 2 });
    const first = await run(path, "--output", output, "--concurrency", "1");
    assert.equal(first.code, 1, first.err);
    assert.match(first.err, /2 answered · 1 failed/);
    const [, bad] = resultsIn(readFileSync(output, "utf8"));
    assert.deepEqual([bad?.id, bad?.status, bad?.error?.kind, bad?.text], ["b", "error", "provider-error", null]);
    // Lines have moved, and one prompt has changed.
    file("a.jsonl", [
      { id: "c", text: "fine" },
      { id: "a", text: "better" },
      { id: "b", text: "bad" },
    ]);
    world.upstreams.openai.reset();
    const second = await run(path, "--output", output, "--resume");
    assert.equal(second.code, 0, second.err);
    assert.equal(sent().length, 2);
    assert.deepEqual(
      resultsIn(readFileSync(output, "utf8")).map(({ line, id }) => [line, id]),
      [
        [1, "c"],
        [2, "a"],
        [3, "b"],
      ],
    );
  });

  it("lets others take over, says so in the results and the ledger, and stops at a wrong key", async () => {
    await world.sidecar.api.backends.setFallback(["anthropic/claude-haiku-4-5"], "ana");
    world.upstreams.openai.script.default = { error: { status: 503, retryAfterSeconds: 0 } };
    const path = file("a.txt", ["one", "two", "three"]);
    const { code, out, err } = await run(path, "--concurrency", "1");
    assert.equal(code, 0, err);
    assert.equal(
      err.match(/anthropic\/claude-haiku-4-5 takes over/g)?.length,
      2,
      "once after the failure, once as it cools off",
    );
    const results = resultsIn(out);
    for (const result of results) {
      assert.deepEqual(result.backend, { provider: "anthropic", model: "claude-haiku-4-5" });
      assert.deepEqual((await world.booked(result.callId)).standsInFor, result.standsInFor);
      assert.deepEqual([result.standsInFor?.model, result.standsInFor?.why], ["gpt-5-mini", "failure"]);
    }
    assert.equal(sent().length, 4, "the first prompt alone tried the backend that is down");
    world.upstreams.openai.script.default = { error: { status: 401 } };
    const wrong = await tollgate.run(["batch", path, "--model", "openai/gpt-4.1"]);
    assert.deepEqual([wrong.code, wrong.out], [1, ""]);
    assert.match(wrong.err, /did not accept the API key.* 3 prompts remain/);
  });

  it("keeps what is done after Ctrl-C, also what another process has not put in order yet", async () => {
    world.upstreams.openai.script.default = { answerTokens: 3, gapMs: 100 };
    const path = file(
      "a.txt",
      Array.from({ length: 40 }, (_, at) => `question ${at}`),
    );
    const output = join(folder, "answers.jsonl");
    const args = [
      "batch",
      path,
      "--model",
      "openai/gpt-5-mini",
      "--max-tokens",
      "50",
      "--output",
      output,
      "--concurrency",
      "2",
    ];
    const child = tollgate.start(args);
    let err = "";
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    await until(() => existsSync(output) && resultsIn(readFileSync(output, "utf8")).length >= 3);
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    assert.equal(code, 130, err);
    assert.match(err, /no other prompt is begun/);
    const lines = resultsIn(readFileSync(output, "utf8")).map(({ line }) => line);
    assert.deepEqual(
      lines,
      lines.toSorted((a, b) => a - b),
    );
    assert.match(err, new RegExp(`tollgate: ${lines.length} answered · ${40 - lines.length} not asked`));
    const killed = tollgate.start([...args, "--resume"]);
    await until(() => resultsIn(readFileSync(output, "utf8")).length >= lines.length + 2);
    killed.kill("SIGKILL");
    await once(killed, "close");
    const kept = resultsIn(readFileSync(output, "utf8")).length;
    world.upstreams.openai.reset();
    const rest = await tollgate.run([...args, "--resume"]);
    assert.equal(rest.code, 0, rest.err);
    assert.equal(sent().length, 40 - kept, "nothing is asked twice");
  });

  async function until(test: () => boolean): Promise<void> {
    while (!test()) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
