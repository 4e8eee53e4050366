import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import initSqlJs, { type Database, type SqlJsStatic, type SqlValue, type Statement } from "sql.js";
import { DatabaseFile } from "./databaseFile.ts";
import type { AppendFile } from "./fileSystem.ts";
import { ImageWriter } from "./imageWriter.ts";
import { LedgerError, newerError } from "./ledgerError.ts";
import { othersTurn } from "./othersTurn.ts";
import { MIGRATIONS } from "./schema.ts";

export type Row = Record<string, SqlValue>;

const engines = new Map<string, Promise<SqlJsStatic>>();

/**
 * Loads SQLite. `wasmPath` is its WebAssembly file; by default the one beside this bundle or, where there is none, the
 * installed package's.
 */
export function loadSqlite(wasmPath: string = defaultWasmPath()): Promise<SqlJsStatic> {
  let engine = engines.get(wasmPath);
  if (engine === undefined) {
    engine = startEngine(wasmPath);
    engine.catch(() => engines.delete(wasmPath));
    engines.set(wasmPath, engine);
  }
  return engine;
}

async function startEngine(wasmPath: string): Promise<SqlJsStatic> {
  let wasm: Buffer;
  try {
    wasm = readFileSync(wasmPath);
  } catch (error) {
    throw new LedgerError("missing-part", `Tollgate is not whole: ${wasmPath} is missing. Install it again.`, error);
  }
  return initSqlJs({
    wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer,
  });
}

function defaultWasmPath(): string {
  const beside = join(import.meta.dirname, "sql-wasm.wasm");
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve("sql.js/dist/sql-wasm.wasm");
}

/** The projection's database, in memory, with its statements prepared once. */
export class LedgerDatabase {
  readonly #sqlite: SqlJsStatic;
  readonly #statements = new Map<string, Statement>();
  #database: Database;
  /** Null where it has no room to grow in. */
  #file: DatabaseFile | null;
  /** Of the image that is being written. */
  #writer: ImageWriter | null = null;

  /**
   * Opens an image, or an empty database, and brings it to the present schema. What is to grow is opened as a `DatabaseFile`.
   * @throws LedgerError where it is newer
   */
  constructor(sqlite: SqlJsStatic, source: Uint8Array | DatabaseFile | null) {
    this.#sqlite = sqlite;
    this.#file = source instanceof DatabaseFile ? source : null;
    this.#database = new sqlite.Database(source instanceof DatabaseFile ? source.image : source);
    try {
      this.#set();
      this.#migrate();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** An empty one that is to grow, by at most so many bytes in place. */
  static growing(sqlite: SqlJsStatic, most?: number): LedgerDatabase {
    const empty = new LedgerDatabase(sqlite, null);
    const file = DatabaseFile.with(empty.export(), most);
    if (file === null) {
      return empty;
    }
    empty.close();
    return new LedgerDatabase(sqlite, file);
  }

  #set(): void {
    this.#database.run("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY");
  }

  #migrate(): void {
    const version = Number(this.get("PRAGMA user_version")?.user_version ?? 0);
    if (version > MIGRATIONS.length) {
      throw newerError("The ledger's database");
    }
    for (let step = version; step < MIGRATIONS.length; step += 1) {
      this.transaction(() => {
        this.#database.exec(MIGRATIONS[step] as string);
        this.#database.run(`PRAGMA user_version = ${step + 1}`);
      });
    }
  }

  /** Throws where the image is not a whole database; `quick` does not compare indexes with their tables. */
  check(how: "quick" | "thorough"): void {
    const row = this.get(how === "quick" ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)");
    const [found] = Object.values(row ?? {});
    if (found !== "ok") {
      throw new Error(`The database is damaged: ${String(found)}`);
    }
  }

  /** Runs a statement; returns the number of rows it changed. */
  run(sql: string, parameters: SqlValue[] = []): number {
    this.#writer?.writeRest();
    const statement = this.#prepared(sql);
    statement.run(parameters);
    return this.#database.getRowsModified();
  }

  all(sql: string, parameters: SqlValue[] = []): Row[] {
    const rows: Row[] = [];
    this.each(sql, parameters, (row) => rows.push(row));
    return rows;
  }

  /** Visits the rows one by one, where all of them together would be too many. */
  each(sql: string, parameters: SqlValue[], visit: (row: Row) => void): void {
    const statement = this.#prepared(sql);
    try {
      statement.bind(parameters);
      // `getAsObject` would read the names anew for each row, which costs more than the values.
      let names: readonly string[] | null = null;
      while (statement.step()) {
        names ??= statement.getColumnNames();
        visit(rowOf(names, statement.get()));
      }
    } finally {
      statement.reset();
    }
  }

  get(sql: string, parameters: SqlValue[] = []): Row | null {
    return this.all(sql, parameters)[0] ?? null;
  }

  /** All of it happens or nothing. */
  transaction<T>(work: () => T): T {
    this.#writer?.writeRest();
    this.#file?.growAhead();
    this.#database.run("BEGIN");
    try {
      const result = work();
      this.#database.run("COMMIT");
      return result;
    } catch (error) {
      this.#database.run("ROLLBACK");
      throw error;
    }
  }

  /** The database as a file that any SQLite opens. */
  export(): Uint8Array {
    return this.#database.export();
  }

  /** Whether a change would have to wait for the rest of an image. */
  get isBeingWritten(): boolean {
    return this.#writer !== null;
  }

  /**
   * Writes what `export` gives to an empty file, a piece a turn of the event loop; what changes the database meanwhile has the
   * rest written first. Gives the image's CRC-32. Fails as the file does.
   */
  async writeTo(file: AppendFile): Promise<number> {
    const writer = new ImageWriter(this.#liveFile() ?? this.export(), file);
    this.#writer = writer;
    while (!writer.isDone) {
      writer.writePiece();
      await othersTurn();
    }
    this.#writer = null;
    return writer.checksum;
  }

  /** Bytes of the file that it makes. */
  get size(): number {
    const { pages, size } =
      this.get("SELECT page_count AS pages, page_size AS size FROM pragma_page_count, pragma_page_size") ?? {};
    return Number(pages) * Number(size);
  }

  close(): void {
    this.#database.close();
    this.#statements.clear();
  }

  /** The file as it is between two transactions; null where there is no room. What has outgrown its room moves to a new one. */
  #liveFile(): Uint8Array | null {
    if (this.#file === null) {
      return null;
    }
    const before = this.#file.changes;
    this.#database.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
    if (this.#file.changes === before) {
      const image = this.export();
      this.close();
      this.#file = DatabaseFile.with(image);
      this.#database = new this.#sqlite.Database(this.#file?.image ?? image);
      this.#set();
    }
    return this.#file?.bytes(this.size) ?? null;
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function rowOf(names: readonly string[], values: readonly SqlValue[]): Row {
  const row: Row = {};
  for (let index = 0; index < names.length; index += 1) {
    row[names[index] as string] = values[index] as SqlValue;
  }
  return row;
}

/** A sum of money or tokens as SQLite gives it; beyond what a number holds exactly it stays at the greatest such number. */
export function wholeNumber(value: SqlValue | undefined): number {
  return Math.min(Number(value ?? 0), Number.MAX_SAFE_INTEGER);
}
