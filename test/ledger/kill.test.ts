import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Ledger } from "../../src/ledger/ledger.ts";
import { seededRandom } from "./fakeFileSystem.ts";
import { NOON } from "./samples.ts";

const ROUNDS = 10;

describe("kill -9 of a process that books", function () {
  this.timeout(180_000);
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "tollgate-kill-"));
  });

  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("loses no call that was acknowledged, counts none twice, and tells what was under way", async () => {
    const random = seededRandom(20_261_121);
    const acknowledged = new Set<string>();
    for (let round = 1; round <= ROUNDS; round += 1) {
      const killAfter = Math.floor(random() * 1_500);
      for (const id of await bookUntilKilled(round, killAfter)) {
        acknowledged.add(id);
      }
      const ledger = await Ledger.open({ dir, now: () => NOON });
      const calls = [...ledger.exportCalls(null, null)];
      const ids = new Set(calls.map(({ id }) => id));
      assert.equal(ids.size, calls.length, "none twice");
      assert.deepEqual(
        [...acknowledged].filter((id) => !ids.has(id)),
        [],
        "none lost",
      );
      assert.deepEqual(ledger.totals(null, null), {
        calls: calls.length,
        costNanoUsd: calls.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
      });
      assert.ok(ledger.openHolds().every(({ held }) => !ids.has(held.id)));
      assert.deepEqual(
        ledger.notices.filter((notice) => !notice.includes("nothing is missing")),
        [],
      );
      // Closing would write a snapshot; what follows a kill shall find one that is older than the journal, too.
      if (round % 2 === 0) {
        await ledger.close();
      } else {
        await ledger.flush();
      }
    }
    assert.ok(acknowledged.size > 1_000, `${acknowledged.size}`);
  });

  /** Ids that were acknowledged before the kill. */
  async function bookUntilKilled(round: number, killAfter: number): Promise<string[]> {
    const script = join(import.meta.dirname, "killedBooker.ts");
    const child = spawn(process.execPath, [script, dir, String(round)], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const ids: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (line !== "open") {
        ids.push(line);
      }
      if (line === "open" ? killAfter === 0 : ids.length === killAfter) {
        child.kill("SIGKILL");
      }
    }
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    // The last line may be half an id.
    return ids.filter((id) => /^\d+-\d+-\d+$/.test(id)).slice(0, -1);
  }
});
