import type { SqlJsStatic } from "sql.js";
import type { Books } from "../books.ts";
import { CallKeys } from "../callKeys.ts";
import { callOfRow } from "../callRows.ts";
import { LedgerDatabase } from "../database.ts";
import { RollupBatch } from "../rollupBatch.ts";
import { type Finding, fault } from "./finding.ts";
import { CALLS, difference, RECORDS, REFUSALS, rowsOf, TOTALS } from "./tables.ts";

const BATCH = 10_000;

/** Compares the database's totals with its own calls, archived ones included. */
export function checkTotals(sqlite: SqlJsStatic, books: Books): Finding[] {
  const sums = new LedgerDatabase(sqlite, null);
  try {
    sumUp(books, sums);
    return TOTALS.flatMap((table) => {
      const told = difference(table, rowsOf(table, [sums]), rowsOf(table, [books.database]));
      return told === null ? [] : [fault(`The database's totals do not equal the calls it holds: ${told}.`)];
    });
  } finally {
    sums.close();
  }
}

/** Compares the database and its archives with a database that was made from the journal alone. */
export function checkAgainstJournal(books: Books, replayed: LedgerDatabase): Finding[] {
  const findings = (table: typeof CALLS, databases: Iterable<LedgerDatabase>) => {
    const told = difference(table, rowsOf(table, [replayed]), rowsOf(table, databases));
    return told === null ? [] : [fault(`The database differs from the journal: ${told}.`)];
  };
  return [
    ...[CALLS, REFUSALS].flatMap((table) => findings(table, databasesOf(books))),
    ...[...TOTALS, ...RECORDS].flatMap((table) => findings(table, [books.database])),
  ];
}

/** The books and each of their archives. */
export function* allBooks(books: Books): Generator<Books> {
  yield books;
  for (const archive of books.archives.all) {
    const archived = books.archives.open(archive);
    if (archived !== null) {
      yield archived;
    }
  }
}

function* databasesOf(books: Books): Generator<LedgerDatabase> {
  for (const { database } of allBooks(books)) {
    yield database;
  }
}

function sumUp(all: Books, sums: LedgerDatabase): void {
  const sumKeys = new CallKeys(sums);
  let batch = new RollupBatch();
  let gathered = 0;
  for (const { database, keys } of allBooks(all)) {
    database.each("SELECT * FROM call_rows", [], (row) => {
      const call = callOfRow(row, keys);
      batch.addCall(call, sumKeys.idOf(call), 1);
      gathered += 1;
      if (gathered % BATCH === 0) {
        batch.write(sums);
        batch = new RollupBatch();
      }
    });
  }
  batch.write(sums);
}
