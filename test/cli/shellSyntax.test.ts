import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { assignment, shellOf } from "../../src/cli/shellSyntax.ts";

const AWKWARD = `it's "$HOME" \`id\` \\ %PATH% !x ; & | > ’quoted‘ \ttab`;

/** Prints a variable's value after a line of the profile, in each shell that may be on this machine. */
const SHELLS = [
  ["bash", "bash", ["-c"], 'printf %s "$V"'],
  ["zsh", "zsh", ["-c"], 'printf %s "$V"'],
  ["fish", "fish", ["-c"], 'printf %s "$V"'],
  ["powershell", "pwsh", ["-NoProfile", "-Command"], "[Console]::Out.Write($env:V)"],
] as const;

describe("lines for a shell's profile", () => {
  for (const [shell, program, options, print] of SHELLS) {
    it(`give ${shell} the value as it is`, function () {
      const line = assignment(shell, "V", AWKWARD);
      const { status, stdout, error } = spawnSync(program, [...options, `${line}\n${print}`], { encoding: "utf8" });
      if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
        this.skip();
      }
      assert.equal(status, 0);
      assert.equal(stdout, AWKWARD);
    });
  }

  it("are written in each shell's own syntax", () => {
    assert.equal(assignment("fish", "V", "it's \\"), "set -gx V 'it\\'s \\\\'");
    assert.equal(assignment("powershell", "V", "it's ’"), "$env:V = 'it''s ’’'");
    assert.equal(assignment("cmd", "V", "a & b"), 'set "V=a & b"');
    assert.equal(assignment("cmd", "V", 'a" & del b'), null, "what would end the quotes is not written");
  });

  it("are for the shell one works in", () => {
    assert.equal(shellOf({ SHELL: "/usr/bin/fish" }, "linux"), "fish");
    assert.equal(shellOf({}, "win32"), "powershell");
    assert.equal(shellOf({ SHELL: "/bin/dash" }, "linux"), "bash");
  });
});
