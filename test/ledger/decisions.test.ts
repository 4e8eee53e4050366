import assert from "node:assert/strict";
import initSqlJs from "sql.js";
import type { Decision } from "../../src/domain/events.ts";
import { LedgerDatabase, loadSqlite } from "../../src/ledger/database.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { MIGRATIONS } from "../../src/ledger/schema.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { NOON } from "./samples.ts";

describe("decisions about budgets in the ledger", () => {
  let fs: FakeFileSystem;
  let ledger: Ledger;
  let clock: number;

  const open = () => Ledger.open({ dir: "/data", now: () => clock, fs });
  beforeEach(async () => {
    clock = NOON;
    fs = new FakeFileSystem();
    ledger = await open();
  });
  afterEach(() => ledger.close());

  const decide = async (id: string, kind: Decision["kind"], until: number | null = null, budget = "month") => {
    const decision: Decision = { id, budget, kind, limitNanoUsd: null, until, by: "ann", why: `for ${id}` };
    await ledger.append({ type: "budget.decided", decision });
    clock += 1;
    return decision;
  };
  /** What a start finds, from the snapshot and from the journal alone. */
  const restored = async (at: number): Promise<string[]> => {
    await ledger.close();
    ledger = await open();
    const fromSnapshot = ledger.activeDecisions(at).map(({ id }) => id);
    await ledger.close();
    fs.remove("/data/ledger.sqlite");
    fs.remove("/data/ledger.previous.sqlite");
    ledger = await open();
    assert.deepEqual(
      ledger.activeDecisions(at).map(({ id }) => id),
      fromSnapshot,
    );
    return fromSnapshot;
  };

  it("are found again at a start: a pause until it ends, whatever an earlier one said", async () => {
    await decide("for good", "pause");
    await decide("other", "pause", null, "day");
    await decide("an hour", "pause", NOON + 3_600_000);
    assert.deepEqual(await restored(NOON + 3_599_999), ["other", "an hour"]);
    assert.deepEqual(await restored(NOON + 3_600_000), ["other"]);
  });

  it("are found again at a start: a resume, so that no pause before it comes back", async () => {
    await decide("for good", "pause");
    await decide("over", "resume");
    assert.deepEqual(await restored(NOON + 1_000), ["over"]);
    await decide("once more", "pause", NOON + 5_000);
    assert.deepEqual(await restored(NOON + 1_000), ["once more"]);
  });

  it("end with their budget: the next one of its name inherits no pause and no allowance", async () => {
    await decide("paused", "pause");
    await decide("once", "allow-once");
    await decide("other", "pause", null, "day");
    await ledger.append({ type: "budget.changed", name: "month", budget: null, by: "ann" });
    assert.deepEqual(await restored(NOON), ["other"]);
  });

  it("are all told, newest first, with when, who and why", async () => {
    const first = await decide("first", "pause");
    const second = await decide("second", "resume");
    await decide("third", "allow-once");
    assert.deepEqual(
      ledger.decisions(2).map(({ id }) => id),
      ["third", "second"],
    );
    await ledger.append({ type: "budget.changed", name: "month", budget: null, by: "ann" });
    assert.deepEqual(ledger.decisions(10).slice(1), [
      { ...second, at: NOON + 1 },
      { ...first, at: NOON },
    ]);
  });

  it("of budgets that an earlier version has seen removed end with the move to the present database", async () => {
    const { Database } = await initSqlJs();
    const old = new Database();
    const before = 3;
    for (const step of MIGRATIONS.slice(0, before)) {
      old.exec(step);
    }
    old.run(`PRAGMA user_version = ${before}`);
    const decided = (seq: number, budget: string) =>
      old.run("INSERT INTO decisions (seq, at, id, budget, kind, by) VALUES (?, 0, 'd' || ?, ?, 'allow-once', 'ann')", [
        seq,
        seq,
        budget,
      ]);
    decided(1, "gone");
    decided(2, "kept");
    old.run(
      "INSERT INTO changes (seq, at, type, name, by, content) VALUES (3, 0, 'budget.changed', 'gone', 'ann', NULL)",
    );
    old.run(
      "INSERT INTO changes (seq, at, type, name, by, content) VALUES (4, 0, 'budget.changed', 'kept', 'ann', '{}')",
    );
    decided(5, "gone");
    const present = new LedgerDatabase(await loadSqlite(), old.export());
    assert.deepEqual(
      present.all("SELECT id FROM decisions WHERE spent = 0 ORDER BY seq").map(({ id }) => id),
      ["d2", "d5"],
    );
    present.close();
    old.close();
  });
});
