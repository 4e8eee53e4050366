import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withoutSecrets } from "../../src/domain/withoutSecrets.ts";
import { type Failure, FailureLog } from "../../src/sidecar/backends/failureLog.ts";

const FAILURE: Failure = {
  at: "2026-11-28T12:00:00.000Z",
  event: "call.failed",
  backend: "openai",
  model: "gpt-5-mini",
  errorType: "server_error",
  message: "The engine is overloaded",
  retryCount: 2,
  callId: "a",
  httpStatus: 503,
};

describe("the log of failures", () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "tollgate-failures-"));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const open = () => new FailureLog({ dataDir, now: () => 0, log: assert.fail });

  it("stays within two files of a megabyte, for this user alone, and keeps the newest", () => {
    const log = open();
    for (let count = 0; count < 12_000; count += 1) {
      log.write({ ...FAILURE, message: `failure ${count}` });
    }
    assert.deepEqual(readdirSync(dataDir).sort(), ["failures.1.jsonl", "failures.jsonl"]);
    for (const file of readdirSync(dataDir)) {
      const { size, mode } = statSync(join(dataDir, file));
      assert.ok(size <= 1024 * 1024, `${file}: ${size}`);
      assert.equal(mode & 0o077, 0);
    }
    assert.equal(open().lastOf("openai")?.message, "failure 11999", "after a restart, too");
  });

  it("is read past a line that a crash cut off", () => {
    open().write(FAILURE);
    appendFileSync(join(dataDir, "failures.jsonl"), '{"at":"2026-11-');
    assert.equal(open().lastOf("openai")?.message, FAILURE.message);
  });

  it("does not take a refused budget for a fault of the provider", () => {
    const log = open();
    log.write({ ...FAILURE, event: "call.refused" });
    assert.equal(log.lastOf("openai"), null);
  });

  it("keeps nothing secret", () => {
    for (const secret of [
      "sk-proj-abcDEF123456",
      "sk-ant-api03-planted",
      "AIzaSyA1234567890abcdefg",
      "AKIAIOSFODNN7EXAMPLE",
      "ghp_16C7e42F292c6912E7",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
      "Bearer planted-token",
      'api_key="planted1234"',
      "https://ana:planted@proxy.example/",
      "http://127.0.0.1:1/p/a1b2c3d4e5f6a7b8c9d0/openai/v1",
      "0123456789abcdef0123456789abcdef",
    ]) {
      open().write({ ...FAILURE, message: `It said ${secret}, and no more.` });
      const text = readFileSync(join(dataDir, "failures.jsonl"), "utf8");
      assert.ok(!/planted|abcDEF|AIza\w|AKIA\w|16C7e|hbGci|a1b2c3|0123456789abcdef/.test(text), `${secret}: ${text}`);
    }
  });
});

describe("a text without secrets", () => {
  it("leaves plain words as they are", () => {
    for (const text of [
      "The model `claude-haiku-4-5-20251001` does not exist or you do not have access to it.",
      "Incorrect API key provided.",
      "Rate limit reached on tokens per min (TPM): Limit 2000000, Used 2000000, Requested 12.",
      "127.0.0.1:8000 cannot be reached (ECONNREFUSED)",
    ]) {
      assert.equal(withoutSecrets(text), text);
    }
  });
});
