import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const START = join(import.meta.dirname, "..", "..", "scripts", "startDemo.ts");

describe("npm start", () => {
  let temp: string;

  beforeEach(async () => {
    temp = await mkdtemp(join(tmpdir(), "tollgate-start-"));
  });

  afterEach(() => rm(temp, { recursive: true, force: true }));

  it("brings up simulated providers and VS Code, and a check of it leaves nothing behind", async () => {
    const env = { ...process.env, TMPDIR: temp };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [START, "--check"], { env });
    assert.match(
      stdout,
      /OpenAI http:\/\/127\.0\.0\.1:\d+\/v1, Anthropic http:\/\/127\.0\.0\.1:\d+, vLLM http:\/\/127\.0\.0\.1:\d+\/v1/,
    );
    assert.match(stdout, /^ready$/m);
    assert.equal(stderr, "");
    assert.deepEqual(
      (await readdir(temp)).filter((name) => name.startsWith("tollgate-")),
      [],
    );
  });
});
