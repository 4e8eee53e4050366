import assert from "node:assert/strict";
import fc from "fast-check";
import { type BatchPrompt, promptsOf } from "../../../src/prompts/batch/batchFile.ts";
import { answered, type BatchResult, failed } from "../../../src/prompts/batch/batchResult.ts";
import { type BatchEnd, MOST_FAILURES_IN_A_ROW, runBatch } from "../../../src/prompts/batch/runBatch.ts";
import { PromptError, type PromptErrorKind } from "../../../src/prompts/promptError.ts";
import type { FallbackResult } from "../../../src/prompts/runWithFallback.ts";

const BACKEND = { provider: "openai", model: "m" };
const prompts = (count: number) =>
  promptsOf(Array.from({ length: count }, (_, at) => `prompt ${at}`).join("\n"), "x.txt");
const answer = (prompt: BatchPrompt): BatchResult => {
  const result = { text: "yes", callId: null, stopReason: "stop", cutByLimit: false, clampedOutput: null, attempts: 1 };
  return answered(prompt, { ...result, backend: BACKEND, standsInFor: null } satisfies FallbackResult, null);
};
const refusal = {
  reason: "budget" as const,
  budget: "month",
  window: "month",
  spentNanoUsd: 1,
  heldNanoUsd: 0,
  limitNanoUsd: 1,
  worstCaseNanoUsd: 1,
  neededNanoUsd: 1,
  leftNanoUsd: 0,
  resetsAt: null,
  message: "The budget month is spent.",
};
const spent = () => new PromptError("refused", "The budget month is spent.", { refusal });
const fault = (kind: PromptErrorKind = "provider-error") => new PromptError(kind, "Something failed.");

interface Seen {
  readonly end: BatchEnd;
  readonly results: readonly BatchResult[];
  readonly most: number;
  readonly asked: readonly number[];
}

/** Runs a batch of so many prompts, of which `ask` throws for some. */
async function run(
  count: number,
  concurrency: number,
  ask: (line: number) => void | Promise<void>,
  stop = new AbortController(),
): Promise<Seen> {
  const results: BatchResult[] = [];
  const asked: number[] = [];
  let [current, most] = [0, 0];
  const end = await runBatch({
    prompts: prompts(count),
    concurrency,
    stop: stop.signal,
    onResult: (result) => void results.push(result),
    ask: async (prompt) => {
      asked.push(prompt.line);
      current += 1;
      most = Math.max(most, current);
      try {
        await new Promise(setImmediate);
        await ask(prompt.line);
        return answer(prompt);
      } finally {
        current -= 1;
      }
    },
    failed: async (prompt, error) => failed(prompt, error, null),
  });
  return { end, results, most, asked };
}

describe("a batch of prompts", () => {
  it("asks each prompt once, no more at once than allowed, whatever fails", async () => {
    const plans = fc.record({
      failing: fc.array(fc.boolean(), { maxLength: 40 }),
      concurrency: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(plans, async ({ failing, concurrency }) => {
        // A failure is followed by an answer, so that there are never too many in a row.
        const fails = failing.map((one, at) => one && at % 3 === 0);
        const { end, results, most, asked } = await run(failing.length || 1, concurrency, (line) => {
          if (fails[line - 1]) throw fault();
        });
        const bad = fails.filter(Boolean).length;
        assert.deepEqual(
          asked.toSorted((a, b) => a - b),
          asked.map((_, at) => at + 1),
        );
        assert.ok(most <= concurrency);
        assert.deepEqual([end.failed, end.remaining, end.stoppedBy], [bad, 0, null]);
        assert.deepEqual(
          results.filter(({ status }) => status === "error").map(({ line }) => fails[line - 1]),
          Array(bad).fill(true),
        );
      }),
    );
  });

  it("stops at once where a budget is spent, keeps what is under way, and leaves what was refused for later", async () => {
    const { end, results, asked } = await run(30, 3, (line) => {
      if (line === 5) throw spent();
    });
    assert.ok(end.stoppedBy instanceof PromptError);
    assert.ok(asked.length <= 5 + 2, String(asked));
    assert.ok(!results.some(({ line }) => line === 5));
    assert.deepEqual([end.answered, end.failed, end.remaining], [asked.length - 1, 0, 30 - (asked.length - 1)]);
  });

  it("stops where nothing further would pass: a wrong key, or one failure after another", async () => {
    const wrong = await run(30, 1, () => {
      throw fault("key-wrong");
    });
    assert.deepEqual([wrong.asked.length, wrong.end.failed, wrong.end.remaining], [1, 0, 30]);
    const down = await run(MOST_FAILURES_IN_A_ROW + 10, 1, () => {
      throw fault("connection");
    });
    assert.deepEqual(
      [down.end.stoppedBy, down.end.failed, down.end.remaining],
      ["failures", MOST_FAILURES_IN_A_ROW, 10],
    );
    const unpriced = await run(3, 1, () => {
      throw new PromptError("refused", "No price.", { refusal: { ...refusal, reason: "unpriced" } });
    });
    assert.equal(unpriced.end.failed, 3, "another prompt may be for another model");
  });

  it("begins nothing once it is to stop, and lets what is under way come to its end", async () => {
    const stop = new AbortController();
    const { end, results } = await run(
      10,
      2,
      (line) => {
        if (line === 4) stop.abort();
      },
      stop,
    );
    assert.equal(end.stoppedBy, "stop");
    assert.equal(results.length, end.answered);
    assert.ok(results.some(({ line }) => line === 4) && end.answered <= 5);
  });

  it("pays for nothing that cannot be kept", async () => {
    let asked = 0;
    const full = new Error("the disk is full");
    const running = runBatch({
      prompts: prompts(20),
      concurrency: 2,
      stop: new AbortController().signal,
      onResult: () => {
        throw full;
      },
      ask: async (prompt) => {
        asked += 1;
        return answer(prompt);
      },
      failed: async (prompt, error) => failed(prompt, error, null),
    });
    await assert.rejects(running, full);
    assert.ok(asked <= 2, String(asked));
  });
});
