import assert from "node:assert/strict";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerDatabase, loadSqlite } from "../../src/ledger/database.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { NOON, sampleCall, sampleHeld } from "../ledger/samples.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { CommandLine } from "./command.ts";

describe("tollgate doctor", function () {
  this.timeout(120_000);
  let dir: string;
  const tollgate = new CommandLine({});

  /** Books calls a to e, and leaves one under way; the database holds all, or what came before the last snapshot. */
  async function fill(snapshotAfter = "e"): Promise<void> {
    const ledger = await Ledger.open({ dir, now: () => NOON });
    for (const id of "abcde") {
      const at = NOON + id.charCodeAt(0) * 1_000_000;
      await ledger.append({ type: "call.settled", call: sampleCall({ id, at, costNanoUsd: 7 }) });
      if (id === snapshotAfter) {
        await ledger.snapshot();
      }
    }
    ledger.appendSoon({ type: "call.held", held: sampleHeld({ id: "open" }) });
    await ledger.flush();
  }
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "tollgate-doctor-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const segment = () => join(dir, "journal", "000000000001.jsonl");
  const damageCall = (id: string) =>
    writeFileSync(segment(), readFileSync(segment(), "utf8").replace(`"id":"${id}"`, '"id":"!"'));
  const doctor = async (...args: string[]) => {
    const { code, out, err } = await tollgate.run(["doctor", "--data-dir", dir, ...args]);
    return { code, out, err };
  };
  const report = async (...args: string[]) => {
    const { code, out } = await doctor("--json", ...args);
    return { code, ...JSON.parse(out) };
  };
  const faultsOf = (found: { findings: Array<{ kind: string; text: string }> }) =>
    found.findings.flatMap(({ kind, text }) => (kind === "fault" ? [text] : [])).join("\n");
  /** The last statement has to change something. */
  const change = async (...statements: string[]) => {
    const path = join(dir, "ledger.sqlite");
    const database = new LedgerDatabase(await loadSqlite(), readFileSync(path));
    const changed = statements.map((sql) => database.run(sql));
    assert.ok((changed.at(-1) ?? 0) > 0);
    writeFileSync(path, database.export());
    database.close();
  };
  const books = async () => {
    const ledger = await Ledger.open({ dir, now: () => NOON });
    const found = {
      ids: [...ledger.exportCalls(null, null)].map(({ id }) => id).join(""),
      ...ledger.totals(null, null),
    };
    await ledger.close();
    return found;
  };

  it("finds a sound folder sound, in plain words with counts, and changes nothing", async () => {
    await fill("c");
    const before = readdirSync(dir, { recursive: true });
    const { code, out } = await doctor();
    assert.match(
      out,
      /Checked 6 entries in 1 journal file, 5 calls, 0 archives, 1 open hold\.\n.*1 call under way.*\nSound/s,
    );
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(dir, { recursive: true }), before);
  });

  it("finds a damaged line in the middle; repair books anew what the database still knows of it", async () => {
    await fill();
    damageCall("c");
    const found = await report();
    assert.equal(found.code, 1);
    assert.match(faultsOf(found), /1 line of the journal file 000000000001\.jsonl cannot be read/);
    const repaired = await report("--repair");
    assert.equal(repaired.code, 0, JSON.stringify(repaired));
    assert.match(repaired.repaired.join(), /Booked 1 call anew/);
    assert.match(readFileSync(join(dir, "journal", "damaged-000000000001.txt"), "utf8"), /"id":"!"/);
    assert.equal((await report()).code, 0);
    for (const name of ["ledger.sqlite", "ledger.previous.sqlite"]) {
      rmSync(join(dir, name), { force: true });
    }
    assert.deepEqual(await books(), { ids: "abcde", costNanoUsd: 35, calls: 5 });
  });

  it("goes on without a line that nothing else knows, and says so from then on", async () => {
    await fill("a");
    damageCall("c");
    assert.equal((await report()).code, 1);
    const repaired = await report("--repair");
    assert.equal(repaired.code, 0, JSON.stringify(repaired));
    assert.match(JSON.stringify((await report()).findings), /known since it was copied/);
    assert.deepEqual(await books(), { ids: "abde", costNanoUsd: 28, calls: 4 });
  });

  for (const [what, sql, words] of [
    [
      "a total",
      "UPDATE rollups SET cost_nano_usd = cost_nano_usd + 1 WHERE bucket = (SELECT MIN(bucket) FROM rollups)",
      /totals do not equal the calls it holds: 1 quarter hour's total wrong/,
    ],
    ["a day's total", "UPDATE day_rollups SET calls = 9", /totals do not equal.*day/],
    [
      "a call's cost",
      "UPDATE call_rows SET cost_nano_usd = 1 WHERE id = 'b'",
      /differs from the journal: 1 call wrong/,
    ],
    ["a call", "DELETE FROM call_rows WHERE id = 'b'", /differs from the journal: 1 call missing/],
  ] as const) {
    it(`finds that ${what} was changed behind the ledger's back, and rebuilds the database, keeping the old one`, async () => {
      await fill();
      await change(sql);
      const found = await report();
      assert.equal(found.code, 1);
      assert.match(faultsOf(found), words);
      assert.equal((await report("--repair")).code, 0);
      assert.equal((await report()).code, 0);
      assert.deepEqual(await books(), { ids: "abcde", costNanoUsd: 35, calls: 5 });
      assert.ok(readdirSync(dir).some((name) => name.startsWith("ledger.sqlite.replaced-")));
    });
  }

  it("does not book anew what was only smuggled into the database", async () => {
    await fill();
    await change(
      "CREATE TEMP TABLE copied AS SELECT * FROM call_rows WHERE id = 'a'",
      "UPDATE copied SET seq = -1, id = 'smuggled'",
      "INSERT INTO call_rows SELECT * FROM copied",
    );
    assert.match(faultsOf(await report("--repair")), /1 call too many/);
    assert.equal((await books()).ids, "abcde");
  });

  it("finds damaged snapshots, and rebuilds them", async () => {
    await fill();
    writeFileSync(join(dir, "ledger.sqlite"), "no database");
    const found = await report();
    assert.equal(found.code, 1);
    assert.match(faultsOf(found), /ledger\.sqlite is damaged/);
    assert.equal((await report("--repair")).code, 0);
    assert.deepEqual(await books(), { ids: "abcde", costNanoUsd: 35, calls: 5 });
  });

  it("rebuilds nothing from a journal that lacks a file", async () => {
    await fill();
    await books();
    unlinkSync(segment());
    const found = await report("--repair");
    assert.equal(found.code, 1);
    assert.match(faultsOf(found), /000000000001\.jsonl is missing/);
    assert.equal((await books()).ids, "abcde");
  });

  it("finds files that other users may read, and closes them", async function () {
    if (process.platform === "win32") {
      this.skip();
    }
    await fill();
    chmodSync(segment(), 0o644);
    assert.match(faultsOf(await report()), /Other users .*000000000001\.jsonl/);
    assert.equal((await report("--repair")).code, 0);
    assert.equal(statSync(segment()).mode & 0o777, 0o600);
  });

  it("leaves a folder alone that a sidecar uses, and says which process that is", async () => {
    const sidecar = await RunningSidecar.start({ providers: {} }, { dataDir: dir });
    try {
      const { code, err } = await doctor("--repair");
      assert.equal(code, 1);
      assert.match(err, new RegExp(`process ${sidecar.pid}`));
    } finally {
      await sidecar.stop();
    }
    assert.equal((await report()).code, 0);
  });
});
