import assert from "node:assert/strict";
import fc from "fast-check";
import type { SqlJsStatic } from "sql.js";
import { LedgerDatabase, loadSqlite } from "../../src/ledger/database.ts";
import { DatabaseFile } from "../../src/ledger/databaseFile.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";

const PAGE = 4_096;

describe("the file of the books' database", () => {
  let sqlite: SqlJsStatic;
  let rows = 0;

  before(async () => {
    sqlite = await loadSqlite();
  });

  /** Each takes about a page. */
  const addRows = (database: LedgerDatabase, count: number) =>
    database.transaction(() => {
      for (let row = 0; row < count; row += 1) {
        rows += 1;
        database.run("INSERT INTO refusals (call_id, refusal) VALUES (?, ?)", [String(rows), "x".repeat(3_000)]);
      }
    });
  const rowsOf = (database: LedgerDatabase) => Number(database.get("SELECT COUNT(*) AS count FROM refusals")?.count);
  const written = async (database: LedgerDatabase, meanwhile = () => {}) => {
    const fs = new FakeFileSystem();
    const writing = database.writeTo(fs.createExclusively("/image"));
    meanwhile();
    await writing;
    const image = new LedgerDatabase(sqlite, fs.get("/image"));
    image.check("thorough");
    return image;
  };

  it("grows where it lies, until it has outgrown its room", () => {
    const empty = new sqlite.Database();
    empty.run("CREATE TABLE numbers (number)");
    const file = DatabaseFile.with(empty.export(), 20 * PAGE);
    assert.ok(file);
    const database = new sqlite.Database(file.image);
    const growsInPlace = (pages: number) => {
      const before = file.changes;
      database.run(`INSERT INTO numbers VALUES (zeroblob(${pages * PAGE}))`);
      return file.changes !== before;
    };
    assert.ok(growsInPlace(1));
    assert.ok(growsInPlace(10));
    // Its first page is written before it moves.
    growsInPlace(20);
    assert.ok(!growsInPlace(1));
  });

  it("makes room before it is needed, and goes on elsewhere where the system gives none", async () => {
    const file = DatabaseFile.with(new LedgerDatabase(sqlite, null).export());
    assert.ok(file);
    const database = new LedgerDatabase(sqlite, file);
    const growsInPlace = () => {
      addRows(database, 700);
      const before = file.changes;
      addRows(database, 1);
      return file.changes !== before;
    };
    for (let megabytes = 0; megabytes < 12; megabytes += 3) {
      assert.ok(growsInPlace());
    }
    const { resize } = ArrayBuffer.prototype;
    ArrayBuffer.prototype.resize = () => {
      throw new RangeError("no memory");
    };
    try {
      while (growsInPlace()) {}
      assert.equal(rowsOf(await written(database)), rowsOf(database));
    } finally {
      ArrayBuffer.prototype.resize = resize;
    }
  });

  it("is written as it was when that began, whatever changes meanwhile and whether or not it has outgrown its room", async () => {
    const rows = fc.integer({ min: 0, max: 200 });
    await fc.assert(
      fc.asyncProperty(rows, rows, rows, fc.integer({ min: 0, max: 300 }), async (first, second, third, roomPages) => {
        const database = LedgerDatabase.growing(sqlite, roomPages * PAGE);
        let expected = 0;
        for (const [before, during] of [
          [first, second],
          [second, third],
          [third, 0],
        ] as const) {
          addRows(database, before);
          expected += before;
          const image = await written(database, () => addRows(database, during));
          assert.equal(rowsOf(image), expected);
          expected += during;
          assert.equal(rowsOf(database), expected);
          image.close();
        }
        database.close();
      }),
      { numRuns: 20 },
    );
  });

  it("is written whole after a VACUUM has moved it", async () => {
    const database = LedgerDatabase.growing(sqlite);
    addRows(database, 300);
    database.run("DELETE FROM refusals WHERE call_id LIKE '%5%'");
    database.run("VACUUM");
    addRows(database, 10);
    assert.equal(rowsOf(await written(database)), rowsOf(database));
  });

  it("that the disk does not take fails where it is asked for, not where calls are booked", async () => {
    const fs = new FakeFileSystem();
    const database = LedgerDatabase.growing(sqlite);
    addRows(database, 300);
    const file = fs.createExclusively("/image");
    fs.capacity = 300_000;
    const writing = database.writeTo(file);
    addRows(database, 1);
    await assert.rejects(writing, { code: "ENOSPC" });
    fs.capacity = Number.POSITIVE_INFINITY;
    assert.equal(rowsOf(await written(database)), 301);
  });
});
