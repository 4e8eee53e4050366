import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type BudgetStatus, decisionListSchema, statusSchema } from "../../src/domain/api.ts";
import { CommandLine, endWith, type Finished, firstLine } from "./command.ts";

const ME = userInfo().username;

describe("decisions on the command line", function () {
  // Processes are started; how long that takes is the machine's affair.
  this.timeout(120_000);
  let folder: string;
  let tollgate: CommandLine;
  let sidecar: ChildProcess;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-decisions-"));
    tollgate = new CommandLine({ TOLLGATE_DATA_DIR: folder });
    sidecar = tollgate.start(["serve", "--port", "0", "--json"]);
    await firstLine(sidecar);
  });
  after(async () => {
    await endWith(sidecar, "SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  const succeed = async (...args: string[]): Promise<Finished> => {
    const finished = await tollgate.run(args);
    assert.equal(finished.code, 0, `tollgate ${args.join(" ")}: ${finished.err}`);
    return finished;
  };
  const fails = async (args: string[], code: number, words: RegExp): Promise<void> => {
    const finished = await tollgate.run(args);
    assert.equal(finished.code, code, finished.err);
    assert.match(finished.err, words);
    assert.equal(finished.err.trim().split("\n").length, 1, finished.err);
  };
  const budget = async (): Promise<BudgetStatus> => {
    const status = statusSchema.parse(JSON.parse((await succeed("status", "--json")).out));
    return status.budgets[0] as BudgetStatus;
  };

  it("pauses and resumes a budget, and the table says so", async () => {
    assert.match((await succeed("budget", "log")).out, /No decision/);
    await succeed("budget", "set", "month", "5");
    const before = Date.now();
    const { out } = await succeed("budget", "pause", "month", "--for", "90m", "--why", "release day");
    assert.match(out, /^The budget month is paused until .*\d:\d\d [AP]M: it counts and warns, and refuses nothing$/m);
    const paused = await budget();
    assert.equal(paused.paused, true);
    const minutes = (Date.parse(paused.pausedUntil ?? "") - before) / 60_000;
    assert.ok(minutes >= 90 && minutes < 95, `${minutes}`);
    assert.match((await succeed("budget", "list")).out, /^month +ok \(paused until .*\d:\d\d [AP]M\) /m);
    await succeed("budget", "pause", "month", "--until-resumed");
    assert.match((await succeed("status")).out, /^month +ok \(paused until resumed\) /m);
    assert.equal((await budget()).pausedUntil, null);
    assert.match((await succeed("budget", "resume", "month")).out, /month is not paused any more/);
    assert.equal((await budget()).paused, false);
    assert.doesNotMatch((await succeed("budget", "list")).out, /paused/);
  });

  it("allows one more call", async () => {
    await succeed("budget", "allow", "month", "--why", "the last one");
    assert.equal((await budget()).allowances, 1);
  });

  it("logs who decided what, when and why, newest first", async () => {
    await succeed("budget", "raise", "month", "7.50");
    const { decisions } = decisionListSchema.parse(
      JSON.parse((await succeed("budget", "log", "--json", "--limit", "9")).out),
    );
    assert.deepEqual(
      decisions.map(({ kind, by, why }) => [kind, by, why]),
      [
        ["raise", ME, null],
        ["allow-once", ME, "the last one"],
        ["resume", ME, null],
        ["pause", ME, null],
        ["pause", ME, "release day"],
      ],
    );
    const lines = (await succeed("budget", "log")).out.trim().split("\n");
    assert.match(lines[0] ?? "", /^WHEN +WHO +BUDGET +WHAT +WHY$/);
    const rest = [/raised to \$7\.50 until \w+/, /one more call allowed +the last one$/, /resumed$/, /until resumed$/];
    for (const [index, words] of [...rest, /paused until .*\d:\d\d [AP]M +release day$/].entries()) {
      assert.match(lines[index + 1] ?? "", /\d:\d\d [AP]M {2}\S+ +month +/);
      assert.match(lines[index + 1] ?? "", words);
    }
    assert.equal((await succeed("budget", "log", "--limit", "1")).out.trim().split("\n").length, 2);
  });

  it("says what makes no sense, and decides nothing then", async () => {
    await succeed("budget", "set", "soft", "5", "--soft");
    const pause = ["budget", "pause", "month"];
    await fails([...pause, "--for", "soon"], 2, /--for: "soon" is not a span of time, such as 90m/);
    await fails([...pause, "--for", "0m"], 2, /--for: "0m" is not between 1m and 365d/);
    await fails([...pause, "--for", "366d"], 2, /--for: .*365d/);
    await fails([...pause, "--for", "1h", "--until-resumed"], 2, /cannot be used with/);
    await fails(["budget", "pause", "soft"], 1, /soft only warns/);
    await fails(["budget", "pause", "nobody"], 1, /No budget is named nobody/);
    await fails(["budget", "log", "--limit", "1001"], 2, /--limit: .*1 to 1000/);
    assert.equal((await budget()).paused, false);
  });
});
