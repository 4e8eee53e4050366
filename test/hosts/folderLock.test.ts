import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "./folderLock.ts";

describe("The lock around an installation", () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tollgate-lock-"));
    path = join(folder, "install.lock");
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("lets one in at a time, and tells the others whom they wait for", async () => {
    let inside = 0;
    let most = 0;
    const waitedFor: number[] = [];
    const work = async (): Promise<void> => {
      inside++;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(path, (pid) => waitedFor.push(pid), work)));
    assert.equal(most, 1);
    assert.deepEqual(waitedFor, [process.pid, process.pid]);
  });

  it("is free again after a failure", async () => {
    await assert.rejects(
      withLock(
        path,
        () => {},
        () => Promise.reject(new Error("no disk")),
      ),
      /no disk/,
    );
    assert.equal(
      await withLock(
        path,
        () => {},
        () => Promise.resolve("in"),
      ),
      "in",
    );
  });

  it("is taken over from a process that is gone", async () => {
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    await writeFile(path, `${gone}\n`);
    assert.equal(
      await withLock(
        path,
        () => assert.fail("waited for the dead"),
        () => Promise.resolve("in"),
      ),
      "in",
    );
  });
});
