import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BatchPrompt, promptsOf } from "../../../src/prompts/batch/batchFile.ts";
import { FileOutput, StreamedOutput } from "../../../src/prompts/batch/batchOutput.ts";
import { type BatchResult, failed, resultsIn } from "../../../src/prompts/batch/batchResult.ts";

const prompts = (texts: string): BatchPrompt[] => promptsOf([...texts].join("\n"), "x.txt");
const answer = (prompt: BatchPrompt): BatchResult => ({
  ...failed(prompt, null, null),
  status: "ok",
  text: "yes",
  error: null,
});

describe("the output of a batch", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-output-"));
    path = join(folder, "a.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const linesOf = (file: string) =>
    resultsIn(readFileSync(file, "utf8")).map(({ line, status }) => `${line} ${status}`);

  it("is there as it comes, and in order at the end", () => {
    const [a, b, c] = prompts("abc") as [BatchPrompt, BatchPrompt, BatchPrompt];
    const output = new FileOutput(path, [a, b, c]);
    output.take(answer(c));
    output.take(failed(a, new Error("no"), null));
    assert.deepEqual(linesOf(path), ["3 ok", "1 error"]);
    output.close();
    assert.deepEqual(linesOf(path), ["1 error", "3 ok"]);
    const again = new FileOutput(path, [a, b, c]);
    assert.deepEqual([...again.done.keys()], [3]);
    again.take(answer(a));
    again.close();
    assert.deepEqual(linesOf(path), ["1 ok", "3 ok"]);
    assert.equal(existsSync(`${path}.old`), false);
  });

  it("keeps what was paid for, though its prompt is not in the file any more", () => {
    const output = new FileOutput(path, prompts("ab"));
    for (const prompt of prompts("ab")) output.take(answer(prompt));
    output.close();
    new FileOutput(path, prompts("xb")).close();
    assert.deepEqual([linesOf(path), linesOf(`${path}.old`)], [["2 ok"], ["1 ok", "2 ok"]]);
  });

  it("is written by one batch at a time, whatever another one that was killed left", () => {
    const output = new FileOutput(path, prompts("a"));
    assert.throws(
      () => new FileOutput(path, prompts("a")),
      new RegExp(`another batch, of process ${process.pid}, writes`),
    );
    output.close();
    writeFileSync(`${path}.lock`, "999999999");
    new FileOutput(path, prompts("a")).close();
    assert.equal(existsSync(`${path}.lock`), false);
  });

  it("is left alone where it holds something else", () => {
    writeFileSync(path, "my notes\n");
    assert.throws(() => new FileOutput(path, prompts("a")), /line 1 is no result of a batch/);
    assert.equal(readFileSync(path, "utf8"), "my notes\n");
    assert.equal(existsSync(`${path}.lock`), false);
  });

  it("goes to standard output in the order of the prompts, with gaps where a batch was stopped", () => {
    const [a, b, c] = prompts("abc") as [BatchPrompt, BatchPrompt, BatchPrompt];
    const written: number[] = [];
    const output = new StreamedOutput([a, b, c], (line) => written.push((JSON.parse(line) as BatchResult).line));
    output.take(answer(c));
    assert.deepEqual(written, []);
    output.take(answer(a));
    assert.deepEqual(written, [1]);
    output.close();
    assert.deepEqual(written, [1, 3]);
  });
});
