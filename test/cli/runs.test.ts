import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectName } from "../../src/cli/projectName.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";
import { CommandLine, endWith, firstLine } from "./command.ts";

const RUN_GRACE_MS = 300;

describe("passes and runs on the command line", function () {
  this.timeout(120_000);
  let upstreams: Upstreams;
  let sidecar: RunningSidecar;
  let tollgate: CommandLine;
  before(async () => {
    upstreams = await startUpstreams();
    const config = {
      providers: {
        openai: { protocol: "openai", baseUrl: upstreams.openai.url },
        anthropic: { protocol: "anthropic", baseUrl: "http://127.0.0.1:9" },
      },
    };
    sidecar = await RunningSidecar.start(config, { args: ["--run-grace", String(RUN_GRACE_MS)] });
    tollgate = new CommandLine({ TOLLGATE_DATA_DIR: sidecar.dataDir });
  });
  after(async () => {
    await sidecar.remove();
    await upstreams.stop();
  });

  const program = (body: string) => [process.execPath, "--input-type=module", "-e", body];
  const passesOfRuns = async () =>
    (await sidecar.api.passes()).filter(({ caller }) => caller.tags.some((tag) => tag.startsWith("run-")));
  const models = (url: string) => fetch(`${url}/models`, { headers: { authorization: "Bearer k" } });
  /** The name of the next budget that is removed. */
  const budgetRemoved = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const onEvent = (event: { type: string; name?: unknown; budget?: unknown }) => {
        if (event.type === "budget.changed" && event.budget === null) {
          resolve(String(event.name));
        }
      };
      sidecar.api.subscribe({ onStatus: () => {}, onEvent, onClose: (why) => reject(new Error(why)) }, signal);
    });

  it("lists passes without telling them, lets them end, and revokes them", async () => {
    const made = await tollgate.run(["pass", "--tool", "guest", "--expires", "7d", "--json"]);
    const { pass } = JSON.parse(made.out);
    const listed = await tollgate.run(["pass", "list"]);
    assert.match(listed.out, new RegExp(`^[0-9a-f]{8} +${pass.slice(0, 6)}… +tool guest +.* never `, "m"));
    const { passes } = JSON.parse((await tollgate.run(["pass", "list", "--json"])).out);
    assert.ok(!`${listed.out}${JSON.stringify(passes)}`.includes(pass));
    const [guest] = passes;
    const days = (Date.parse(guest.expiresAt) - Date.parse(guest.madeAt)) / 86_400_000;
    assert.ok(Math.abs(days - 7) < 0.01);
    const wrong = await tollgate.run(["pass", "revoke", guest.id, "00000000"]);
    assert.equal(wrong.code, 2);
    assert.equal((await sidecar.api.passes()).length, 1, "nothing is revoked where an id is wrong");
    assert.match((await tollgate.run(["pass", "revoke", guest.id])).out, /^Revoked 1 pass$/m);
    assert.equal((await tollgate.run(["pass", "--expires", "soon"])).code, 2);
    assert.deepEqual(await sidecar.api.passes(), []);
  });

  it("ends a run's pass with the run, and keeps the tags and the user's own address", async () => {
    const body = `const base = process.env.ANTHROPIC_BASE_URL;
      const answer = await fetch(base + "/v1/models", { headers: { "x-api-key": "k", "anthropic-version": "2023-06-01" } });
      await answer.text(); console.log(answer.status, base);
      await fetch(process.env.OPENAI_BASE_URL + "/chat/completions", { method: "POST",
        headers: { authorization: "Bearer k", "content-type": "application/json" },
        body: JSON.stringify({ model: "gpt-5-mini", max_completion_tokens: 40, messages: [{ role: "user", content: "hi" }] }) });`;
    const finished = await tollgate.run(["run", "--tag", "ci", "--tag", "nightly", ...program(body)], {
      env: { ANTHROPIC_BASE_URL: upstreams.anthropic.url },
    });
    const [status, url] = finished.out.trim().split(" ");
    assert.equal(status, "200", finished.err);
    assert.match(finished.err, /ANTHROPIC_BASE_URL was http.*calls go on to there/);
    assert.match(finished.err, /tollgate: \$\S+ in 1 call · \d+ tokens in, \d+ out\n$/);
    assert.deepEqual(await passesOfRuns(), []);
    assert.equal((await fetch(`${url}/v1/models`)).status, 401);
    const { calls } = await sidecar.api.calls({ tag: "nightly" });
    assert.equal(calls.length, 1);
    assert.ok(calls[0]?.tags.includes("ci"));
  });

  it("leaves neither pass nor budget of a run that was killed, and takes nothing from one that lives", async () => {
    await sidecar.api.setBudget({ name: "mine", limitUsd: 5, window: "run" });
    const body = `console.log(JSON.stringify({ pid: process.pid, url: process.env.OPENAI_BASE_URL })); setInterval(() => {}, 1000);`;
    const start = async (): Promise<[ChildProcess, { pid: number; url: string }]> => {
      const child = tollgate.start(["run", "--budget", "1", ...program(body)]);
      return [child, JSON.parse(await firstLine(child))];
    };
    const [killed, orphan] = await start();
    const [lives, other] = await start();
    const disposal = new AbortController();
    try {
      assert.equal((await passesOfRuns()).length, 2);
      const removed = budgetRemoved(disposal.signal);
      await endWith(killed, "SIGKILL");
      const name = await removed;
      assert.equal((await models(orphan.url)).status, 401);
      assert.equal((await models(other.url)).status, 200);
      const left = (await passesOfRuns()).flatMap(({ caller }) => caller.tags);
      const budgets = (await sidecar.api.budgets()).map((budget) => budget.name);
      assert.deepEqual(budgets.sort(), ["mine", ...left].sort());
      assert.ok(!left.includes(name));
    } finally {
      disposal.abort();
      process.kill(orphan.pid, "SIGKILL");
      await endWith(lives, "SIGTERM");
    }
  });

  it("prints variables that a shell takes as they are", async () => {
    const { out, code } = await tollgate.run(["env", "--shell", "bash", "--project", "it's"], {
      env: { HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "$(id)'" },
    });
    assert.equal(code, 0);
    const script = `${out}\nprintf '%s\\n' "$OPENAI_BASE_URL" "$TOLLGATE_ANTHROPIC_URL" "$NO_PROXY"`;
    const shell = spawnSync("bash", ["-c", script], { encoding: "utf8", env: { PATH: process.env.PATH } });
    const [openai, anthropic, noProxy] = shell.stdout.split("\n");
    assert.match(openai ?? "", new RegExp(`^${sidecar.url}/p/[0-9a-f]{32}/openai/v1$`));
    assert.match(anthropic ?? "", /\/anthropic$/);
    assert.equal(noProxy, "$(id)',127.0.0.1,localhost");
    const again = await tollgate.run(["env", "--shell", "bash", "--project", "it's"]);
    assert.ok(again.out.includes(openai ?? "-"), "the same caller has the same addresses");
  });
});

describe("the project of a run", () => {
  it("is the Git repository it is in, else the folder", () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "tollgate-project-")));
    try {
      mkdirSync(join(folder, "shop", ".git"), { recursive: true });
      mkdirSync(join(folder, "shop", "src", "deep"), { recursive: true });
      mkdirSync(join(folder, "plain"));
      assert.equal(projectName(join(folder, "shop", "src", "deep")), "shop");
      assert.equal(projectName(join(folder, "plain")), "plain");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
