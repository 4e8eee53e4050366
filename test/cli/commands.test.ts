import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statusSchema, summarySchema } from "../../src/domain/api.ts";
import { callSchema } from "../../src/domain/call.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";
import { CommandLine, endWith, type Finished, firstLine } from "./command.ts";

const MODEL = "gpt-5-mini";
const KEYS = { OPENAI_API_KEY: "sk-test", ANTHROPIC_API_KEY: "sk-ant-test" };

describe("the command", function () {
  // Processes are started; how long that takes is the machine's affair.
  this.timeout(120_000);
  let upstreams: Upstreams;
  let folder: string;
  let tollgate: CommandLine;
  let sidecar: ChildProcess;
  let url: string;

  before(async () => {
    upstreams = await startUpstreams();
    folder = mkdtempSync(join(tmpdir(), "tollgate-cli-"));
    const config = join(folder, "tollgate.json");
    writeFileSync(
      config,
      JSON.stringify({
        providers: {
          openai: { protocol: "openai", baseUrl: upstreams.openai.url },
          anthropic: { protocol: "anthropic", baseUrl: upstreams.anthropic.url },
          vllm: { protocol: "openai", baseUrl: upstreams.vllm.url, pricing: { kind: "free" } },
        },
        gate: { minOutputTokens: 50, tightShare: 1, waitMs: 0 },
      }),
    );
    const dataDir = join(folder, "data");
    tollgate = new CommandLine({ TOLLGATE_DATA_DIR: dataDir, ...KEYS });
    sidecar = tollgate.start(["serve", "--port", "0", "--config", config, "--json"]);
    const ready = JSON.parse(await firstLine(sidecar));
    assert.deepEqual(ready, { ready: true, url: ready.url, pid: sidecar.pid, dataDir });
    url = ready.url;
  });
  after(async () => {
    if (sidecar !== undefined) {
      assert.equal(await endWith(sidecar, "SIGTERM"), 0, "SIGTERM drains and leaves with 0");
    }
    await upstreams.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    upstreams.openai.reset();
    upstreams.anthropic.reset();
    upstreams.vllm.reset();
  });

  const succeed = async (args: string[], options = {}): Promise<Finished> => {
    const finished = await tollgate.run(args, options);
    assert.equal(finished.code, 0, `tollgate ${args.join(" ")}: ${finished.err}`);
    return finished;
  };
  const json = async (args: string[]): Promise<unknown> => JSON.parse((await succeed([...args, "--json"])).out);
  /** Errors are one line, without a stack. */
  const fails = async (args: string[], code: number, words: RegExp, options = {}): Promise<void> => {
    const finished = await tollgate.run(args, options);
    assert.equal(finished.code, code, finished.err);
    assert.match(finished.err, words);
    assert.equal(finished.err.trim().split("\n").length, 1, finished.err);
  };

  it("shows the sidecar that serves, and starts no second one", async () => {
    const status = statusSchema.parse(await json(["status"]));
    assert.equal(status.pid, sidecar.pid);
    assert.equal(status.url, url);
    const { out } = await succeed(["status"]);
    assert.match(out, /No budget is set/);
    assert.match(out, new RegExp(`process ${sidecar.pid}`));
    await fails(["serve", "--port", "0"], 1, new RegExp(`already runs.*process ${sidecar.pid}`));
  });

  it("gives the same pass to the same caller, and addresses that work", async () => {
    const caller = ["pass", "--project", "web", "--tool", "curl", "--tag", "a", "--tag", "b"];
    const first = (await json(caller)) as { pass: string; urls: Record<string, string> };
    assert.deepEqual(await json(caller), first);
    assert.equal(first.urls.openai, `${url}/p/${first.pass}/openai/v1`);
    const response = await fetch(`${first.urls.openai}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer sk-test", "content-type": "application/json" },
      body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "hi" }], max_completion_tokens: 10 }),
    });
    assert.equal(response.status, 200);
    await response.text();
    const { out } = await succeed(["pass", "--project", "web"]);
    assert.match(out, /^anthropic {2}http.*\/anthropic$/m);
  });

  for (const [provider, model] of [
    ["openai", MODEL],
    ["anthropic", "claude-haiku-4-5"],
  ] as const) {
    it(`asks ${provider}: the answer on stdout, its cost on stderr`, async () => {
      upstreams[provider].script.next({ text: "Forty-two." });
      const args = ["ask", "--provider", provider, "--model", model, "--project", "cli", "What", "is", "it?"];
      const { out, err } = await succeed(args);
      assert.equal(out, "Forty-two.\n");
      assert.match(err, new RegExp(`^tollgate: \\$0\\.0+\\d+ · ${provider} ${model}\\S* · \\d+ in, \\d+ out`));
      assert.match(upstreams[provider].requests[0]?.rawBody ?? "", /What is it\?/);
    });
  }

  it("asks by the model's name alone, and reads the prompt from standard input", async () => {
    upstreams.anthropic.script.next({ text: "Piped." });
    const { out } = await succeed(["ask", "--model", "claude-haiku-4-5"], { input: "from a pipe" });
    assert.equal(out, "Piped.\n");
    assert.match(upstreams.anthropic.requests[0]?.rawBody ?? "", /from a pipe/);
  });

  it("asks a local server for its model, without a key", async () => {
    upstreams.vllm.script.next({ text: "Local." });
    const answer = (await json(["ask", "--provider", "vllm", "hello"])) as { text: string; call: unknown };
    assert.equal(answer.text, "Local.");
    assert.equal(callSchema.parse(answer.call).costBasis, "free");
  });

  it("says in one line what is wrong with a key, a provider, a model or the arguments", async () => {
    const ask = ["ask", "--provider", "openai", "--model", MODEL, "hi"];
    await fails(ask, 1, /no API key for openai.*OPENAI_API_KEY/, { env: { OPENAI_API_KEY: "" } });
    upstreams.openai.script.next({ error: { status: 401 } });
    await fails(ask, 1, /did not accept the API key.*OPENAI_API_KEY/);
    await fails(["ask", "--provider", "openai", "--model", "gpt-0-none", "hi"], 1, /gpt-0-none/);
    await fails(["ask", "--provider", "moon", "hi"], 2, /no provider is named moon.*openai/);
    await fails(["ask", "--model", MODEL], 2, /nothing to ask/);
    await fails(["ask", "--max-tokens", "none", "hi"], 2, /--max-tokens/);
    await fails(["report", "--since", "yesterday"], 2, /--since: "yesterday" is not a time/);
    await fails(["moon"], 2, /unknown command 'moon'/);
    await fails(["budget", "set", "day", "-5", "--window", "day"], 2, /-5/);
    await fails(["budget", "set", "day/night", "5"], 2, /name: /);
    await fails(["budget", "remove", "nobody"], 1, /No budget is named nobody/);
  });

  it("sets, lists, changes, raises and removes budgets", async () => {
    await succeed(["budget", "set", "web", "5", "--window", "day", "--project", "web", "--model", "gpt-*", "--soft"]);
    await succeed(["budget", "set", "web", "6"]);
    assert.deepEqual(await json(["budget", "list"]), {
      budgets: [
        {
          name: "web",
          limitUsd: 6,
          window: "day",
          hard: false,
          warnAt: [0.5, 0.75, 0.9],
          scope: { project: "web", model: "gpt-*" },
        },
      ],
    });
    await fails(["budget", "raise", "web", "2"], 2, /\$6\.00 already/);
    await succeed(["budget", "raise", "web", "20", "--why", "release week"]);
    const status = statusSchema.parse(await json(["status"]));
    assert.equal(status.budgets[0]?.limitNanoUsd, 20_000_000_000);
    assert.match((await succeed(["budget", "list"])).out, /web +ok \(soft\).*\$20\.00 \(raised\)/);
    await succeed(["budget", "remove", "web"]);
    assert.deepEqual(await json(["budget", "list"]), { budgets: [] });
  });

  it("refuses what does not fit, sends nothing, and leaves with 3; check does too when it is spent", async () => {
    assert.match((await succeed(["check"])).out, /No budget/);
    await succeed(["budget", "set", "tiny", "0.000001", "--window", "total", "--tag", "none-has-this"]);
    await succeed(["check"]);
    await succeed(["budget", "set", "spent", "0", "--window", "total"]);
    await fails(["ask", "--model", MODEL, "hi"], 3, /spent/);
    assert.equal(upstreams.openai.requests.length, 0);
    await fails(["check"], 3, /the budget spent is spent: \$\S+ of \$0\.00/);
    const checked = await tollgate.run(["check", "--json"]);
    assert.equal(checked.code, 3);
    assert.deepEqual(JSON.parse(checked.out).spent, ["spent"]);
    await succeed(["budget", "remove", "spent"]);
    await succeed(["budget", "remove", "tiny"]);
  });

  it("reports by model and project", async () => {
    const summary = summarySchema.parse(await json(["report", "--by", "project", "--since", "1d"]));
    const groups = Object.fromEntries(summary.groups.map((group) => [group.key, group]));
    assert.equal(groups.cli?.calls, 2);
    assert.ok((groups.cli?.costNanoUsd ?? 0) > 0);
    const sum = summary.groups.reduce((total, group) => total + group.costNanoUsd, 0);
    assert.equal(sum, summary.total.costNanoUsd);
    const { out } = await succeed(["report"]);
    assert.match(out, /^MODEL +PROVIDER +CALLS/);
    assert.match(out, /^total .* \$0\.\d+ \*$/m);
    assert.match((await succeed(["report", "--until", "2020-01-01"])).out, /No calls/);
  });

  it("exports every booked call, as CSV and as JSON lines", async () => {
    const { out } = await succeed(["export", "--format", "jsonl"]);
    const calls = out
      .trim()
      .split("\n")
      .map((line) => callSchema.parse(JSON.parse(line)));
    const { calls: counted } = summarySchema.parse(await json(["report"])).total;
    assert.ok(counted >= 5);
    const kept = calls.filter(({ status }) => status !== "refused");
    assert.equal(kept.length, counted);

    const file = join(folder, "calls.csv");
    const { err } = await succeed(["export", "--format", "csv", "--out", file]);
    assert.match(err, new RegExp(`^Wrote ${calls.length} calls`));
    const [head, ...lines] = readFileSync(file, "utf8").trim().split("\n");
    const titles = (head ?? "").split(",");
    assert.deepEqual(
      lines.map((line) => line.split(",")[titles.indexOf("id")]),
      calls.map(({ id }) => id),
    );
    assert.ok(lines.some((line) => line.includes(",a;b,")));
    await fails(["export", "--format", "csv", "--out", join(folder, "no", "such")], 1, /cannot be written/);
    assert.equal((await succeed(["export", "--format", "jsonl", "--until", "2020-01-01"])).out, "");
  });

  describe("run", () => {
    /** Asks so often for 400 tokens and prints each status. */
    const ask = (times: number) => `for (let n = 0; n < ${times}; n += 1) {
      const response = await fetch(process.env.OPENAI_BASE_URL + "/chat/completions", {
        method: "POST", headers: { authorization: "Bearer k", "content-type": "application/json" },
        body: JSON.stringify({ model: "${MODEL}", max_completion_tokens: 400, messages: [{ role: "user", content: "hi" }] }) });
      await response.text(); console.log(response.status); }`;
    const program = (body: string) => [process.execPath, "--input-type=module", "-e", body];

    it("gates a program, leaves with its code, and says what it cost", async () => {
      const finished = await tollgate.run([
        "run",
        "--project",
        "ci",
        "--",
        ...program(`${ask(1)} process.exitCode = 7;`),
      ]);
      assert.equal(finished.code, 7, finished.err);
      assert.equal(finished.out, "200\n");
      assert.match(finished.err, /^tollgate: \$0\.\d+ in 1 call · \d+ tokens in, \d+ out$/m);
    });

    it("holds a run to its own budget, which is gone afterwards", async () => {
      upstreams.openai.script.default = { answerTokens: 400 };
      const finished = await succeed(["run", "--budget", "0.001", ...program(ask(3))]);
      // The second answer is cut to what the budget still buys.
      assert.equal(finished.out, "200\n200\n402\n");
      assert.match(
        finished.err,
        /^tollgate: \$0\.0\d+ of \$0\.001\d* in 2 calls, 1 refused · \d+ tokens in, \d+ out$/m,
      );
      assert.deepEqual(await json(["budget", "list"]), { budgets: [] });
      assert.equal(upstreams.openai.requests.length, 2);
    });

    it("leaves a program's own options to it, and passes signals on", async () => {
      const script =
        'process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000); console.log("up --json");';
      const child = tollgate.start(["run", ...program(script)]);
      assert.equal(await firstLine(child), "up --json");
      assert.equal(await endWith(child, "SIGTERM"), 9);
    });

    it("says that a program cannot be found", async () => {
      await fails(["run", "no-such-program-here", "--json"], 127, /no-such-program-here: command not found/);
    });
  });

  it("starts a sidecar where none runs, which leaves when it is asked to", async () => {
    const dataDir = join(folder, "other");
    const env = { TOLLGATE_DATA_DIR: dataDir, VLLM_ENDPOINT: upstreams.vllm.url };
    const { out } = await succeed(["status", "--json"], { env });
    const { pid } = statusSchema.parse(JSON.parse(out));
    try {
      assert.notEqual(pid, sidecar.pid);
      const again = await succeed(["status", "--json"], { env });
      assert.equal(statusSchema.parse(JSON.parse(again.out)).pid, pid);
    } finally {
      process.kill(pid, "SIGTERM");
    }
    while (isAlive(pid)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(existsSync(join(dataDir, "sidecar.log")));
  });

  it("says why a sidecar cannot start", async () => {
    const dataDir = join(folder, "broken");
    const env = { TOLLGATE_DATA_DIR: dataDir, BUDGET_LIMIT: "plenty" };
    await fails(["status"], 1, /could not start: BUDGET_LIMIT: "plenty" is not an amount/, { env });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
