import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { installedOf, LAUNCHED_TOOLS, writeLaunchers } from "../../src/extension/terminals/launchers.ts";

(process.platform === "win32" ? describe.skip : describe)("the programs that terminals start through the gate", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tollgate-launch-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** A program that says its name, its arguments, and where it was told to look for programs. */
  function program(folder: string, name: string): string {
    mkdirSync(join(root, folder), { recursive: true });
    const file = join(root, folder, name);
    const body = "console.log(JSON.stringify([process.argv.slice(2), process.env.PATH]))";
    writeFileSync(file, `#!${process.execPath}\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  }
  const launch = (environment: Record<string, string>, ...args: string[]) => {
    const ran = spawnSync(join(root, "it's own", "codex"), args, { env: environment, encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stderr);
    return JSON.parse(ran.stdout);
  };

  it("hand all that they are given to `tollgate run`, and are not found by it again", () => {
    const folder = join(root, "it's own");
    const cliPath = program("cli", "cli.cjs");
    writeLaunchers({ folder, nodePath: process.execPath, isElectron: false, cliPath }, ["codex"]);
    const rest = ["/usr/bin", "/bin"].join(delimiter);
    const environment = { PATH: [folder, rest].join(delimiter) };
    const args = ["exec", "two words", '"quoted" $HOME', "--project"];
    assert.deepEqual(launch(environment, ...args), [["run", "--", "codex", ...args], rest]);
    const project = { ...environment, TOLLGATE_PROJECT: "web shop" };
    assert.deepEqual(launch(project, ...args), [["run", "--project", "web shop", "--", "codex", ...args], rest]);
  });

  it("start the tool itself where Tollgate is gone", () => {
    const folder = join(root, "it's own");
    program("bin", "codex");
    const gone = { folder, nodePath: process.execPath, isElectron: false, cliPath: join(root, "gone.cjs") };
    writeLaunchers(gone, ["codex"]);
    const rest = [join(root, "bin"), "/usr/bin", "/bin"].join(delimiter);
    assert.deepEqual(launch({ PATH: [folder, rest].join(delimiter) }, "a b"), [["a b"], rest]);
  });

  it("are there for tools that are installed, and as long as they are wanted", () => {
    const folder = join(root, "own");
    const cliPath = program("cli", "cli.cjs");
    const launching = { folder, nodePath: process.execPath, isElectron: true, cliPath };
    writeLaunchers(launching, LAUNCHED_TOOLS);
    const searchPath = [folder, join(root, "bin"), join(root, "none")].join(delimiter);
    assert.deepEqual(installedOf(LAUNCHED_TOOLS, searchPath, folder), []);
    program("bin", "opencode");
    assert.deepEqual(installedOf(LAUNCHED_TOOLS, searchPath, folder), ["opencode"]);
    const before = statSync(join(folder, "opencode")).mtimeMs;
    writeLaunchers(launching, ["opencode"]);
    assert.equal(existsSync(join(folder, "codex")), false);
    assert.match(readFileSync(join(folder, "opencode"), "utf8"), /^ELECTRON_RUN_AS_NODE=1 exec /m);
    assert.equal(statSync(join(folder, "opencode")).mtimeMs, before);
  });
});
