import assert from "node:assert/strict";
import initSqlJs from "sql.js";
import type { Call } from "../../src/domain/call.ts";
import type { Books } from "../../src/ledger/books.ts";
import { LedgerDatabase, loadSqlite } from "../../src/ledger/database.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { lastAccrual, providerState } from "../../src/ledger/queries/compute.ts";
import { MIGRATIONS } from "../../src/ledger/schema.ts";
import { restoredState } from "../../src/sidecar/compute/restoredState.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { NOON, sampleCall } from "./samples.ts";

describe("a database of the first version", () => {
  it("keeps every total and latency when it is brought to the present one", async () => {
    const { Database } = await initSqlJs();
    const old = new Database();
    old.exec(MIGRATIONS[0] as string);
    old.run("PRAGMA user_version = 1");
    old.run("INSERT INTO call_keys (id, provider, model, requested_model, tags) VALUES (1, 'openai', 'a', 'a', '[]')");
    for (const table of ["rollups", "day_rollups"]) {
      for (const bucket of [0, 900_000]) {
        old.run(
          `INSERT INTO ${table} VALUES (${bucket}, 1, ${Array.from({ length: 19 }, (_, index) => index).join(", ")})`,
        );
      }
    }
    old.run("INSERT INTO latencies VALUES (0, 1, 60, 3), (0, 1, 7, 2), (0, 1, 8, 0)");
    old.run("INSERT INTO day_latencies VALUES (900000, 1, 9, 4)");
    const present = new LedgerDatabase(await loadSqlite(), old.export());
    const rows = (table: string) =>
      present.all(`SELECT bucket, latencies, first_token_calls AS last FROM ${table} ORDER BY bucket`);
    assert.deepEqual(rows("rollups"), [
      { bucket: 0, latencies: '{"7":2,"60":3}', last: 18 },
      { bucket: 900_000, latencies: "{}", last: 18 },
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

describe("books that were kept before calls had sessions and branches", () => {
  const BEFORE = MIGRATIONS.findIndex((step) => step.includes("session_id"));
  const AUGUST = Date.UTC(2026, 7, 5);

  /** Takes a database back to the step before: what only the present one has is left out. */
  async function older(image: Uint8Array): Promise<Uint8Array> {
    const { Database } = await initSqlJs();
    const [present, old] = [new Database(image), new Database()];
    for (const step of MIGRATIONS.slice(0, BEFORE)) {
      old.exec(step);
    }
    old.run(`PRAGMA user_version = ${BEFORE}`);
    const [tables] = old.exec("SELECT name FROM sqlite_master WHERE type = 'table'");
    for (const [table] of tables?.values ?? []) {
      const columns = (old.exec(`PRAGMA table_info(${table})`)[0]?.values ?? []).map(([, name]) => name);
      const rows = present.exec(`SELECT ${columns.join(", ")} FROM ${table}`)[0]?.values ?? [];
      for (const row of rows) {
        old.run(`INSERT INTO ${table} VALUES (${columns.map(() => "?").join(", ")})`, row);
      }
    }
    const result = old.export();
    present.close();
    old.close();
    return result;
  }

  it("are read as they are, archived months included, and go on as the same callers", async () => {
    const fs = new FakeFileSystem();
    const open = () => Ledger.open({ dir: "/data", now: () => NOON, fs });
    const book = (ledger: Ledger, id: string, at: number, parts: Partial<Call> = {}) =>
      ledger.append({ type: "call.settled", call: sampleCall({ id, at, ...parts }) });
    const first = await open();
    await book(first, "archived", AUGUST);
    await book(first, "a", NOON);
    await first.close();
    for (const path of ["/data/ledger.sqlite", "/data/archive/2026-08.sqlite"]) {
      fs.put(path, await older(fs.get(path)));
    }
    const ledger = await open();
    const { sessionId: _, branch: __, ...oldCall } = sampleCall({ id: "b", at: NOON });
    await ledger.append({ type: "call.settled", call: oldCall as Call });
    await book(ledger, "c", NOON, { sessionId: "s", branch: "main" });
    const calls = [...ledger.exportCalls(null, null)];
    assert.deepEqual(
      calls.map(({ id, sessionId, branch }) => [id, sessionId, branch]),
      [
        ["archived", null, null],
        ["a", null, null],
        ["b", null, null],
        ["c", "s", "main"],
      ],
    );
    assert.deepEqual(calls[0], sampleCall({ id: "archived", at: AUGUST }));
    const byKey = (by: "branch" | "session") =>
      ledger.summary(by, null, null, "UTC").groups.map((group) => [group.key, group.calls]);
    assert.deepEqual(byKey("branch"), [
      ["", 3],
      ["main", 1],
    ]);
    assert.deepEqual(byKey("session"), [
      ["", 3],
      ["s", 1],
    ]);
    await ledger.close();
    const database = new LedgerDatabase(await loadSqlite(), fs.get("/data/ledger.sqlite"));
    const keys = database.get("SELECT COUNT(*) AS keys FROM call_keys");
    database.close();
    assert.deepEqual(keys, { keys: 2 }, "who called before has no second number");
  });
});

describe("books that were kept before calls shared compute hours", () => {
  const BEFORE = MIGRATIONS.findIndex((step) => step.includes("open_intervals"));

  it("keep every hour that was charged, and are charged on from where they ended, exactly", async () => {
    const { Database } = await initSqlJs();
    const old = new Database();
    for (const step of MIGRATIONS.slice(0, BEFORE)) {
      old.exec(step);
    }
    old.run(`PRAGMA user_version = ${BEFORE}`);
    old.run("INSERT INTO compute_rollups (bucket, provider, cost_nano_usd, up_ms) VALUES (0, 'vllm', 7, 900000)");
    old.run("INSERT INTO last_accruals (provider, from_ms, to_ms, cost_nano_usd) VALUES ('vllm', 0, 900000, 7)");
    old.run("INSERT INTO provider_states (name, at, up, detail) VALUES ('vllm', 0, 1, 'answers /health')");
    const present = new LedgerDatabase(await loadSqlite(), old.export());
    old.close();
    assert.deepEqual(present.all("SELECT * FROM compute_rollups"), [
      {
        bucket: 0,
        provider: "vllm",
        cost_nano_usd: 7,
        up_ms: 900_000,
        shared_nano_usd: 0,
        rounded_ms: 0,
        busy_ms: 0,
        served_prompt_tokens: 0,
        served_output_tokens: 0,
      },
    ]);
    const books = { database: present } as unknown as Books;
    const { state, ahead } = restoredState(
      {
        lastAccrual: (provider) => lastAccrual(books, provider),
        providerState: (provider) => providerState(books, provider),
        lastBefore: null,
      },
      "vllm",
    );
    assert.deepEqual(state, {
      run: { startedAt: 0, ownStart: null },
      upUntil: 900_000,
      chargedUntil: 900_000,
      period: null,
      lookedAt: 900_000,
      unreachable: null,
    });
    assert.equal(ahead, 0);
    present.close();
  });

  it("are read from a journal of that time, too", async () => {
    const fs = new FakeFileSystem();
    const ledger = await Ledger.open({ dir: "/data", now: () => NOON, fs });
    const accrual = { provider: "vllm", from: NOON - 30_000, to: NOON, costNanoUsd: 1_333 };
    await ledger.append({ type: "compute.accrued", accrual });
    await ledger.append({
      type: "compute.accrued",
      accrual: { ...accrual, from: NOON, to: NOON + 30_000, kind: "up", run: null },
    });
    assert.equal(ledger.openIntervals().length, 1, "calls share nothing of what the older version charged");
    assert.equal(ledger.computeSums("vllm", null, null).upMs, 60_000);
    await ledger.close();
  });
});
