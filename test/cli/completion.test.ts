import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { completionOf, type LookUp } from "../../src/cli/completion/candidates.ts";
import { COMPLETING_SHELLS, SCRIPTS } from "../../src/cli/completion/scripts.ts";
import { makeProgram } from "../../src/cli/program.ts";

const none: LookUp = async () => [];

async function values(line: readonly string[], lookUp = none, program: Command = makeProgram()) {
  const found = await completionOf(program, line, lookUp);
  return typeof found === "string" ? found : found.map(({ value }) => value);
}

describe("completion of the command line", () => {
  it("offers commands, what stands below them, and their options, each once", async () => {
    assert.deepEqual(await values(["re"]), ["report", "release"]);
    assert.ok((await values([""])).includes("status") && !(await values([""])).includes("complete"));
    assert.ok((await values(["budget", ""])).includes("raise"));
    assert.ok((await values(["report", "--"])).includes("--since"));
    assert.deepEqual(await values(["report", "--by", "day", "--b"]), []);
    assert.deepEqual(await values(["run", "--tag", "a", "--t"]), ["--tag"]);
    assert.deepEqual(await values(["report", "--since", "7d", "--si"]), []);
  });

  it("offers the choices of an option and of an argument, also behind an equals sign", async () => {
    assert.deepEqual(await values(["budget", "set", "m", "5", "--window", "we"]), ["week"]);
    assert.deepEqual(await values(["report", "--by=mo"]), ["--by=month", "--by=model"]);
    assert.deepEqual(await values(["setup", "c"]), ["claude", "codex", "continue"]);
  });

  it("leaves files, folders and programs to the shell", async () => {
    assert.equal(await values(["export", "--out", ""]), "files");
    assert.equal(await values(["status", "--data-dir", "/t"]), "folders");
    assert.equal(await values(["run", "--budget", "2", "--", ""]), "commands");
    assert.equal(await values(["run", "claude", "--"]), "files");
  });

  it("asks for names that only the sidecar knows, of the provider that the line names", async () => {
    const asked: unknown[] = [];
    const lookUp: LookUp = async (...wanted) => {
      asked.push(wanted);
      return [{ value: "qwen3:0.6b", about: "" }];
    };
    assert.deepEqual(await values(["ask", "--provider", "ollama", "--model", "q"], lookUp), ["qwen3:0.6b"]);
    assert.deepEqual(await values(["prices", "show", "openai", "gpt"], lookUp), []);
    await values(["budget", "raise", ""], lookUp);
    await values(["pass", "revoke", "a", ""], lookUp);
    assert.deepEqual(asked, [
      ["models", "ollama"],
      ["models", "openai"],
      ["budgets", undefined],
      ["passes", undefined],
    ]);
  });

  it("knows nothing but arguments behind --", async () => {
    const program = new Command("p").addOption(new Option("--x <dir>")).argument("[dir]");
    assert.equal(await values(["--", ""], none, program), "folders");
    assert.equal(await values(["--", "--"], none, program), "folders");
  });

  it("has a script for each shell, which evaluates nothing of the line", () => {
    for (const shell of COMPLETING_SHELLS) {
      assert.ok(SCRIPTS[shell].includes("tollgate complete"), shell);
      assert.doesNotMatch(SCRIPTS[shell], /\beval\b|Invoke-Expression/);
    }
  });

  it("completes in bash: a model's name with a colon, a value behind =, and no command in the line is run", function () {
    if (spawnSync("bash", ["-c", "true"]).status !== 0) {
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), "tollgate-bash-"));
    const script = join(folder, "tollgate.bash");
    writeFileSync(script, SCRIPTS.bash);
    const complete = (line: string, answer: string) => {
      const stub = `tollgate() { printf '%s\\n' "$@" > ${folder}/words; printf -- '${answer}'; }`;
      const press = `COMP_LINE=$1; COMP_POINT=\${#1}; _tollgate; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const run = spawnSync("bash", ["--norc", "-c", `${stub}; source ${script}; ${press}`, "bash", line]);
      return run.stdout.toString().trim().split("\n");
    };
    try {
      assert.deepEqual(complete("tollgate ask --model qwen3:0", "qwen3:0.6b\\tollama\\n"), ["0.6b"]);
      assert.deepEqual(complete("tollgate report --by=mo", "--by=month\\t\\n--by=model\\t\\n"), ["month", "model"]);
      assert.deepEqual(complete("tollgate budget raise t", "team a\\tx\\n"), ["team\\ a"]);
      complete(`tollgate ask $(touch ${folder}/ran) `, "");
      assert.equal(spawnSync("ls", [join(folder, "ran")]).status === 0, false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("help", () => {
  it("of every command has an example", () => {
    const without: string[] = [];
    const visit = (command: Command, path: string) => {
      const below = command
        .createHelp()
        .visibleCommands(command)
        .filter((one) => one.name() !== "help");
      let help = "";
      command.configureOutput({
        writeOut: (text) => {
          help += text;
        },
      });
      command.outputHelp();
      if (below.length === 0 && !/\nExamples?:\n {2}\S/.test(help)) {
        without.push(path);
      }
      for (const one of below) {
        visit(one, `${path} ${one.name()}`);
      }
    };
    visit(makeProgram(), "tollgate");
    assert.deepEqual(without, []);
  });
});
