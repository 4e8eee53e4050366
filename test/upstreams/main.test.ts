import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

const start = async (...args: string[]) => {
  const main = path.join(import.meta.dirname, "main.ts");
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [main, ...args]);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, urls: JSON.parse(line) as Record<string, string>, exited: once(child, "exit") };
};

describe("the simulated providers as a program", () => {
  it("prints base URLs that answer, and leaves with 0 on SIGTERM", async () => {
    const { child, urls, exited } = await start();
    try {
      assert.deepEqual(Object.keys(urls), ["openai", "anthropic", "vllm", "google"]);
      assert.equal((await fetch(`${urls.vllm}/models`)).status, 200);
      assert.equal((await fetch(`${urls.openai}/models`)).status, 401);
      assert.equal((await fetch(`${urls.anthropic}/v1/models`)).status, 401);
      assert.equal((await fetch(`${urls.google}/v1beta/models`)).status, 403);
    } finally {
      child.kill("SIGTERM");
    }
    assert.deepEqual(await exited, [0, null]);
  });

  it("leaves with its standard input if asked to", async () => {
    const { child, exited } = await start("--exit-with-stdin");
    child.stdin.end();
    assert.deepEqual(await exited, [0, null]);
  });
});
