import assert from "node:assert/strict";
import initSqlJs from "sql.js";
import { LedgerDatabase, loadSqlite } from "../../src/ledger/database.ts";
import { FIGURES } from "../../src/ledger/figures.ts";
import { MIGRATIONS } from "../../src/ledger/schema.ts";

describe("a database of the first version", () => {
  it("keeps every total and latency when it is brought to the present one", async () => {
    const { Database } = await initSqlJs();
    const old = new Database();
    old.exec(MIGRATIONS[0] as string);
    old.run("PRAGMA user_version = 1");
    old.run("INSERT INTO call_keys (id, provider, model, requested_model, tags) VALUES (1, 'openai', 'a', 'a', '[]')");
    for (const table of ["rollups", "day_rollups"]) {
      for (const bucket of [0, 900_000]) {
        old.run(`INSERT INTO ${table} VALUES (${bucket}, 1, ${FIGURES.map((_, index) => index).join(", ")})`);
      }
    }
    old.run("INSERT INTO latencies VALUES (0, 1, 60, 3), (0, 1, 7, 2), (0, 1, 8, 0)");
    old.run("INSERT INTO day_latencies VALUES (900000, 1, 9, 4)");
    const present = new LedgerDatabase(await loadSqlite(), old.export());
    const rows = (table: string) =>
      present.all(`SELECT bucket, latencies, ${FIGURES.at(-1)} AS last FROM ${table} ORDER BY bucket`);
    assert.deepEqual(rows("rollups"), [
      { bucket: 0, latencies: '{"7":2,"60":3}', last: FIGURES.length - 1 },
      { bucket: 900_000, latencies: "{}", last: FIGURES.length - 1 },
    ]);
    assert.deepEqual(
      rows("day_rollups").map(({ latencies }) => latencies),
      ["{}", '{"9":4}'],
    );
    assert.deepEqual(present.get("PRAGMA user_version"), { user_version: MIGRATIONS.length });
    present.close();
    old.close();
  });
});
